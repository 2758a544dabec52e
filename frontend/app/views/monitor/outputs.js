/** @import {Output, Outputs, OutputSeries, Result, Spec} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {MonitorRange} from '../../range/range.js' */
/** @import {RangeStatistics} from './statistics.js' */
/** @import {Tip} from '../../charts/tooltip.js' */
import { messageOf } from '../../api.js';
import { TimeChart } from '../../charts/chart.js';
import { bucketAt, gridOfOutputs, limitsOfBucket } from '../../charts/grid.js';
import { describePeriod, periodsIn } from '../../charts/periods.js';
import { coalesce } from '../../coalesce.js';
import { PHASES, outputDrawing } from './drawings.js';
import { formatMoment, formatValue } from '../../format.js';
import { formatPeriod } from '../../format-period.js';

/** The minimum time between two reads because of new results, in milliseconds. */
const REFRESH = 60_000;
/** A duration from a minute is shown in larger units than ms. */
const MINUTE = 60_000;
/** How far below the window the charts may be when they are loaded, in pixels. */
const MARGIN = 300;
/** The units as the page shows them. */
const UNITS = /** @type {Record<string, string>} */ ({ percent: '%' });
const PHASE_OUTPUTS = PHASES.map(({ output }) => /** @type {string} */ (output));

/**
 * The numeric outputs of the results in the range, and the thresholds of the rule. They are read only while something shows
 * them: the phases, the charts below, or, once, the thresholds.
 * @param {Api} api
 * @param {string} id
 * @param {MonitorRange} range
 * @param {RangeStatistics} statistics
 */
export function outputPanel(api, id, range, statistics) {
  /** @type {Map<string, TimeChart>} */
  const charts = new Map();
  /** @type {IntersectionObserver | undefined} */
  let observer;
  let readAt = 0;
  /** The query of the range that was read last. */
  let readQuery = '';

  return {
    /** @type {Readonly<Outputs> | null} */
    data: null,
    error: '',
    /** The outputs that the monitor may have. @type {readonly Output[]} */
    expected: Object.freeze([]),
    /** The names of outputs that are the value of a result, which is in the chart above. @type {readonly string[]} */
    values: Object.freeze([]),
    /** The newest results of the monitor, newest first. @type {readonly Result[]} */
    results: Object.freeze([]),
    /** Whether the charts are in view or near it. */
    inView: false,
    /** Whether something else shows the outputs. */
    wanted: () => false,
    /** Called after the outputs have been read. */
    onRead: () => {},
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
    },

    destroy() {
      observer?.disconnect();
      this.inView = false;
      this.wanted = () => false;
      charts.forEach((chart) => chart.destroy());
    },

    async read() {
      const query = new URLSearchParams(range.query).toString();
      readAt = Date.now();
      try {
        const data = await api.json(`/monitors/${id}/outputs?${query}`);
        readQuery = query;
        this.data = Object.freeze(data);
        this.error = '';
        this.draw();
        this.onRead();
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    /** @param {Spec | undefined} spec of the monitor's type */
    setSpec(spec) {
      const isNumber = (/** @type {Output} */ { kind, ruleOnly }) => kind === 'number' && !ruleOnly;
      this.expected = Object.freeze(spec?.outputs.filter(isNumber) ?? []);
    },

    /** Reads the outputs of the range, unless they have been read. */
    want() {
      if (readQuery !== new URLSearchParams(range.query).toString()) {
        this.load();
      }
    },

    /** Reads the outputs again if something shows them, because the range has changed or there are new results. */
    follow() {
      if (this.inView || this.wanted()) {
        const isNew = readQuery !== new URLSearchParams(range.query).toString();
        if (isNew || Date.now() - readAt > REFRESH) {
          this.load();
        } else {
          this.draw();
        }
      }
    },

    /**
     * Loads the outputs when an element comes into view.
     * @param {HTMLElement} element
     */
    observe(element) {
      observer?.disconnect();
      observer = new IntersectionObserver(
        ([entry]) => {
          this.inView = entry.isIntersecting;
          if (this.inView) {
            this.want();
          }
        },
        { rootMargin: `${MARGIN}px` },
      );
      observer.observe(element);
    },

    /**
     * @param {HTMLElement} element the container of a chart
     * @param {string} name
     */
    mount(element, name) {
      charts.set(
        name,
        new TimeChart(element, {
          zoom: (from, to) => range.zoomTo(from, to),
          describe: (time, around) => this.describe(name, time, around),
          isSmall: true,
        }),
      );
      this.draw();
    },

    draw() {
      const { data } = this;
      for (const [name, chart] of charts) {
        const output = data?.outputs.find((other) => other.name === name);
        if (!chart.isShown) {
          chart.destroy();
          charts.delete(name);
        } else if (data && output) {
          chart.draw(outputDrawing(data, output, statistics.stats?.periods ?? []));
        }
      }
    },

    get thresholds() {
      return this.data?.thresholds ?? [];
    },

    /**
     * Returns the first of some names that the results contain.
     * @param {readonly string[]} names
     */
    valueOf(names) {
      return names.find((name) => this.data?.outputs.some((output) => output.name === name));
    },

    /** @param {string} name */
    titleOf(name) {
      return this.data?.outputs.find((output) => output.name === name)?.title;
    },

    /**
     * Returns the newest value; undefined if the range has ended.
     * @param {{name: string}} output
     */
    latestOf({ name }) {
      const values = this.results.map(({ outputs }) => outputs[name]);
      return range.isLive ? values.find((value) => typeof value === 'number') : undefined;
    },

    /** The outputs with a chart of their own. An output that may appear has its place until it is known. */
    get cards() {
      const all = this.data
        ? this.data.outputs.map((output) => ({
            ...titleOf(output),
            text: describeValues(output, this.latestOf(output)),
          }))
        : this.expected.map((output) => ({ ...titleOf(output), text: 'Loading…' }));
      return all.filter(({ name }) => !this.values.includes(name) && !PHASE_OUTPUTS.includes(name));
    },

    /** Whether the monitor may have other outputs. */
    get isExpected() {
      return this.cards.length > 0 || this.expected.some(({ name }) => !this.values.includes(name));
    },

    get isEmpty() {
      return this.data !== null && this.cards.length === 0;
    },

    /** What is special about the values; empty if nothing is. */
    get note() {
      const { available, sampled } = this.data ?? {};
      return [
        available ? `Older results have expired: values since ${formatMoment(available, api.now())}.` : '',
        sampled ? 'There are many results: the charts show a part of them.' : '',
      ]
        .filter(Boolean)
        .join(' ');
    },

    /**
     * @param {string} name
     * @param {number} time milliseconds since 1970
     * @param {number} around
     * @returns {Tip | null}
     */
    describe(name, time, around) {
      const { data } = this;
      const output = data?.outputs.find((other) => other.name === name);
      if (!data || !output) {
        return null;
      }
      const grid = gridOfOutputs(data);
      const index = bucketAt(grid, time);
      const { from, to } = limitsOfBucket(grid, index);
      const value = (/** @type {(number | null)[]} */ values) => formatValue(values[index], unitOf(output));
      const rows = [
        { name: 'Average', value: value(output.avg), colour: 'chart-1' },
        { name: 'Minimum', value: value(output.min) },
        { name: 'Maximum', value: value(output.max) },
      ];
      const near = periodsIn(statistics.stats?.periods ?? [], time - around, time + around);
      const notes = near.slice(0, 1).map((period) => ({ kind: period.kind, text: describePeriod(period) }));
      return { title: formatPeriod(from, to), rows, notes };
    },
  };
}

/** @typedef {ReturnType<typeof outputPanel>} OutputPanel */

/** @param {{unit?: string}} output */
function unitOf({ unit = '' }) {
  return UNITS[unit] ?? unit;
}

/** @param {{name: string, title?: string, unit?: string}} output */
function titleOf(output) {
  const unit = unitOf(output);
  const { name, title = name } = output;
  return { name, title: unit ? `${title} (${unit})` : title };
}

/**
 * Describes the values in words: the latest one, and the limits.
 * @param {OutputSeries} output
 * @param {number} [latest]
 */
function describeValues(output, latest) {
  const unit = unitOf(output);
  const numbers = (/** @type {(number | null)[]} */ values) => values.filter((value) => value !== null);
  const low = Math.min(...numbers(output.min));
  const high = Math.max(...numbers(output.max));
  const limits =
    low === high
      ? formatValue(high, unit)
      : `${formatValue(low, high < MINUTE || unit !== 'ms' ? '' : unit)} to ${formatValue(high, unit)}`;
  if (latest === undefined) {
    return limits;
  }
  const now = `Latest ${formatValue(latest, unit)}`;
  return low === high && low === latest ? now : `${now} · ${limits}`;
}
