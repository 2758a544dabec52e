/** @import {BriefResult} from '../types/model' */

const significant = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const integer = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const twoDecimals = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
/** The units of lengths, in seconds. @type {[number, string][]} */
const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];
const hundredths = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });

/** @param {number} value */
export function formatNumber(value) {
  return Math.abs(value) < 100 ? significant.format(value) : integer.format(value);
}

/**
 * Formats a number of things, for example 1 monitor or 12 monitors.
 * @param {number} count
 * @param {string} noun in the singular; its plural has an s
 */
export function formatCount(count, noun) {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
}

const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });

/**
 * Formats a number in a few characters, for an axis.
 * @param {number} value
 */
export function formatCompact(value) {
  return compact.format(value);
}

/**
 * Returns the unit of a result's value. A number that a regular expression took from the response has no unit.
 * @param {BriefResult | null | undefined} result
 */
export function unitOf(result) {
  return typeof result?.outputs.regexMatch === 'number' ? '' : 'ms';
}

/**
 * Formats a value with its unit. A duration from a minute is in larger units.
 * @param {number | null | undefined} value
 * @param {string} unit
 */
export function formatValue(value, unit) {
  if (value === null || value === undefined) {
    return '–';
  }
  return unit === 'ms' && value >= 60_000 ? formatSpan(value) : `${formatNumber(value)} ${unit}`.trim();
}

/**
 * Formats the value of a result. A duration of 0 is unknown.
 * @param {BriefResult | null | undefined} result
 */
export function formatResult(result) {
  const unit = unitOf(result);
  const isKnown = result && result.status !== 2 && (result.value || !unit);
  return formatValue(isKnown ? result.value : null, unit);
}

/** @param {number | null | undefined} percent */
export function formatPercent(percent) {
  if (percent === null || percent === undefined) {
    return '–';
  }
  // Rounded down, so that 100 % is only shown if there was no downtime.
  return `${hundredths.format(Math.floor(percent * 100) / 100)} %`;
}

/**
 * Formats an uptime for a column: with two decimals, so that the points are aligned, except for 100 %.
 * @param {number | null | undefined} percent rounded down to hundredths
 */
export function formatUptime(percent) {
  return typeof percent === 'number' && percent < 100 ? `${twoDecimals.format(percent)} %` : formatPercent(percent);
}

/** @param {string | number} date RFC 3339, or milliseconds since 1970 */
export function formatDate(date) {
  return new Date(date).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** @param {string | number} date RFC 3339, or milliseconds since 1970 */
export function formatTime(date) {
  return new Date(date).toLocaleTimeString(undefined, { timeStyle: 'short' });
}

/**
 * Formats a date without seconds, without the day if that is today, and without the year if it is the current one.
 * @param {string} date
 * @param {number} now milliseconds since 1970
 */
export function formatMoment(date, now) {
  return new Date(date).toDateString() === new Date(now).toDateString() ? formatTime(date) : moment(new Date(date));
}

/**
 * @param {string} date
 * @param {number} now milliseconds since 1970
 */
export function formatAgo(date, now) {
  const time = formatLength(now - Date.parse(date));
  return time ? `${time} ago` : 'just now';
}

/**
 * @param {string} date
 * @param {number} now milliseconds since 1970
 */
export function formatFor(date, now) {
  return `for ${formatLength(now - Date.parse(date)) || '0 s'}`;
}

/**
 * @param {number} length in milliseconds
 * @returns {string} the length in its largest unit; empty below one second
 */
export function formatLength(length) {
  return partsOf(length)[0] ?? '';
}

/**
 * @param {number} length in milliseconds
 * @returns {string} the length in its two largest units, for example 1 h 12 min
 */
export function formatSpan(length) {
  return partsOf(length).slice(0, 2).join(' ') || '0 s';
}

/**
 * Returns the parts of a length, one for each unit, the largest first.
 * @param {number} length in milliseconds
 */
function partsOf(length) {
  let rest = Math.max(0, Math.floor(length / 1000));
  return UNITS.flatMap(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? [`${count} ${unit}`] : [];
  });
}

const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const moment = dateFormat({ month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' });
const short = dateFormat({ month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', second: '2-digit' });

/**
 * Returns a function that formats dates. It adds the year, unless it is the current one.
 * @param {Intl.DateTimeFormatOptions} options
 * @returns {(date: Date) => string}
 */
export function dateFormat(options) {
  const thisYear = new Intl.DateTimeFormat(undefined, options);
  const otherYear = new Intl.DateTimeFormat(undefined, { ...options, year: 'numeric' });
  return (date) => (date.getFullYear() === new Date().getFullYear() ? thisYear : otherYear).format(date);
}

/**
 * Formats a date with its weekday and time zone, for a tooltip.
 * @param {string | number} date RFC 3339, or milliseconds since 1970
 */
export function formatExact(date) {
  return full.format(new Date(date));
}

/**
 * Formats a date for a list. It has a year unless that is the current one.
 * @param {string | number} date RFC 3339, or milliseconds since 1970
 */
export function formatShort(date) {
  return short(new Date(date));
}
