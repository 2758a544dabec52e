/** @import {BriefResult, IgnoreReason, ListedMonitor, Point, Result, Status} from '../types/model' */
import { formatCount } from './format.js';

/**
 * The label of a status, and the name of its icon, which is also the CSS class that sets its colour.
 * @typedef {{key: 'ok' | 'error' | 'failed' | 'unchecked' | 'pending' | 'disabled' | 'warning' | IgnoreReason, label: string}} Badge
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
 * The label next to a status: why the result is ignored, a warning, or that the monitor is not checked now.
 * @typedef {{key: IgnoreReason | 'unchecked' | 'warning', label: string}} Mark
 */

/** @type {Record<IgnoreReason, Mark>} */
const MARKS = {
  maintenance: { key: 'maintenance', label: 'Maintenance' },
  blocked: { key: 'blocked', label: 'Blocked' },
};

export const WARNING = /** @type {const} */ ({ key: 'warning', label: 'Warning' });

/**
 * @param {Point | BriefResult | null | undefined} result an OK result with a message has a warning
 * @returns {Mark | null} null if the result counts and has no warning
 */
export function markOf(result) {
  if (result?.excluded) {
    return MARKS[result.excluded] ?? null;
  }
  return result?.status === 0 && (result.warning || ('message' in result && result.message)) ? WARNING : null;
}

/**
 * Returns why the latest result of a monitor, or the next one if maintenance has begun since, is ignored.
 * @param {ListedMonitor} monitor
 * @param {BriefResult | null | undefined} latest
 */
function ignoreReasonOf({ inMaintenance }, latest) {
  return inMaintenance ? 'maintenance' : latest?.excluded;
}

/**
 * Reports whether a monitor must be shown as not checked. A status that is not OK and counts is more important.
 * @param {ListedMonitor} monitor
 * @param {BriefResult | null | undefined} latest
 */
function isUnchecked(monitor, latest) {
  return monitor.notChecked !== undefined && (!latest?.status || ignoreReasonOf(monitor, latest) !== undefined);
}

/**
 * @param {ListedMonitor} monitor
 * @param {BriefResult | null | undefined} latest
 * @returns {Badge}
 */
export function badgeOf(monitor, latest) {
  if (!monitor.enabled) {
    return { key: 'disabled', label: 'Disabled' };
  }
  if (isUnchecked(monitor, latest)) {
    return UNCHECKED;
  }
  return latest
    ? badgeOfStatus(latest.status)
    : { key: 'pending', label: `${isPush(monitor) ? 'No result' : 'Not checked'} yet` };
}

/**
 * Returns the warning, or why the monitor is not OK or not checked; empty if it is OK without a warning or disabled.
 * @param {ListedMonitor} monitor
 */
export function problemOf({ enabled, latest, notChecked }) {
  return (enabled && (notChecked?.reason || latest?.message)) || '';
}

/** @param {{type: string}} monitor */
function isPush({ type }) {
  return type === 'push';
}

/**
 * Reports whether a runner can check the monitor on demand.
 * @param {ListedMonitor} monitor
 */
export function canCheck(monitor) {
  return monitor.enabled && !isPush(monitor);
}

/**
 * Returns the label next to the status of a monitor.
 * @param {ListedMonitor} monitor
 * @param {BriefResult | null | undefined} latest
 * @returns {Mark | null}
 */
export function markOfMonitor(monitor, latest) {
  if (!monitor.enabled) {
    return null;
  }
  const reason = ignoreReasonOf(monitor, latest);
  if (isUnchecked(monitor, latest)) {
    return reason ? MARKS[reason] : null;
  }
  return monitor.notChecked ? UNCHECKED : reason ? MARKS[reason] : markOf(latest);
}

/**
 * Returns the start of the status that a monitor's badge shows; empty if it is unknown.
 * @param {ListedMonitor} monitor
 * @param {BriefResult | null | undefined} latest
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

/**
 * Writes a status into an element whose first class is badge or mark.
 * @param {Element} element
 * @param {{key: string, label: string} | null | undefined} badge
 */
export function drawBadge(element, badge) {
  const { key, label } = badge ?? { key: '', label: '' };
  const className = `${element.classList[0]} ${key}`.trim();
  if (element.className !== className || element.textContent !== label) {
    element.className = className;
    element.replaceChildren(...(badge ? [newIcon(key), label] : []));
  }
}

/** @param {string} name */
export function newIcon(name) {
  const host = document.createElement('i');
  host.innerHTML = '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><use /></svg>';
  host.querySelector('use')?.setAttribute('href', `#icon-${name}`);
  return host.children[0];
}

/**
 * Describes the bars of a history for a screen reader.
 * @param {Point[]} history
 * @param {{type: string}} monitor
 */
export function describeHistory(history, monitor) {
  const count = (/** @type {Status} */ status) => history.filter((point) => point.status === status).length;
  const warnings = history.filter((point) => markOf(point) === WARNING).length;
  const ignored = history.filter(markOf).length - warnings;
  const notes = (warnings ? `; ${formatCount(warnings, 'warning')}` : '') + (ignored ? `; ${ignored} ignored` : '');
  const counts = `${count(0)} OK, ${count(1)} error, ${count(2)} failed${notes}`;
  const { length } = history;
  return length ? `Last ${formatCount(length, isPush(monitor) ? 'result' : 'check')}: ${counts}` : 'No results yet';
}

/** The bars of a history: the class of the path for each status, for ignored results, and for warnings. */
export const BARS = /** @type {const} */ (['ok', 'error', 'failed', 'excluded', 'warning']);
/** The smallest and the largest height of an OK bar. */
const MIN_HEIGHT = 4;
const MAX_HEIGHT = 13;

/**
 * Returns the bars of a history as SVG paths in a box of 30 by 24. The height of an OK bar shows the value, compared to the
 * largest one. An error is a taller bar with a gap, and a failure a solid bar of full height.
 * @param {readonly Point[]} history
 */
export function historyPaths(history) {
  const paths = { ok: '', error: '', failed: '', excluded: '', warning: '' };
  const largest = Math.max(...history.map(({ status, value }) => (status === 0 ? value : 0)), Number.MIN_VALUE);
  history.forEach((point, i) => {
    const mark = markOf(point);
    const kind = mark === WARNING ? WARNING.key : mark ? 'excluded' : BARS[point.status];
    paths[kind] += `M${30 - history.length + i}.5 24${barOf(point, largest)}`;
  });
  return paths;
}

/**
 * @param {Point} point
 * @param {number} largest the largest value of an OK result
 */
function barOf({ status, value }, largest) {
  const height = MIN_HEIGHT + (MAX_HEIGHT - MIN_HEIGHT) * Math.max(0, value / largest);
  return { 0: `v${-Math.round(height * 10) / 10}`, 1: 'v-11m0-3v-5', 2: 'v-24' }[status];
}

/**
 * What a monitor is counted as, the worst first. A monitor in maintenance or blocked by its dependency may not be OK, but its
 * results are ignored. Every view counts in the same way.
 */
export const KINDS = /** @type {const} */ ([
  { key: 'failed', label: 'Failed' },
  { key: 'error', label: 'Error' },
  { key: 'unchecked', label: 'Not checked' },
  WARNING,
  { key: 'maintenance', label: 'In maintenance' },
  { key: 'blocked', label: 'Blocked' },
  { key: 'ok', label: 'OK' },
  { key: 'pending', label: 'Without result' },
  { key: 'disabled', label: 'Disabled' },
]);

/** @typedef {(typeof KINDS)[number]['key']} Kind */

/**
 * @param {ListedMonitor} monitor
 * @returns {Kind}
 */
export function kindOf(monitor) {
  const { latest } = monitor;
  const { key } = badgeOf(monitor, latest);
  if (key === 'disabled' || key === 'unchecked') {
    return key;
  }
  return ignoreReasonOf(monitor, latest) ?? (markOf(latest) === WARNING ? 'warning' : key);
}

/**
 * Counts the monitors of each kind.
 * @param {readonly ListedMonitor[]} monitors
 */
export function countKinds(monitors) {
  const counts = /** @type {Record<Kind, number>} */ (Object.fromEntries(KINDS.map(({ key }) => [key, 0])));
  for (const monitor of monitors) {
    counts[kindOf(monitor)]++;
  }
  return counts;
}

/**
 * Returns for example 2 OK, 1 failed or 3 warnings.
 * @param {number} count
 * @param {{key: string, label: string}} kind
 */
export function formatKind(count, { key, label }) {
  return key === 'warning' ? formatCount(count, key) : `${count} ${key === 'ok' ? label : label.toLowerCase()}`;
}
