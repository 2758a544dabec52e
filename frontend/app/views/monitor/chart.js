/** @import {Bucket, Period, Stats} from '../../../types/model' */
import uPlot from '../../lib/uplot.js';
import { dateFormat, formatTime, formatValue } from '../../format.js';
import { onThemeChange } from '../../theme.js';
import { drawPeriods } from './periods.js';

/** The minimum width of a drag, in pixels. A shorter one is a click. */
const MIN_DRAG = 8;
/** In seconds. */
const DAY = 86_400;
const formatDay = dateFormat({ month: 'short', day: 'numeric' });

/**
 * The latency over time: the median and the 95th percentile of each bucket, and the periods during which the monitor was
 * not OK. The chart follows the size of its element and the colour scheme.
 */
export class LatencyChart {
  #element;
  #on;
  /** @type {uPlot | null} */
  #plot = null;
  /** The bucket of each point of the chart; null is a gap. @type {(Bucket | null)[]} */
  #points = [];
  /** The periods during which the monitor was not OK. @type {Period[]} */
  #periods = [];
  /** The shown period in seconds since 1970, and the length of a bucket. @type {{from: number, to: number, step: number}} */
  #span = { from: 0, to: 1, step: 1 };
  #unit = '';
  #colours = { text: '', line: '', middle: '', slow: '', error: '', failed: '', ignored: '', unchecked: '' };
  #resized = new ResizeObserver(() => this.#fit());
  #unfollowTheme = onThemeChange(() => this.#create());

  /**
   * @param {HTMLElement} element
   * @param {{zoom: (from: number, to: number) => void, hover: (bucket: Bucket | null) => void}} on the handlers for a drag
   *   over a period, in milliseconds since 1970, and for the pointer over a bucket, or null outside of all buckets
   */
  constructor(element, on) {
    this.#element = element;
    this.#on = on;
    this.#resized.observe(element);
  }

  /**
   * @param {Stats} stats
   * @param {string} unit
   */
  draw({ from, to, buckets, periods }, unit) {
    const step = buckets.length > 1 ? secondsOf(buckets[1].start) - secondsOf(buckets[0].start) : 1;
    this.#span = { from: secondsOf(from), to: secondsOf(to), step };
    this.#points = withGaps(buckets.filter((bucket) => total(bucket) > 0));
    this.#periods = periods;
    if (this.#plot && unit === this.#unit) {
      this.#plot.setData(this.#data());
      return;
    }
    this.#unit = unit;
    this.#create();
  }

  destroy() {
    this.#resized.disconnect();
    this.#unfollowTheme();
    this.#plot?.destroy();
  }

  #create() {
    this.#plot?.destroy();
    this.#readColours();
    this.#plot = new uPlot(this.#options(), this.#data(), this.#element);
  }

  /** @returns {uPlot.AlignedData} */
  #data() {
    const { step, to } = this.#span;
    // A point is in the middle of its bucket, a gap right after the previous point.
    const timeOf = (/** @type {Bucket} */ { start }) => Math.min(secondsOf(start) + step / 2, to);
    const times = this.#points.map((point, i) =>
      point ? timeOf(point) : timeOf(/** @type {Bucket} */ (this.#points[i - 1])) + step / 4,
    );
    return [times, this.#points.map((point) => point?.p50 ?? null), this.#points.map((point) => point?.p95 ?? null)];
  }

  #size() {
    return { width: this.#element.clientWidth, height: this.#element.clientHeight };
  }

  #fit() {
    this.#plot?.setSize(this.#size());
  }

  /** Reads the colours of the current theme. */
  #readColours() {
    const sample = this.#element.appendChild(document.createElement('i'));
    const colour = (/** @type {string} */ name) => {
      sample.className = `chart-${name}`;
      return getComputedStyle(sample).color;
    };
    this.#colours = {
      text: colour('text'),
      line: colour('line'),
      middle: colour('middle'),
      slow: colour('slow'),
      error: colour('error'),
      failed: colour('failed'),
      ignored: colour('ignored'),
      unchecked: colour('unchecked'),
    };
    sample.remove();
  }

  /** @returns {uPlot.Options} */
  #options() {
    const { text, line, middle, slow } = this.#colours;
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const many = (/** @type {uPlot} */ plot) => plot.data[0].length > 60;
    const series = (/** @type {string} */ stroke, /** @type {number[]} */ dash) => ({
      stroke,
      width: 2,
      dash,
      points: { show: (/** @type {uPlot} */ plot) => !many(plot), size: 5, fill: stroke },
    });
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: { range: () => [this.#span.from, this.#span.to] },
        y: { range: (_, _low, high) => [0, high > 0 ? high * 1.15 : 1] },
      },
      axes: [
        {
          ...axis,
          gap: 10,
          space: 96,
          values: (_u, ticks, _axis, _space, step) => ticks.map((tick) => formatTick(tick, step)),
        },
        { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => formatValue(tick, this.#unit)) },
      ],
      series: [{}, series(middle, []), series(slow, [6, 4])],
      hooks: {
        drawClear: [(plot) => drawPeriods(plot, this.#periods, this.#colours)],
        setSelect: [(plot) => this.#onSelect(plot)],
        setCursor: [({ cursor }) => this.#on.hover(typeof cursor.idx === 'number' ? this.#points[cursor.idx] : null)],
      },
    };
  }

  /** @param {uPlot} plot */
  #onSelect(plot) {
    const { left, width } = plot.select;
    if (width >= MIN_DRAG) {
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.#on.zoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
    }
  }
}

/**
 * Formats a tick of the time axis: the day if the ticks are days apart, otherwise the time of day.
 * @param {number} time seconds since 1970
 * @param {number} step seconds between two ticks
 */
function formatTick(time, step) {
  return step >= DAY ? formatDay(new Date(time * 1000)) : formatTime(time * 1000);
}

/**
 * Inserts null between buckets that are more than three times farther apart than usual: there were no checks in between.
 * @param {Bucket[]} buckets
 * @returns {(Bucket | null)[]}
 */
function withGaps(buckets) {
  const distances = buckets.map(({ start }, i) => (i ? secondsOf(start) - secondsOf(buckets[i - 1].start) : 0));
  const usual = distances.slice(1).sort((a, b) => a - b)[Math.floor((distances.length - 1) / 2)] ?? 0;
  return buckets.flatMap((bucket, i) => (distances[i] > 3 * usual ? [null, bucket] : [bucket]));
}

/** @param {Bucket} bucket */
function total({ ok, error, failed }) {
  return ok + error + failed;
}

/** @param {string} date RFC 3339 */
function secondsOf(date) {
  return Date.parse(date) / 1000;
}
