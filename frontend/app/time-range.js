/**
 * A time range to filter by: a length up to now or, if it is custom, the period between two local times. Empty values do not
 * filter.
 * @typedef {{range: string, from: string, to: string}} TimeRange
 */

const HOUR = 3_600_000;
const HOURS = /** @type {Record<string, number>} */ ({ '1h': 1, '6h': 6, '24h': 24, '7d': 168, '30d': 720 });

/**
 * @param {URLSearchParams} params of the address
 * @returns {TimeRange}
 */
export function timeRangeOf(params) {
  const range = params.get('range') ?? '';
  const from = localTime(params.get('from'));
  const to = localTime(params.get('to'));
  return { range: from || to ? 'custom' : range in HOURS ? range : '', from, to };
}

/**
 * Returns the range as parameters of the page's address.
 * @param {TimeRange} time
 */
export function rangeAddress(time) {
  return { range: time.range === 'custom' ? '' : time.range, ...boundsOf(time) };
}

/**
 * Returns the limits of the range at the given time, in RFC 3339; empty without a limit.
 * @param {TimeRange} time
 * @param {number} now milliseconds since 1970
 */
export function limitsOf(time, now) {
  const hours = HOURS[time.range];
  const { from, to } = boundsOf(time);
  return { from: hours ? new Date(now - hours * HOUR).toISOString() : from, to };
}

/**
 * Returns the limits of a custom range, in RFC 3339; empty without a limit.
 * @param {TimeRange} time
 */
export function boundsOf({ range, from, to }) {
  const bound = (/** @type {string} */ time) => (range === 'custom' && time ? new Date(time).toISOString() : '');
  return { from: bound(from), to: bound(to) };
}

/**
 * Converts a date to the value of a datetime-local input; empty if it is not a date.
 * @param {string | number | null} date RFC 3339, or milliseconds since 1970
 */
export function localTime(date) {
  const time = new Date(date ?? '');
  return Number.isNaN(time.getTime())
    ? ''
    : new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
