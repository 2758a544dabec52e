/** @import {IgnoreReason, ListedMonitor, Point, Result, Status} from '../types/model' */

/**
 * The label of a status, and the CSS class that sets its symbol and colour.
 * @typedef {{key: 'ok' | 'error' | 'failed' | 'unchecked' | 'pending' | 'disabled', label: string}} Badge
 */

/** @type {Record<Status, Badge>} */
const STATUS_BADGES = {
  0: { key: 'ok', label: 'OK' },
  1: { key: 'error', label: 'Error' },
  2: { key: 'failed', label: 'Failed' },
};

/**
 * @param {Status} status
 * @returns {Badge}
 */
export function badgeOfStatus(status) {
  return STATUS_BADGES[status] ?? STATUS_BADGES[2];
}

/** @type {Badge & Mark} */
const UNCHECKED = { key: 'unchecked', label: 'Not checked' };

/**
 * The label next to a status: why the result is ignored, or that the monitor is not checked now.
 * @typedef {{key: IgnoreReason | 'unchecked', label: string}} Mark
 */

/** @type {Record<IgnoreReason, Mark>} */
const MARKS = {
  maintenance: { key: 'maintenance', label: 'Maintenance' },
  blocked: { key: 'blocked', label: 'Blocked' },
};

/**
 * @param {Point | null | undefined} result
 * @returns {Mark | null} null if the result counts
 */
export function markOf(result) {
  return result?.excluded ? (MARKS[result.excluded] ?? null) : null;
}

/**
 * Reports whether a monitor must be shown as not checked. A status that is not OK and counts is more important.
 * @param {ListedMonitor} monitor
 * @param {Result | null | undefined} latest
 */
export function isUnchecked({ notChecked }, latest) {
  return notChecked !== undefined && (!latest?.status || latest.excluded !== undefined);
}

/**
 * @param {ListedMonitor} monitor
 * @param {Result | null | undefined} latest
 * @returns {Badge}
 */
export function badgeOf(monitor, latest) {
  if (!monitor.enabled) {
    return { key: 'disabled', label: 'Disabled' };
  }
  if (isUnchecked(monitor, latest)) {
    return UNCHECKED;
  }
  return latest ? badgeOfStatus(latest.status) : { key: 'pending', label: 'Not checked yet' };
}

/**
 * Returns the label next to the status of a monitor.
 * @param {ListedMonitor} monitor
 * @param {Result | null | undefined} latest
 * @returns {Mark | null}
 */
export function markOfMonitor(monitor, latest) {
  if (!monitor.enabled) {
    return null;
  }
  return monitor.notChecked && !isUnchecked(monitor, latest) ? UNCHECKED : markOf(latest);
}

/**
 * Returns the start of the status that a monitor's badge shows; empty if it is unknown.
 * @param {ListedMonitor} monitor
 * @param {Result | null | undefined} latest
 */
export function sinceOf(monitor, latest) {
  const { enabled, notChecked, since } = monitor;
  return (enabled && (notChecked && isUnchecked(monitor, latest) ? notChecked.since : latest && since)) || '';
}

/**
 * Returns why a monitor is not checked after a result has arrived; undefined if it is checked again.
 * @param {ListedMonitor} monitor
 * @param {Result} result
 */
export function notCheckedAfter({ notChecked }, { date }) {
  return notChecked && Date.parse(date) > Date.parse(notChecked.since) ? undefined : notChecked;
}

const significant = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** @param {number} value */
export function formatNumber(value) {
  return Math.abs(value) < 100 ? significant.format(value) : integer.format(value);
}

/**
 * Returns the unit of a result's value. A number that a regular expression took from the response has no unit.
 * @param {Result | null | undefined} result
 */
export function unitOf(result) {
  return typeof result?.outputs.regexMatch === 'number' ? '' : 'ms';
}

/**
 * @param {number | null | undefined} value
 * @param {string} unit
 */
export function formatValue(value, unit) {
  return value === null || value === undefined ? '–' : `${formatNumber(value)} ${unit}`.trim();
}

/** @param {Result | null | undefined} result */
export function formatResult(result) {
  return formatValue(!result || result.status === 2 ? null : result.value, unitOf(result));
}

/** @param {number | null | undefined} percent */
export function formatPercent(percent) {
  if (percent === null || percent === undefined) {
    return '–';
  }
  // Rounded down, so that 100 % is only shown if there was no downtime.
  return `${Math.floor(percent * 100) / 100} %`;
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
 * Formats a date without its year and seconds, and without the day if that is today.
 * @param {string} date
 * @param {number} now milliseconds since 1970
 */
export function formatMoment(date, now) {
  return new Date(date).toDateString() === new Date(now).toDateString()
    ? formatTime(date)
    : moment.format(new Date(date));
}

/**
 * Formats a tick of a time axis: the day if the ticks are days apart, otherwise the time of day.
 * @param {number} time seconds since 1970
 * @param {number} step seconds between two ticks
 */
export function formatTick(time, step) {
  const date = new Date(time * 1000);
  return step >= 86_400
    ? date.toLocaleDateString(undefined, { month: 'short', day: 'numeric' })
    : date.toLocaleTimeString(undefined, { timeStyle: 'short' });
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
  const seconds = Math.floor(length / 1000);
  const steps = /** @type {const} */ ([
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ]);
  const step = steps.find(([length]) => seconds >= length);
  return step ? `${Math.floor(seconds / step[0])} ${step[1]}` : '';
}

/**
 * Describes the bars of a history for a screen reader.
 * @param {Point[]} history
 */
export function describeHistory(history) {
  const count = (/** @type {Status} */ status) => history.filter((point) => point.status === status).length;
  const ignored = history.filter(markOf).length;
  const counts = `${count(0)} OK, ${count(1)} error, ${count(2)} failed${ignored ? `; ${ignored} ignored` : ''}`;
  const { length } = history;
  return length ? `Last ${length} ${length === 1 ? 'check' : 'checks'}: ${counts}` : 'No checks yet';
}

/**
 * Returns the bars of one kind as an SVG path in a box of 30 by 12. A worse status has a taller bar.
 * @param {Point[]} history
 * @param {Status | 'excluded'} kind a status, for the results that count, or excluded for ignored results
 */
export function historyPath(history, kind) {
  const first = 30 - history.length;
  return history
    .map((point, i) => ((markOf(point) ? 'excluded' : point.status) === kind ? bar(first + i, point.status) : ''))
    .join('');
}

/**
 * @param {number} index
 * @param {Status} status
 */
function bar(index, status) {
  return `M${index + 0.5} 12v${-{ 0: 5, 1: 8, 2: 12 }[status]}`;
}

/**
 * Returns the number of monitors with each status as text.
 * @param {readonly ListedMonitor[]} monitors
 * @returns {string} for example 1 failed · 2 OK
 */
export function summarize(monitors) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const monitor of monitors) {
    const { label } = badgeOf(monitor, monitor.latest);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return ['Failed', 'Error', 'Not checked', 'OK', 'Not checked yet', 'Disabled']
    .filter((label) => counts.has(label))
    .map((label) => `${counts.get(label)} ${label === 'OK' ? label : label.toLowerCase()}`)
    .join(' · ');
}

const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const moment = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
});
const short = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
});

/**
 * Formats a date with its weekday and time zone, for a tooltip.
 * @param {string | number} date RFC 3339, or milliseconds since 1970
 */
export function formatExact(date) {
  return full.format(new Date(date));
}

/**
 * Formats a date without its year, for a list.
 * @param {string | number} date RFC 3339, or milliseconds since 1970
 */
export function formatShort(date) {
  return short.format(new Date(date));
}
