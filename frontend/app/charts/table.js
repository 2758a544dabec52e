/** @import {Bucket, Period} from '../../types/model' */
/** @import {Grid} from './grid.js' */
import Alpine from '../lib/alpine.js';
import { formatSpan } from '../format.js';
import { formatExactPeriod, formatPeriod } from '../format-period.js';
import { mountMarkup } from '../load-state.js';
import { loadMarkup } from '../views.js';
import { limitsOfBucket } from './grid.js';
import { KINDS } from './periods.js';

/** A table with the names of its columns. The keys of its rows are unique. @typedef {{title: string, columns: string[], rows: Row[]}} Table */
/** @typedef {{key: string, cells: {column: string, text: string}[]}} Row */
/** The columns of a table of values, and the texts of a bucket; null if it has no values. @typedef {{columns: string[], textsOf: (bucket: number) => string[] | null}} Columns */

const PERIOD_COLUMNS = ['Kind', 'From and to', 'Length'];

let markup = '';

/** Loads the markup of the tables. Views with a chart call it before. Rejects if the server does not answer. */
export async function loadTables() {
  markup = await loadMarkup('./charts/table.html');
}

/**
 * Shows the values of a chart as tables, which the user opens. Screen readers get the values from them.
 * @param {HTMLElement} element
 * @param {{readonly tables: Table[]}} chart
 */
export function mountTables(element, chart) {
  Alpine.addScopeToNode(element, Alpine.reactive({ isOpen: false, chart }));
  mountMarkup(element, markup);
}

/**
 * Returns the buckets with values as a table, newest first.
 * @param {string} title
 * @param {Grid} grid
 * @param {Columns} columns
 * @param {number} count of the buckets
 * @returns {Table}
 */
export function tableOf(title, grid, { columns, textsOf }, count) {
  const names = ['Time', ...columns];
  const rows = Array.from({ length: count }, (_, i) => count - 1 - i).flatMap((bucket) => {
    const { from, to } = limitsOfBucket(grid, bucket);
    const texts = textsOf(bucket);
    return texts ? [rowOf(String(from), names, [formatPeriod(from, to), ...texts])] : [];
  });
  return { title, columns: names, rows };
}

/**
 * Returns the periods of one or several monitors as a table, newest first.
 * @param {{period: Period, monitor?: string}[]} entries all with a name of the monitor, or none
 * @returns {Table}
 */
export function periodTable(entries) {
  const withMonitor = entries[0]?.monitor !== undefined;
  const columns = withMonitor ? ['Monitor', ...PERIOD_COLUMNS] : PERIOD_COLUMNS;
  const rows = entries
    .toSorted((a, b) => Date.parse(b.period.from) - Date.parse(a.period.from))
    .map(({ period: { from, to, kind }, monitor = '' }) => {
      const [start, end] = [Date.parse(from), Date.parse(to)];
      const texts = [KINDS[kind].name, formatExactPeriod(start, end), formatSpan(end - start)];
      return rowOf(`${from} ${kind} ${monitor}`, columns, withMonitor ? [monitor, ...texts] : texts);
    });
  return { title: 'Periods', columns, rows };
}

/**
 * @param {string} key
 * @param {string[]} columns
 * @param {string[]} texts
 * @returns {Row}
 */
function rowOf(key, columns, texts) {
  return { key, cells: texts.map((text, i) => ({ column: columns[i], text })) };
}

/** @param {Bucket | undefined} bucket */
export function hasChecks(bucket) {
  return bucket !== undefined && bucket.ok + bucket.error + bucket.failed > 0;
}
