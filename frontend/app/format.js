/** @import {Delivery, Exclusion, ListedMonitor, Monitor, Point, Result, Status} from '../types/model' */

/**
 * A status as it is shown: a word, and the class that gives it its shape and colour.
 * @typedef {{key: 'ok' | 'error' | 'failed' | 'pending' | 'disabled', label: string}} Badge
 */

/** @type {Record<Status, Badge>} */
const VERDICTS = {
  0: { key: 'ok', label: 'OK' },
  1: { key: 'error', label: 'Error' },
  2: { key: 'failed', label: 'Failed' },
};

/**
 * @param {Status} status
 * @returns {Badge}
 */
export function badgeOfStatus(status) {
  return VERDICTS[status] ?? VERDICTS[2];
}

/**
 * Why a result doesn't count, as it is shown beside the status.
 * @typedef {{key: Exclusion, label: string}} Mark
 */

/** @type {Record<Exclusion, Mark>} */
const MARKS = {
  maintenance: { key: 'maintenance', label: 'Maintenance' },
  blocked: { key: 'blocked', label: 'Blocked' },
};

/**
 * @param {Point | null | undefined} result
 * @returns {Mark | null} null for one that counts
 */
export function markOf(result) {
  return result?.excluded ? (MARKS[result.excluded] ?? null) : null;
}

/** @type {Record<Delivery['status'], Badge>} */
const DELIVERY_BADGES = {
  sent: { key: 'ok', label: 'Sent' },
  pending: { key: 'pending', label: 'Pending' },
  failed: { key: 'failed', label: 'Failed' },
};

/** @param {Delivery} delivery */
export function badgeOfDelivery({ status }) {
  return DELIVERY_BADGES[status];
}

/** @type {Record<string, string>} */
const CHANNELS = {
  email: 'E-mail',
  webhook: 'Webhook',
  slack: 'Slack',
  teams: 'Microsoft Teams',
  discord: 'Discord',
  pagerduty: 'PagerDuty',
};

/** @param {Delivery} delivery */
export function channelOf({ channel }) {
  return CHANNELS[channel] ?? channel;
}

/**
 * @param {Monitor} monitor
 * @param {Result | null | undefined} latest
 * @returns {Badge}
 */
export function badgeOf(monitor, latest) {
  if (!monitor.enabled) {
    return { key: 'disabled', label: 'Disabled' };
  }
  return latest ? badgeOfStatus(latest.status) : { key: 'pending', label: 'Not checked yet' };
}

const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** @param {number} value */
export function formatNumber(value) {
  return Math.abs(value) < 100 ? precise.format(value) : whole.format(value);
}

/**
 * The unit of a result's value: a number that the monitor took out of the response has none.
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
  // Rounded down: 100 % means that nothing was missed.
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
 * A mark on an axis of time: the day where the marks are days apart, else the time of day.
 * @param {number} time seconds since 1970
 * @param {number} step seconds from mark to mark
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
 * @returns {string} in its largest unit; empty below a second
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
 * Words for a screen reader in place of the bars of a history.
 * @param {Point[]} history
 */
export function describeHistory(history) {
  const count = (/** @type {Status} */ status) => history.filter((point) => point.status === status).length;
  const excluded = history.filter(markOf).length;
  const counts = `${count(0)} OK, ${count(1)} error, ${count(2)} failed${excluded ? `; ${excluded} not counted` : ''}`;
  return history.length ? `Last ${history.length} checks: ${counts}` : 'No checks yet';
}

/**
 * Some bars of a history of 30, as an SVG path in a box of 30 by 12: the worse, the taller.
 * @param {Point[]} history
 * @param {Status | 'excluded'} kind those of a status that count, or those that don't count
 */
export function historyPath(history, kind) {
  const first = 30 - history.length;
  return history
    .map((point, i) => ((markOf(point) ? 'excluded' : point.status) === kind ? bar(first + i, point.status) : ''))
    .join('');
}

/**
 * @param {number} place
 * @param {Status} status
 */
function bar(place, status) {
  return `M${place + 0.5} 12v${-{ 0: 5, 1: 8, 2: 12 }[status]}`;
}

/**
 * @param {readonly ListedMonitor[]} monitors
 * @returns {string} how many there are of each status
 */
export function summarize(monitors) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const monitor of monitors) {
    const { label } = badgeOf(monitor, monitor.latest);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return ['Failed', 'Error', 'OK', 'Not checked yet', 'Disabled']
    .filter((label) => counts.has(label))
    .map((label) => `${counts.get(label)} ${label === 'OK' ? label : label.toLowerCase()}`)
    .join(' · ');
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const short = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
});

/**
 * The whole date with its zone, to show on hover.
 * @param {string | number} date RFC 3339, or milliseconds since 1970
 */
export function formatExact(date) {
  return exact.format(new Date(date));
}

/**
 * The date in a list: without its year.
 * @param {string | number} date RFC 3339, or milliseconds since 1970
 */
export function formatShort(date) {
  return short.format(new Date(date));
}
