/** @import {MonitorRange} from '../../range/range.js' */
/** @import {Line, Percentile} from './drawings.js' */
import { TimeChart } from '../../charts/chart.js';
import { KEYS } from '../../range/range-bar.js';
import { describeDowntime } from '../../uptime.js';
import { comparisonDrawing, describeLines, spanOf, titleOf } from './drawings.js';
import { drawStrip } from './strip.js';

/** The lines of the monitors whose values have the same unit. @typedef {{unit: string, title: string, lines: Line[]}} Group */

/**
 * One chart for each unit, usually one, with strips below it that show when the monitors were not OK.
 * @param {MonitorRange} range
 * @param {() => {lines: readonly Line[], percentile: Percentile}} shown returns what the charts show
 */
export function comparisonCharts(range, shown) {
  /** The charts by their unit. @type {Map<string, TimeChart>} */
  const charts = new Map();
  /** What each strip shows. @type {WeakMap<HTMLElement, {stats: object, from: number, to: number}>} */
  const strips = new WeakMap();
  /** What is drawn. @type {unknown[]} */
  let drawn = [];

  return {
    destroy() {
      charts.forEach((chart) => chart.destroy());
    },

    /** @returns {Group[]} */
    get groups() {
      /** @type {Map<string, Line[]>} */
      const byUnit = Map.groupBy(shown().lines, ({ unit }) => unit);
      return [...byUnit].map(([unit, lines]) => ({ unit, lines, title: unit ? 'Response time' : 'Value' }));
    },

    /** The name of what the charts show. */
    get title() {
      const { groups } = this;
      return groups.length > 1 ? 'Values' : (groups[0]?.title ?? 'Response time');
    },

    /**
     * @param {HTMLElement} element the container of a chart
     * @param {string} unit
     */
    mount(element, unit) {
      const describe = (/** @type {number} */ time, /** @type {number} */ around) => {
        const lines = this.groups.find((group) => group.unit === unit)?.lines ?? [];
        return describeLines(lines, shown().percentile, time, around);
      };
      charts.get(unit)?.destroy();
      charts.set(unit, new TimeChart(element, { zoom: (from, to) => range.zoomTo(from, to), describe }));
      drawn = [];
      this.draw();
    },

    /** Draws the charts if what they show has changed. */
    draw() {
      const { groups } = this;
      const { percentile } = shown();
      const lines = groups.flatMap((group) => group.lines);
      const shows = [percentile, ...lines.flatMap(({ number, unit, stats }) => [number, unit, stats])];
      if (shows.length !== drawn.length || shows.some((value, i) => value !== drawn[i])) {
        drawn = shows;
        groups.forEach(({ unit, lines }) => charts.get(unit)?.draw(comparisonDrawing(lines, percentile)));
      }
    },

    /** @param {number} number of the monitor whose line stays strong; 0 for all */
    highlight(number) {
      for (const { unit, lines } of this.groups) {
        const index = lines.findIndex((line) => line.number === number);
        charts.get(unit)?.highlight(index < 0 ? null : index);
      }
    },

    /**
     * @param {HTMLElement} element
     * @param {Line} line
     * @param {Line[]} lines of the same chart
     */
    drawStrip(element, { stats }, lines) {
      const { from, to } = spanOf(lines);
      const before = strips.get(element);
      if (before?.stats !== stats || before.from !== from || before.to !== to) {
        strips.set(element, { stats, from, to });
        drawStrip(element, stats, { from, to });
      }
    },

    /** The name of a chart for a screen reader. @param {Group} group */
    label({ title, lines }) {
      return `${title} chart of ${lines.map(titleOf).join(', ')}. ${KEYS} The values are listed below.`;
    },

    /** @param {Line} line */
    stripText({ name, stats }) {
      return `${name}: ${describeDowntime(stats) || 'uptime unknown'}`;
    },
  };
}
