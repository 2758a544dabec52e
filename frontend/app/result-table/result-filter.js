/** @import {Result} from '../../types/model' */

/**
 * The filters of a table of results: a status and a time range, which is either a length up to now or, if it is custom, the
 * period between two local times. An empty value does not filter.
 * @typedef {{status: string, range: string, from: string, to: string}} ResultSettings
 */

const HOUR = 3_600_000;
/** The status parameter of the API for each choice. */
const STATUSES = /** @type {Record<string, string>} */ ({ ok: '0', error: '1', failed: '2', bad: '1,2' });
const HOURS = /** @type {Record<string, number>} */ ({ '1h': 1, '6h': 6, '24h': 24, '7d': 168, '30d': 720 });

/**
 * @param {URLSearchParams} params of the address
 * @returns {ResultSettings}
 */
export function settingsOf(params) {
  const status = params.get('status') ?? '';
  const range = params.get('range') ?? '';
  const from = localTime(params.get('from'));
  const to = localTime(params.get('to'));
  return {
    status: status in STATUSES ? status : '',
    range: from || to ? 'custom' : range in HOURS ? range : '',
    from,
    to,
  };
}

/**
 * Returns the settings as parameters of the page's address.
 * @param {ResultSettings} settings
 */
export function addressOf(settings) {
  const { status, range } = settings;
  return { status, range: range === 'custom' ? '' : range, ...boundsOf(settings) };
}

/**
 * Returns the settings as parameters of the API, relative to now.
 * @param {ResultSettings} settings
 * @param {number} now milliseconds since 1970
 */
export function queryOf(settings, now) {
  const hours = HOURS[settings.range];
  const { from, to } = boundsOf(settings);
  return {
    status: STATUSES[settings.status] ?? '',
    from: hours ? new Date(now - hours * HOUR).toISOString() : from,
    to,
  };
}

/**
 * Reports whether a new result passes the filters.
 * @param {ResultSettings} settings
 * @param {Result} result
 */
export function matches(settings, result) {
  const { from, to } = boundsOf(settings);
  const date = Date.parse(result.date);
  return (
    (settings.status === '' || STATUSES[settings.status].includes(String(result.status))) &&
    !(date < Date.parse(from)) &&
    !(date >= Date.parse(to))
  );
}

/** @param {ResultSettings} settings */
function boundsOf({ range, from, to }) {
  const bound = (/** @type {string} */ time) => (range === 'custom' && time ? new Date(time).toISOString() : '');
  return { from: bound(from), to: bound(to) };
}

/**
 * Converts a date of the page's address to the value of a datetime-local input.
 * @param {string | null} date RFC 3339
 */
function localTime(date) {
  const time = new Date(date ?? '');
  return Number.isNaN(time.getTime())
    ? ''
    : new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
