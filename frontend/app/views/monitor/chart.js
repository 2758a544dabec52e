/** @import {Bucket, Stats} from '../../../types/model' */
import uPlot from '../../lib/uplot.js';
import { formatTick, formatValue } from '../../format.js';
import { onThemeChange } from '../../theme.js';

/** A drag over less than this many pixels is a click. */
const LEAST_DRAG = 8;
const MARK = 14;
/** Below this many pixels per bucket the marks would touch. */
const MARK_ROOM = 16;

/**
 * The latency over time: the middle and the slow end of each bucket, and marks where checks went wrong. It follows its
 * element's size and the colour scheme.
 */
export class LatencyChart {
  #element;
  #on;
  /** @type {uPlot | null} */
  #plot = null;
  /** @type {(Bucket | null)[]} what each point of the chart stands for; null is a gap */
  #points = [];
  /** @type {Bucket[]} */
  #bad = [];
  /** @type {{from: number, to: number, step: number}} in seconds since 1970 */
  #span = { from: 0, to: 1, step: 1 };
  #unit = '';
  #colours = { text: '', line: '', middle: '', slow: '', error: '', failed: '' };
  #resized = new ResizeObserver(() => this.#fit());
  #unfollowTheme = onThemeChange(() => this.#make());

  /**
   * @param {HTMLElement} element
   * @param {{zoom: (from: number, to: number) => void, point: (bucket: Bucket | null) => void}} on what the reader does:
   *   drags over a time, in milliseconds since 1970; points at a bucket, or away
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
  draw({ from, to, buckets }, unit) {
    const step = buckets.length > 1 ? secondsOf(buckets[1].start) - secondsOf(buckets[0].start) : 1;
    this.#span = { from: secondsOf(from), to: secondsOf(to), step };
    this.#points = withGaps(buckets.filter((bucket) => total(bucket) > 0));
    this.#bad = buckets.filter((bucket) => bucket.error + bucket.failed > 0);
    if (this.#plot && unit === this.#unit) {
      this.#plot.setData(this.#data());
      return;
    }
    this.#unit = unit;
    this.#make();
  }

  destroy() {
    this.#resized.disconnect();
    this.#unfollowTheme();
    this.#plot?.destroy();
  }

  #make() {
    this.#plot?.destroy();
    this.#readColours();
    this.#plot = new uPlot(this.#options(), this.#data(), this.#element);
  }

  /** @returns {uPlot.AlignedData} */
  #data() {
    const { step, to } = this.#span;
    // A point stands in the middle of its bucket, a gap right after the point before it.
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

  /** Resolves the colours for the theme. */
  #readColours() {
    const probe = this.#element.appendChild(document.createElement('i'));
    const colour = (/** @type {string} */ name) => {
      probe.className = `chart-${name}`;
      return getComputedStyle(probe).color;
    };
    this.#colours = {
      text: colour('text'),
      line: colour('line'),
      middle: colour('middle'),
      slow: colour('slow'),
      error: colour('error'),
      failed: colour('failed'),
    };
    probe.remove();
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
          space: 80,
          values: (_u, ticks, _axis, _space, step) => ticks.map((tick) => formatTick(tick, step)),
        },
        { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => formatValue(tick, this.#unit)) },
      ],
      series: [{}, series(middle, []), series(slow, [6, 4])],
      hooks: {
        drawClear: [(plot) => this.#drawBad(plot)],
        setSelect: [(plot) => this.#onSelect(plot)],
        setCursor: [({ cursor }) => this.#on.point(typeof cursor.idx === 'number' ? this.#points[cursor.idx] : null)],
      },
    };
  }

  /** @param {uPlot} plot */
  #onSelect(plot) {
    const { left, width } = plot.select;
    if (width >= LEAST_DRAG) {
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.#on.zoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
    }
  }

  /**
   * Shades the buckets with bad checks and puts a mark above each, or above each run of them where they are narrow.
   * @param {uPlot} plot
   */
  #drawBad(plot) {
    const { ctx, bbox } = plot;
    const x = (/** @type {number} */ seconds) =>
      Math.min(Math.max(plot.valToPos(seconds, 'x', true), bbox.left), bbox.left + bbox.width);
    let marked = -Infinity;
    ctx.save();
    for (const bucket of this.#bad) {
      const left = x(secondsOf(bucket.start));
      const width = Math.max(x(secondsOf(bucket.start) + this.#span.step) - left, devicePixelRatio);
      ctx.fillStyle = bucket.failed ? this.#colours.failed : this.#colours.error;
      ctx.globalAlpha = 0.16;
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.globalAlpha = 1;
      const middle = left + width / 2;
      if (middle - marked >= MARK_ROOM * devicePixelRatio) {
        drawMark(ctx, bucket.failed > 0, middle, bbox.top + MARK * devicePixelRatio);
        marked = middle;
      }
    }
    ctx.restore();
  }
}

/**
 * A cross for failed checks, a triangle for those with an error: as in the badges.
 * @param {CanvasRenderingContext2D} ctx
 * @param {boolean} failed
 * @param {number} x
 * @param {number} y
 */
function drawMark(ctx, failed, x, y) {
  ctx.font = `bold ${MARK * devicePixelRatio}px sans-serif`;
  ctx.textAlign = 'center';
  ctx.fillText(failed ? '✕' : '▲', x, y);
}

/**
 * The buckets with a null wherever they are much farther apart than they mostly are: nobody checked in between.
 * @param {Bucket[]} buckets
 * @returns {(Bucket | null)[]}
 */
function withGaps(buckets) {
  const apart = buckets.map(({ start }, i) => (i ? secondsOf(start) - secondsOf(buckets[i - 1].start) : 0));
  const usual = apart.slice(1).sort((a, b) => a - b)[Math.floor((apart.length - 1) / 2)] ?? 0;
  return buckets.flatMap((bucket, i) => (apart[i] > 3 * usual ? [null, bucket] : [bucket]));
}

/** @param {Bucket} bucket */
function total({ ok, error, failed }) {
  return ok + error + failed;
}

/** @param {string} date RFC 3339 */
function secondsOf(date) {
  return Date.parse(date) / 1000;
}
