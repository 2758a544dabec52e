/** @import {Period} from '../../types/model' */
/** @import {Tip} from './tooltip.js' */
/** @import {Threshold} from './thresholds.js' */
import uPlot from '../lib/uplot.js';
import { dateFormat, formatTime } from '../format.js';
import { onThemeChange } from '../theme.js';
import { LABEL_SPACE, drawLineLabels } from './line-labels.js';
import { markPeriods, shadePeriods } from './periods.js';
import { drawThresholds, highest } from './thresholds.js';
import { Tooltip } from './tooltip.js';
import { valueAxis } from './value-axis.js';

/**
 * A line of a chart, or an area. The colour is the name of a CSS variable. An area fills the chart with the given opacity,
 * down to the next series, or to zero. A label is a character at the end of the line.
 * @typedef {{
 *   values: readonly (number | null | undefined)[],
 *   colour: string,
 *   dash?: number[],
 *   area?: number,
 *   isHidden?: boolean,
 *   label?: string,
 * }} Series
 */

/**
 * What a chart shows. Times are seconds since 1970. A line has a gap where a value is null, and none where it is undefined.
 * @typedef {{
 *   from: number,
 *   to: number,
 *   times: readonly number[],
 *   series: readonly Series[],
 *   unit: string,
 *   periods: readonly Period[],
 *   thresholds: readonly Threshold[],
 * }} Drawing
 */

/**
 * The handlers of a chart: zoom for a drag over a period, and describe for the pointer at a time, with the number of
 * milliseconds around it that a pixel or two cover. Both take milliseconds since 1970. A small chart has fewer ticks.
 * @typedef {{
 *   zoom: (from: number, to: number) => void,
 *   describe: (time: number, around: number) => Tip | null,
 *   isSmall?: boolean,
 * }} Handlers
 */

/** The minimum width of a drag, in pixels. A shorter one is a click. */
const MIN_DRAG = 8;
/** How near the pointer must be to a period, in pixels. */
const NEAR = 2;
/** More points than this are not drawn as dots. */
const MAX_DOTS = 60;
const formatDay = dateFormat({ month: 'short', day: 'numeric' });

/** Values over time, with a tooltip. The chart follows the size of its element and the colour scheme. */
export class TimeChart {
  #element;
  #box;
  #on;
  #tooltip;
  /** @type {uPlot | null} */
  #plot = null;
  /** @type {Drawing | null} */
  #drawing = null;
  /** What the plot was created for; if it changes, the plot is created again. */
  #shape = '';
  /** @type {Record<string, string>} */
  #colours = {};
  #resized = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
  #unfollowTheme = onThemeChange(() => this.#create());

  /**
   * @param {HTMLElement} element
   * @param {Handlers} on
   */
  constructor(element, on) {
    this.#element = element;
    this.#on = on;
    this.#box = /** @type {HTMLElement} */ (element.parentElement);
    this.#tooltip = new Tooltip(this.#box);
    this.#resized.observe(element);
  }

  /** Whether the element is still in the page. */
  get isShown() {
    return this.#element.isConnected;
  }

  /** @param {Drawing} drawing */
  draw(drawing) {
    const shape = JSON.stringify([drawing.unit, drawing.series.map((series) => ({ ...series, values: null }))]);
    this.#drawing = drawing;
    if (this.#plot && shape === this.#shape) {
      this.#plot.setData(this.#data());
    } else {
      this.#shape = shape;
      this.#create();
    }
  }

  /**
   * Makes all lines but one paler.
   * @param {number | null} index of the series; null to show all alike
   */
  highlight(index) {
    this.#plot?.setSeries(index === null ? null : index + 1, { focus: true });
  }

  destroy() {
    this.#resized.disconnect();
    this.#unfollowTheme();
    this.#tooltip.destroy();
    this.#plot?.destroy();
  }

  #create() {
    if (this.#drawing) {
      this.#tooltip.hide();
      this.#plot?.destroy();
      this.#readColours(this.#drawing.series.map(({ colour }) => colour));
      this.#plot = new uPlot(this.#options(this.#drawing), this.#data(), this.#element);
    }
  }

  /** @returns {uPlot.AlignedData} */
  #data() {
    const { times, series } = /** @type {Drawing} */ (this.#drawing);
    return [[...times], ...series.map(({ values }) => [...values])];
  }

  #size() {
    return { width: this.#element.clientWidth, height: this.#element.clientHeight };
  }

  /**
   * Reads the colours of the current theme.
   * @param {string[]} names of the series
   */
  #readColours(names) {
    const sample = this.#element.appendChild(document.createElement('i'));
    const all = ['text', 'muted', 'line', 'card', 'accent', 'error', 'failed', ...names];
    this.#colours = Object.fromEntries(
      all.map((name) => {
        sample.style.color = `var(--${name})`;
        return [name, getComputedStyle(sample).color];
      }),
    );
    sample.remove();
  }

  /**
   * @param {Drawing} drawing
   * @returns {uPlot.Options}
   */
  #options({ series, unit }) {
    const areas = series.some(({ area }) => area);
    const shade = (/** @type {uPlot} */ plot) => shadePeriods(plot, this.#drawing?.periods ?? [], this.#colours);
    return {
      ...this.#size(),
      legend: { show: false },
      padding: series.some(({ label }) => label) ? [null, LABEL_SPACE, null, null] : undefined,
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: !areas } },
      scales: {
        x: { range: () => [this.#drawing?.from ?? 0, this.#drawing?.to ?? 1] },
        y: { range: (_, low, high) => this.#range(low ?? 0, high ?? 0) },
      },
      axes: this.#axes(unit),
      series: [{}, ...series.map((one) => this.#line(one))],
      bands: series.slice(0, -1).flatMap(({ area, colour }, i) => {
        const fill = withOpacity(this.#colours[colour], area ?? 0);
        return area ? [{ series: /** @type {uPlot.Band.Bounds} */ ([i + 1, i + 2]), fill }] : [];
      }),
      hooks: {
        // Areas would cover the periods.
        drawClear: areas ? [] : [shade],
        draw: [...(areas ? [shade] : []), (plot) => this.#drawMarks(plot)],
        setSelect: [(plot) => this.#onSelect(plot)],
        setCursor: [(plot) => this.#onCursor(plot)],
      },
    };
  }

  /**
   * @param {string} unit
   * @returns {uPlot.Axis[]}
   */
  #axes(unit) {
    const { muted, line } = this.#colours;
    const { isSmall } = this.#on;
    const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    return [
      {
        ...axis,
        gap: isSmall ? 6 : 10,
        size: isSmall ? 30 : 40,
        space: 96,
        values: (_, ticks) => ticks.map(formatTick),
      },
      { ...axis, ...valueAxis(unit, isSmall === true) },
    ];
  }

  /**
   * @param {Series} series
   * @returns {uPlot.Series}
   */
  #line({ colour, dash = [], area, isHidden }) {
    const stroke = this.#colours[colour];
    return {
      stroke,
      width: isHidden ? 0 : area ? 1 : 2,
      dash,
      fill: area && !isHidden ? withOpacity(stroke, area) : undefined,
      points: { show: (plot, i) => !isHidden && !area && countOf(plot.data[i]) <= MAX_DOTS, size: 5, fill: stroke },
    };
  }

  /**
   * Returns the limits of the value axis. They include thresholds that are not much higher than the values.
   * @param {number} low
   * @param {number} high
   * @returns {[number, number]}
   */
  #range(low, high) {
    const top = highest(this.#drawing?.thresholds ?? [], high);
    return [Math.min(0, low), top > 0 ? top * 1.15 : 1];
  }

  /** @param {uPlot} plot */
  #drawMarks(plot) {
    markPeriods(plot, this.#drawing?.periods ?? [], this.#colours);
    drawLineLabels(plot, this.#drawing?.series ?? [], this.#colours);
    // For what is aligned with the chart
    this.#box.style.setProperty('--plot-left', `${plot.over.offsetLeft}px`);
    this.#box.style.setProperty('--plot-width', `${plot.over.clientWidth}px`);
    const lines = drawThresholds(plot, this.#drawing?.thresholds ?? [], this.#colours);
    this.#element.dataset.thresholds = lines.join(' ');
  }

  /** @param {uPlot} plot */
  #onSelect(plot) {
    const { left, width } = plot.select;
    if (width >= MIN_DRAG) {
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.#on.zoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
    }
  }

  /** @param {uPlot} plot */
  #onCursor(plot) {
    const { left = -1, top = 0 } = plot.cursor;
    const time = (/** @type {number} */ at) => plot.posToVal(at, 'x') * 1000;
    const tip = left < 0 ? null : this.#on.describe(time(left), time(left + NEAR) - time(left));
    if (tip) {
      this.#tooltip.show(tip, plot.over.offsetLeft + left, plot.over.offsetTop + top);
    } else {
      this.#tooltip.hide();
    }
  }
}

/** @param {ArrayLike<number | null | undefined>} values */
function countOf(values) {
  return Array.from(values).filter((value) => typeof value === 'number').length;
}

/**
 * Formats a tick of the time axis: the day at its beginning, otherwise the time of day.
 * @param {number} time seconds since 1970
 */
function formatTick(time) {
  const date = new Date(time * 1000);
  return date.getHours() === 0 && date.getMinutes() === 0 ? formatDay(date) : formatTime(time * 1000);
}

/**
 * @param {string} colour such as rgb(0, 0, 0)
 * @param {number} opacity from 0 to 1
 */
function withOpacity(colour, opacity) {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${opacity})`);
}
