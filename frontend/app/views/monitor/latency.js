/** @import {Spec} from '../../../types/model' */
/** @import {MonitorRange} from '../../range/range.js' */
/** @import {RangeStatistics} from './statistics.js' */
/** @import {OutputPanel} from './outputs.js' */
/** @import {Tip} from '../../charts/tooltip.js' */
import { TimeChart } from '../../charts/chart.js';
import { bucketAt, gridOf, gridOfOutputs, limitsOfBucket } from '../../charts/grid.js';
import { describePeriod, periodsIn } from '../../charts/periods.js';
import { hasChecks, mountTables, periodTable, tableOf } from '../../charts/table.js';
import { KEYS, onRangeKey } from '../../range/range-bar.js';
import { PHASES, latencyDrawing, phaseDrawing, phasesOf, thresholdOf } from './drawings.js';
import { countsText, phasesTable, valuesTable } from './values-table.js';
import { formatNumber, formatValue } from '../../format.js';
import { formatPeriod } from '../../format-period.js';

/** How many periods the tooltip describes. */
const MAX_PERIODS = 3;
const NO_COUNTS = { ok: 0, error: 0, failed: 0 };
/** The outputs that may be the value of a result: a number that a regular expression finds, which has no unit, or a time. */
const FOUND = ['regexMatch'];
const TIMES = ['respTime', 'avgRtt', 'duration'];

/**
 * The chart of the response times in the range, or of the phases of HTTP checks, and the figures below it.
 * @param {MonitorRange} range
 * @param {RangeStatistics} statistics
 * @param {OutputPanel} outputs
 * @param {URLSearchParams} params the initial settings
 */
export function latencyPanel(range, statistics, outputs, params) {
  /** @type {TimeChart | undefined} */
  let chart;

  return {
    /** The unit of the values. */
    unit: 'ms',
    /** Whether the phases are chosen. */
    showsPhases: params.get('chart') === 'phases',
    /** Whether the type of the monitor may have phases. */
    mayHavePhases: false,
    /** Whether the values are durations of the runs of a job. */
    isDuration: false,
    mountTables,

    destroy() {
      chart?.destroy();
    },

    /** @param {string} unit of the values */
    setUnit(unit) {
      const isNew = unit !== this.unit;
      this.unit = unit;
      outputs.values = unit ? TIMES : FOUND;
      if (isNew) {
        this.draw();
      }
    },

    /** @param {Spec | undefined} spec of the monitor's type */
    setSpec(spec) {
      const has = (/** @type {string} */ name) => spec?.outputs.some((output) => output.name === name) ?? false;
      this.isDuration = spec?.push ?? false;
      this.mayHavePhases = PHASES.every(({ output }) => !output || has(output));
    },

    /** @param {HTMLElement} element the container of the chart */
    mount(element) {
      chart?.destroy();
      chart = new TimeChart(element, {
        zoom: (from, to) => range.zoomTo(from, to),
        describe: (time, around) => (this.phases ? this.describePhases(time, around) : this.describe(time, around)),
      });
      this.draw();
    },

    draw() {
      const { stats } = statistics;
      const { data } = outputs;
      if (this.phases && data) {
        chart?.draw(phaseDrawing(data, this.phases, stats?.periods ?? [], this.thresholds));
      } else if (stats) {
        chart?.draw(latencyDrawing(stats, this.unit, this.thresholds));
      }
    },

    /** @param {boolean} showsPhases */
    show(showsPhases) {
      this.showsPhases = showsPhases;
      if (showsPhases) {
        outputs.want();
      }
      this.draw();
    },

    /** The settings as parameters of the page's address. */
    get address() {
      return { chart: this.showsPhases ? 'phases' : '' };
    },

    /** The averages of the phases if they are shown; null if not, or if there are none. */
    get phases() {
      return this.showsPhases ? phasesOf(outputs.data) : null;
    },

    /** The name of what the chart shows. */
    get title() {
      const name = this.isDuration ? 'Duration of the runs' : 'Response time';
      return this.unit ? name : (outputs.titleOf(FOUND[0]) ?? 'Value');
    },

    /** The thresholds of the rule for the shown values. */
    get thresholds() {
      const value = this.phases ? 'respTime' : outputs.valueOf(outputs.values);
      return outputs.thresholds.filter(({ output }) => output === value).map(thresholdOf);
    },

    /** @param {KeyboardEvent} event */
    onKey(event) {
      onRangeKey(range, event);
    },

    /** Whether the chart has nothing to show. */
    get isEmpty() {
      return statistics.stats !== null && !statistics.hasValues;
    },

    /** What the chart does not show; empty if it shows everything. */
    get note() {
      const count = statistics.stats?.omittedPeriods ?? 0;
      const { data } = outputs;
      return [
        count ? `Shorter periods that are not in the chart: ${formatNumber(count)}.` : '',
        this.showsPhases && data && !this.phases
          ? 'No check in this time range has recorded its phases, so the chart shows the response time.'
          : '',
        this.phases ? outputs.note : '',
        this.isDuration ? 'A run counts as 0 ms if the job has not reported its start.' : '',
      ]
        .filter(Boolean)
        .join(' ');
    },

    /** What the lines and areas of the chart are. Colours are CSS values. */
    get legend() {
      const series = this.phases
        ? PHASES.map(({ name, colour }) => ({ kind: 'area', text: name, colour: `var(--${colour})` }))
        : [
            { kind: 'line', text: 'p50 (median)', colour: 'var(--chart-1)' },
            { kind: 'line dashed', text: 'p95 (95 % are below)', colour: 'var(--chart-2)' },
          ];
      const rules = this.thresholds.map(({ label }) => ({
        kind: 'line dotted',
        text: `Rule: ${label}`,
        colour: 'var(--text)',
      }));
      return [...series, ...rules];
    },

    /** The name of the chart for a screen reader. */
    get label() {
      return `${this.title} chart. ${KEYS} The values are listed below.`;
    },

    /**
     * @param {number} time milliseconds since 1970
     * @param {number} around
     * @returns {Tip | null}
     */
    describe(time, around) {
      const { stats } = statistics;
      if (!stats) {
        return null;
      }
      const grid = gridOf(stats);
      const index = bucketAt(grid, time);
      const bucket = stats.buckets[index];
      const rows = [
        { name: 'p50', value: formatValue(bucket?.p50, this.unit), colour: 'chart-1' },
        { name: 'p95', value: formatValue(bucket?.p95, this.unit), colour: 'chart-2' },
        { name: 'Checks', value: countsText(bucket ?? NO_COUNTS) },
      ];
      return this.tip(
        limitsOfBucket(grid, index),
        hasChecks(bucket) ? rows : [{ name: 'No checks', value: '' }],
        time,
        around,
      );
    },

    /**
     * @param {number} time milliseconds since 1970
     * @param {number} around
     * @returns {Tip | null}
     */
    describePhases(time, around) {
      const { data } = outputs;
      const { phases } = this;
      if (!data || !phases) {
        return null;
      }
      const grid = gridOfOutputs(data);
      const index = bucketAt(grid, time);
      const values = phases.map((phase) => phase[index] ?? null);
      const sum = values[0] === null ? null : values.reduce((total, value) => (total ?? 0) + (value ?? 0), 0);
      const rows = PHASES.map(({ name, colour }, i) => ({
        name,
        colour,
        value: formatValue(values[i], 'ms'),
      })).reverse();
      return this.tip(
        limitsOfBucket(grid, index),
        [...rows, { name: 'Sum', value: formatValue(sum, 'ms') }],
        time,
        around,
      );
    },

    /**
     * Adds the periods at a time to a tooltip: every period that contains it, or is so near that the pointer touches it.
     * @param {{from: number, to: number}} bucket
     * @param {Tip['rows']} rows
     * @param {number} time
     * @param {number} around
     * @returns {Tip}
     */
    tip(bucket, rows, time, around) {
      const near = periodsIn(statistics.stats?.periods ?? [], time - around, time + around);
      const notes = near.slice(0, MAX_PERIODS).map((period) => ({ kind: period.kind, text: describePeriod(period) }));
      const more = near.length - notes.length;
      return {
        title: formatPeriod(bucket.from, bucket.to),
        rows,
        notes: more > 0 ? [...notes, { kind: '', text: `${more} more` }] : notes,
      };
    },

    /** The periods during which the monitor was not OK, and the values of the chart. */
    get tables() {
      const { stats } = statistics;
      const { data } = outputs;
      const { phases } = this;
      const tables = [periodTable((stats?.periods ?? []).map((period) => ({ period })))];
      if (phases && data) {
        tables.push(tableOf('Values', gridOfOutputs(data), phasesTable(phases), data.outputs[0].avg.length));
      } else if (stats) {
        tables.push(tableOf('Values', gridOf(stats), valuesTable(stats, this.unit), stats.buckets.length));
      }
      return tables.filter(({ rows }) => rows.length > 0);
    },

    /** The statistics of the range. */
    get figures() {
      const { stats } = statistics;
      const time = (/** @type {'avg' | 'p50' | 'p95' | 'p99' | 'min' | 'max'} */ name) =>
        formatValue(stats?.[name], this.unit);
      const counts = stats?.counts ?? NO_COUNTS;
      return [
        { name: 'Average', value: time('avg'), note: '' },
        { name: 'p50', value: time('p50'), note: 'median' },
        { name: 'p95', value: time('p95'), note: '95 % are below' },
        { name: 'p99', value: time('p99'), note: '99 % are below' },
        { name: 'Minimum', value: time('min'), note: '' },
        { name: 'Maximum', value: time('max'), note: '' },
        { name: 'Checks', value: formatNumber(counts.ok + counts.error + counts.failed), note: countsText(counts) },
      ];
    },
  };
}
