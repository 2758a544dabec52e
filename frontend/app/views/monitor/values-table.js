/** @import {Bucket, Stats} from '../../../types/model' */
/** @import {Grid} from './drawings.js' */
import { formatNumber, formatPeriod, formatValue } from '../../format.js';
import { PHASES, limitsOfBucket } from './drawings.js';

/** The columns of a table, and the texts of a bucket; null if it has no values. @typedef {{columns: string[], textsOf: (bucket: number) => string[] | null}} Columns */

/** A table without rows. */
export const NO_TABLE = Object.freeze({ columns: [], rows: [] });

/**
 * The response times.
 * @param {Stats} stats
 * @param {string} unit
 * @returns {Columns}
 */
export function valuesTable({ buckets }, unit) {
  return {
    columns: ['p50', 'p95', 'Checks'],
    textsOf(i) {
      const { p50, p95 } = buckets[i];
      return hasChecks(buckets[i]) ? [formatValue(p50, unit), formatValue(p95, unit), countsText(buckets[i])] : null;
    },
  };
}

/**
 * @param {(number | null)[][]} phases from DNS to read
 * @returns {Columns}
 */
export function phasesTable(phases) {
  return {
    columns: PHASES.map(({ name }) => name),
    textsOf: (i) => (phases[0][i] === null ? null : phases.map((phase) => formatValue(phase[i], 'ms'))),
  };
}

/**
 * Returns the buckets with values, newest first.
 * @param {Grid} grid
 * @param {Columns} columns
 * @param {number} count of the buckets
 */
export function tableOf(grid, { columns, textsOf }, count) {
  const rows = Array.from({ length: count }, (_, i) => count - 1 - i).flatMap((bucket) => {
    const { from, to } = limitsOfBucket(grid, bucket);
    const cells = textsOf(bucket)?.map((text, i) => ({ column: columns[i], text }));
    return cells ? [{ time: formatPeriod(from, to), key: from, cells }] : [];
  });
  return { columns, rows };
}

/** @param {Bucket | undefined} bucket */
export function hasChecks(bucket) {
  return bucket !== undefined && bucket.ok + bucket.error + bucket.failed > 0;
}

/** @param {Pick<Bucket, 'ok' | 'error' | 'failed'>} counts */
export function countsText({ ok, error, failed }) {
  return `${formatNumber(ok)} OK, ${formatNumber(error)} error, ${formatNumber(failed)} failed`;
}
