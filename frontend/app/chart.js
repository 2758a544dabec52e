/** @import {Bucket} from '../types/model' */
import uPlot from './lib/uplot.js';
import { formatDate, formatTick, formatValue } from './format.js';

const HEIGHT = 220;

/** The latency over time: the middle and the slow end of each bucket. It follows its element's width and the colour scheme. */
export class LatencyChart {
  #element;
  /** @type {uPlot | null} */
  #plot = null;
  /** @type {uPlot.AlignedData} */
  #data = [[], [], []];
  #unit = '';
  #resized = new ResizeObserver(() => this.#fit());
  #scheme = matchMedia('(prefers-color-scheme: dark)');
  #restyle = () => this.#make();

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
    this.#resized.observe(element);
    this.#scheme.addEventListener('change', this.#restyle);
  }

  /**
   * @param {Bucket[]} buckets
   * @param {string} unit
   */
  draw(buckets, unit) {
    this.#data = [
      buckets.map((bucket) => Date.parse(bucket.start) / 1000),
      buckets.map((bucket) => bucket.p50),
      buckets.map((bucket) => bucket.p95),
    ];
    if (this.#plot && unit === this.#unit) {
      this.#plot.setData(this.#data);
      return;
    }
    this.#unit = unit;
    this.#make();
  }

  destroy() {
    this.#resized.disconnect();
    this.#scheme.removeEventListener('change', this.#restyle);
    this.#plot?.destroy();
  }

  #make() {
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), this.#data, this.#element);
  }

  #fit() {
    this.#plot?.setSize({ width: this.#element.clientWidth, height: HEIGHT });
  }

  /** @returns {uPlot.Options} */
  #options() {
    const style = getComputedStyle(this.#element);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
    const series = (/** @type {string} */ label, /** @type {string} */ name, /** @type {number[]} */ dash) => ({
      label,
      stroke: colour(name),
      width: 2,
      dash,
      value: (/** @type {uPlot} */ _, /** @type {number | null} */ value) => formatValue(value, this.#unit),
    });
    return {
      width: this.#element.clientWidth,
      height: HEIGHT,
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: (_, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: [
        { ...axis, gap: 10, values: (_u, ticks, _axis, _space, step) => ticks.map((tick) => formatTick(tick, step)) },
        { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => formatValue(tick, this.#unit)) },
      ],
      series: [
        { label: 'From', value: (_, time) => (time ? formatDate(time * 1000) : '–') },
        series('p50', '--accent', []),
        series('p95', '--series', [6, 4]),
      ],
    };
  }
}
