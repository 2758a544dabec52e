/** @import {Bucket} from '../../types/model' */
/** @import {Grid} from './grid.js' */
import { formatPeriod } from '../format.js';
import { limitsOfBucket } from './grid.js';

/** The columns of a table, and the texts of a bucket; null if it has no values. @typedef {{columns: string[], textsOf: (bucket: number) => string[] | null}} Columns */

/** A table without rows. */
export const NO_TABLE = Object.freeze({ columns: [], rows: [] });

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
