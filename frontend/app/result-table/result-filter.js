/** @import {Result} from '../../types/model' */
/** @import {TimeRange} from '../time-range.js' */
import { limitsOf, rangeAddress, timeRangeOf } from '../time-range.js';

/**
 * The filters of a table of results: a status and a time range. An empty value does not filter.
 * @typedef {{status: string} & TimeRange} ResultSettings
 */

const ID = /^[0-9a-f]{24}$/i;
/** The status parameter of the API for each choice. */
const STATUSES = /** @type {Record<string, string>} */ ({ ok: '0', error: '1', failed: '2', bad: '1,2' });

/**
 * @param {URLSearchParams} params of the address
 * @returns {ResultSettings}
 */
export function settingsOf(params) {
  const status = params.get('status') ?? '';
  return { status: status in STATUSES ? status : '', ...timeRangeOf(params) };
}

/**
 * Returns the settings as parameters of the page's address.
 * @param {ResultSettings} settings
 */
export function addressOf(settings) {
  return { status: settings.status, ...rangeAddress(settings) };
}

/**
 * Returns the settings as parameters of the API, relative to now.
 * @param {ResultSettings} settings
 * @param {number} now milliseconds since 1970
 */
export function queryOf(settings, now) {
  return { status: STATUSES[settings.status] ?? '', ...limitsOf(settings, now) };
}

/**
 * Reports whether a new result passes the filters.
 * @param {ResultSettings} settings
 * @param {{from: string, to: string}} limits of the time, in RFC 3339; empty without a limit
 * @param {Result} result
 */
export function matches(settings, { from, to }, result) {
  const date = Date.parse(result.date);
  return (
    (settings.status === '' || STATUSES[settings.status].includes(String(result.status))) &&
    !(date < Date.parse(from)) &&
    !(date >= Date.parse(to))
  );
}

/**
 * Returns the parameters of an address without those of a time range, which belong to the view.
 * @param {URLSearchParams} params
 */
export function withoutTime(params) {
  return new URLSearchParams([...params].filter(([name]) => !['range', 'from', 'to'].includes(name)));
}

/**
 * Returns the id of the monitor in an address; empty if there is none.
 * @param {URLSearchParams} params
 */
export function idOf(params) {
  const id = params.get('monitor') ?? '';
  return ID.test(id) ? id : '';
}

/**
 * Returns why a table has no rows.
 * @param {boolean} isChanges whether the table has status changes
 * @param {boolean} isFiltered
 * @param {ResultSettings} settings
 */
export function emptyText(isChanges, isFiltered, { status }) {
  if (isChanges) {
    return status ? 'No status changes match the filters.' : 'The status did not change in this period.';
  }
  return isFiltered ? 'No results match the filters.' : 'No results in this period.';
}
