/** @import {ReportedMonitor, ReportFigures, ReportTimes} from '../../../types/model' */

const percents = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });
const rates = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const uptimes = new Intl.NumberFormat(undefined, { maximumFractionDigits: 4 });
const UNITS = /** @type {const} */ ([
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
]);

/** The badges of an objective. */
const MET = { key: 'ok', label: 'met' };
const MISSED = { key: 'failed', label: 'missed' };
const UNKNOWN = { key: 'pending', label: 'unknown' };

/** The kinds of time in a report. @type {{key: keyof ReportTimes, label: string, counts: string}[]} */
const KINDS = [
  { key: 'ok', label: 'OK', counts: 'up' },
  { key: 'error', label: 'Error', counts: 'down' },
  { key: 'failed', label: 'Failed', counts: 'down' },
  { key: 'maintenance', label: 'In maintenance', counts: 'left out' },
  { key: 'blocked', label: 'Blocked', counts: 'left out' },
  { key: 'disabled', label: 'Disabled', counts: 'left out' },
  { key: 'notChecked', label: 'Not checked', counts: 'left out' },
];

/**
 * Formats a duration exactly to the second, for example 1 d 2 h 3 min 4 s.
 * @param {number} seconds
 */
export function formatSeconds(seconds) {
  let rest = Math.round(Math.abs(seconds));
  if (rest === 0) {
    return seconds === 0 ? '0\u00a0s' : '< 1\u00a0s';
  }
  const parts = UNITS.flatMap(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count ? [`${count}\u00a0${unit}`] : [];
  });
  return (seconds < 0 ? '−' : '') + parts.join(' ');
}

/** @param {number | null} percent is rounded down, so that 100 % is only shown if there was no downtime */
export function formatUptime(percent) {
  // The small number keeps the last digit of a number that has no more than four decimals.
  return percent === null ? '–' : `${uptimes.format(Math.floor(percent * 1e4 + 1e-7) / 1e4)}\u00a0%`;
}

/**
 * Returns the time of each kind, with its share of the whole.
 * @param {ReportTimes} times
 */
export function timeRows(times) {
  const whole = Object.values(times).reduce((sum, seconds) => sum + seconds, 0);
  return KINDS.map(({ key, label, counts }) => ({
    key,
    label,
    counts,
    time: formatSeconds(times[key]),
    share: formatUptime(whole ? (100 * times[key]) / whole : 0),
  }));
}

/** @param {ReportFigures} figures the figures of one monitor or of all */
export function describeFigures({ uptime, seconds, incidents }) {
  return {
    uptime: formatUptime(uptime),
    incidents: String(incidents.count),
    down: formatSeconds(seconds.error + seconds.failed),
    longest: formatSeconds(incidents.longest),
    leftOut: formatSeconds(seconds.maintenance + seconds.blocked + seconds.disabled),
    notChecked: formatSeconds(seconds.notChecked),
  };
}

/** @param {ReportedMonitor | undefined} monitor */
export function describeBudget(monitor) {
  const budget = monitor?.budget;
  return (
    budget && {
      objective: `${percents.format(budget.slo)}\u00a0%`,
      badge: monitor.uptime === null ? UNKNOWN : budget.left < 0 ? MISSED : MET,
      allowed: formatSeconds(budget.allowed),
      used: formatSeconds(budget.used),
      left: formatSeconds(budget.left),
      burnRate: budget.burnRate === null ? '–' : rates.format(budget.burnRate),
    }
  );
}

/** @param {ReportedMonitor} monitor */
export function rowOf(monitor) {
  const { id, name } = monitor;
  return { id, name, ...describeFigures(monitor), budget: describeBudget(monitor) };
}
