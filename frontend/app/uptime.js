/** @import {Stats} from '../types/model' */
import { formatExact, formatLength, formatMoment, formatPercent, formatSpan } from './format.js';

/** An uptime in words: what is special about it, and the exact date of that. @typedef {{value: string, note: string, exact: string}} Figure */

/**
 * @param {Stats} stats
 * @param {number} now milliseconds since 1970
 * @returns {Figure}
 */
export function describeUptime({ uptime, uptimeFrom, counts, maintenance, blocked }, now) {
  const checks = counts.ok + counts.error + counts.failed;
  const reason = checks ? 'unknown' : 'no checks in this period';
  const since = uptimeFrom ? `since ${formatMoment(uptimeFrom, now)}` : '';
  const ignored = [ignoredTime(maintenance, 'in maintenance'), ignoredTime(blocked, 'blocked')]
    .filter(Boolean)
    .join(', ');
  return {
    value: formatPercent(uptime),
    note: [uptime === null ? reason : since, ignored].filter(Boolean).join(' · '),
    exact: [uptimeFrom ? formatExact(uptimeFrom) : '', ignored && `Ignored: ${ignored}`].filter(Boolean).join('. '),
  };
}

/**
 * @param {number} seconds
 * @param {string} reason
 */
function ignoredTime(seconds, reason) {
  return seconds >= 60 ? `${formatLength(seconds * 1000)} ${reason}` : '';
}

/**
 * Returns the time that a monitor was not OK; empty if it is unknown.
 * @param {Stats} stats
 */
export function describeDowntime({ uptime, periods, omittedPeriods }) {
  if (uptime === null) {
    return '';
  }
  const notOK = periods.filter(({ kind }) => kind === 'error' || kind === 'failed');
  if (notOK.length === 0) {
    return omittedPeriods ? '' : 'OK all the time';
  }
  const length = notOK.reduce((sum, { from, to }) => sum + Date.parse(to) - Date.parse(from), 0);
  return `${omittedPeriods ? 'at least ' : ''}${formatSpan(length)} not OK`;
}
