/** @import {Stats} from '../../../types/model' */
/** @import {Drawing} from '../../charts/chart.js' */
/** @import {Tip} from '../../charts/tooltip.js' */
import uPlot from '../../lib/uplot.js';
import { bucketAt, gridOf, limitsOfBucket, pointsOfStats } from '../../charts/grid.js';
import { describePeriod, periodsIn } from '../../charts/periods.js';
import { periodTable, tableOf } from '../../charts/table.js';
import { formatValue } from '../../format.js';
import { formatPeriod } from '../../format-period.js';

/** Which of the values of a bucket a chart shows. @typedef {'p50' | 'p95'} Percentile */

/**
 * A monitor with its statistics: its number, which is also that of its colour, its name, and the unit of its values.
 * @typedef {{number: number, name: string, unit: string, stats: Stats}} Line
 */

/** How many periods the tooltip describes. */
const MAX_PERIODS = 6;

/**
 * One line for each monitor, with its number at the end.
 * @param {readonly Line[]} lines at least one; all have the same unit
 * @param {Percentile} percentile
 * @returns {Drawing}
 */
export function comparisonDrawing(lines, percentile) {
  const tables = lines.map(({ stats }) => {
    const { times, pick } = pointsOfStats(stats);
    return /** @type {uPlot.AlignedData} */ ([times, pick(stats.buckets.map((bucket) => bucket[percentile]))]);
  });
  // Where another monitor has a point and this one has none, the value is undefined, which makes no gap in the line.
  const [times, ...values] = uPlot.join(tables);
  const series = lines.map(({ number }, i) => ({
    values: Array.from(values[i]),
    colour: colourOf(number),
    label: String(number),
  }));
  const { unit } = lines[0];
  return { ...spanOf(lines), times: Array.from(times), series, unit, periods: [], thresholds: [] };
}

/**
 * Returns the time that the statistics of all lines cover, in seconds since 1970.
 * @param {readonly Line[]} lines
 */
export function spanOf(lines) {
  const grids = lines.map(({ stats }) => gridOf(stats));
  return { from: Math.min(...grids.map(({ from }) => from)), to: Math.max(...grids.map(({ to }) => to)) };
}

/** Returns the name of the CSS variable of a colour. @param {number} number */
export function colourOf(number) {
  return `compare-${number}`;
}

/** @param {Pick<Line, 'number' | 'name'>} line */
export function titleOf({ number, name }) {
  return `${number} ${name}`;
}

/**
 * Returns the value of a monitor at a time.
 * @param {Line} line
 * @param {number} time milliseconds since 1970
 * @param {Percentile} percentile
 */
function valueAt({ stats, unit }, time, percentile) {
  return formatValue(stats.buckets[bucketAt(gridOf(stats), time)]?.[percentile], unit);
}

/**
 * Describes all monitors at a time: their values, and the periods that contain it or are near.
 * @param {readonly Line[]} lines
 * @param {Percentile} percentile
 * @param {number} time milliseconds since 1970
 * @param {number} around
 * @returns {Tip | null}
 */
export function describeLines(lines, percentile, time, around) {
  if (lines.length === 0) {
    return null;
  }
  const grid = finestGrid(lines);
  const { from, to } = limitsOfBucket(grid, bucketAt(grid, time));
  const rows = lines.map((line) => ({
    name: titleOf(line),
    value: valueAt(line, time, percentile),
    colour: colourOf(line.number),
  }));
  const near = lines.flatMap((line) =>
    periodsIn(line.stats.periods, time - around, time + around).map((period) => ({
      kind: period.kind,
      text: `${titleOf(line)}: ${describePeriod(period)}`,
    })),
  );
  const more = near.length - MAX_PERIODS;
  const notes = near.slice(0, MAX_PERIODS);
  return {
    title: formatPeriod(from, to),
    rows,
    notes: more > 0 ? [...notes, { kind: '', text: `${more} more` }] : notes,
  };
}

/**
 * The periods during which a monitor was not OK, and the values of all monitors.
 * @param {readonly Line[]} lines
 * @param {Percentile} percentile
 */
export function comparisonTables(lines, percentile) {
  if (lines.length === 0) {
    return [];
  }
  const grid = finestGrid(lines);
  const textsOf = (/** @type {number} */ bucket) => {
    const { from, to } = limitsOfBucket(grid, bucket);
    const texts = lines.map((line) => valueAt(line, (from + to) / 2, percentile));
    return texts.some((text) => text !== formatValue(null, '')) ? texts : null;
  };
  const count = Math.ceil((grid.to - grid.from) / grid.step);
  const values = tableOf(percentile, grid, { columns: lines.map(titleOf), textsOf }, count);
  const entries = lines.flatMap((line) => line.stats.periods.map((period) => ({ period, monitor: titleOf(line) })));
  return [periodTable(entries), values].filter(({ rows }) => rows.length > 0);
}

/**
 * Returns the buckets of the monitor that has the shortest ones. A monitor with very many results may have longer buckets.
 * @param {readonly Line[]} lines
 */
function finestGrid(lines) {
  return lines.map(({ stats }) => gridOf(stats)).reduce((a, b) => (b.step < a.step ? b : a));
}
