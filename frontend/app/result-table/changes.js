/** @import {ChangedResult, Result, Status} from '../../types/model' */
/** @import {Badge} from '../status.js' */
import { formatSpan } from '../format.js';
import { badgeOfStatus } from '../status.js';

/** A row of the table: a result, which may be one at which the status changed. @typedef {Result & Partial<ChangedResult>} Row */

const NAMES = /** @type {const} */ ({ 0: 'ok', 1: 'error', 2: 'failed' });
/** The badge of each status before a change. @type {Record<ChangedResult['previous'], Badge>} */
const PREVIOUS = {
  ok: badgeOfStatus(0),
  error: badgeOfStatus(1),
  failed: badgeOfStatus(2),
  unchecked: { key: 'unchecked', label: 'Not checked' },
};

/**
 * Returns the badge of the status before a change; null if the row is not a change.
 * @param {Row} row
 */
export function previousBadge({ previous }) {
  return previous ? PREVIOUS[previous] : null;
}

/**
 * Returns how long the status of a change lasted.
 * @param {Row} row
 * @param {number} now milliseconds since 1970
 */
export function lastedText({ date, until }, now) {
  const length = Date.parse(until ?? '') - Date.parse(date);
  return until ? formatSpan(length) : `${formatSpan(now - Date.parse(date))} so far`;
}

/**
 * Gives changes whose results have expired the fields of a result.
 * @param {Row[]} rows
 * @returns {Row[]}
 */
export function completeRows(rows) {
  const missing = { value: 0, message: '', monitor_name: '', monitor_target: '', outputs: {} };
  return rows.map((row) => (row.expired ? { ...missing, ...row, id: row.date } : row));
}

/** Finds the status changes among new results. */
export class ChangeFinder {
  /** The status of the newest known result; null if there is none. @type {Status | null} */
  #status = null;
  #date = 0;

  /**
   * Starts from the newest known result.
   * @param {Result | undefined} latest
   */
  start(latest) {
    this.#status = latest ? latest.status : null;
    this.#date = Date.parse(latest?.date ?? '') || 0;
  }

  /** Whether there is no result at all. */
  get isEmpty() {
    return this.#status === null;
  }

  /**
   * Returns the results at which the status changed, newest first. Ignores results that are older than a known one.
   * @param {Result[]} results
   * @returns {Row[]}
   */
  changesIn(results) {
    const byDate = results.toSorted((a, b) => Date.parse(a.date) - Date.parse(b.date));
    return byDate.flatMap((result) => this.#next(result)).reverse();
  }

  /**
   * @param {Result} result
   * @returns {Row[]}
   */
  #next(result) {
    const [status, date] = [this.#status, Date.parse(result.date)];
    if (date <= this.#date) {
      return [];
    }
    [this.#status, this.#date] = [result.status, date];
    return status === result.status ? [] : [{ ...result, previous: status === null ? 'unchecked' : NAMES[status] }];
  }
}

/**
 * Adds new changes to the rows, and the end of the status before each.
 * @param {readonly Row[]} rows newest first
 * @param {Row[]} changes newest first
 * @param {(row: Row) => boolean} isShown
 */
export function addChanges(rows, changes, isShown) {
  const list = [...rows];
  for (const change of changes.toReversed()) {
    if (list.length > 0 && !list[0].until) {
      list[0] = { ...list[0], until: change.date };
    }
    if (isShown(change)) {
      list.unshift(change);
    }
  }
  return list;
}
