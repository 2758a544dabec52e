/** @import {DayUptime} from '../../../types/model' */
import { formatCount, formatPercent, formatSpan } from '../../format.js';

const DAY = 86_400_000;
/** The number of complete weeks in the calendar, besides the current one. */
const WEEKS = 52;

/** The steps of the uptime, the best first: the CSS class, the least uptime in percent, and the label. */
export const LEVELS = /** @type {const} */ ([
  { key: 'full', least: 100, label: '100 %' },
  { key: 'high', least: 99.9, label: '99.9 % or more' },
  { key: 'fair', least: 99, label: '99 % or more' },
  { key: 'low', least: 95, label: '95 % or more' },
  { key: 'bad', least: 0, label: 'Below 95 %' },
]);

/** @param {DayUptime} day */
export function levelOf({ uptime }) {
  return uptime === null ? 'none' : (LEVELS.find(({ least }) => uptime >= least)?.key ?? 'bad');
}

const FIRST_WEEKDAY = firstWeekday();

/** Returns the first day of the week as in Date.getDay: 0 is Sunday. It is Monday if the browser does not know the locale's. */
function firstWeekday() {
  const locale = /** @type {any} */ (new Intl.Locale(new Intl.DateTimeFormat().resolvedOptions().locale));
  return ((locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1) % 7;
}

/**
 * Returns the number of days in the calendar: complete weeks, and the current week up to today.
 * @param {string} today for example 2026-01-31
 */
export function dayCount(today) {
  return 7 * WEEKS + 1 + weekdayOf(today);
}

/**
 * Returns the position of a day in its week, from 0.
 * @param {string} date
 */
export function weekdayOf(date) {
  return (new Date(date).getUTCDay() - FIRST_WEEKDAY + 7) % 7;
}

/**
 * Returns a day without data for each day of the calendar.
 * @param {string} today
 * @returns {DayUptime[]}
 */
export function emptyDays(today) {
  const count = dayCount(today);
  return Array.from({ length: count }, (_, i) => ({
    date: new Date(Date.parse(today) - (count - 1 - i) * DAY).toISOString().slice(0, 10),
    uptime: null,
    down: 0,
    checked: 0,
  }));
}

/**
 * Returns the date in the time zone of the browser.
 * @param {number} time milliseconds since 1970
 */
export function dateOf(time) {
  const at = new Date(time);
  return new Date(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate())).toISOString().slice(0, 10);
}

/**
 * Returns the limits of a day in the time zone of the browser, in milliseconds since 1970.
 * @param {string} date
 */
export function limitsOfDay(date) {
  const [year, month, day] = date.split('-').map(Number);
  return { from: new Date(year, month - 1, day).getTime(), to: new Date(year, month - 1, day + 1).getTime() };
}

const short = format({ weekday: 'short', month: 'short', day: 'numeric' });
const month = format({ month: 'short' });
const monthAndYear = format({ month: 'short', year: 'numeric' });
export const formatDay = format({ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' });
export const formatWeekday = format({ weekday: 'short' });

/**
 * Formats the month of a day, in January with the year.
 * @param {string} date
 */
export function formatMonth(date) {
  return date.slice(5, 7) === '01' ? monthAndYear(date) : month(date);
}

/**
 * @param {Intl.DateTimeFormatOptions} options
 * @returns {(date: string) => string}
 */
function format(options) {
  const formatter = new Intl.DateTimeFormat(undefined, { ...options, timeZone: 'UTC' });
  return (date) => formatter.format(new Date(date));
}

/**
 * Describes a day in words.
 * @param {DayUptime} day
 * @param {string} today
 */
export function describeDay(day, today) {
  const { date, uptime, down, checked } = day;
  if (uptime === null) {
    return date === today ? 'Not checked today' : 'Not checked';
  }
  const downtime = down > 0 ? `down ${downText(down)}` : 'no downtime';
  const part = date !== today && checked < 82_800 ? `, checked for ${formatSpan(checked * 1000)}` : '';
  return `${formatPercent(uptime)} uptime${date === today ? ' today so far' : ''}, ${downtime}${part}`;
}

/** @param {number} seconds */
function downText(seconds) {
  return seconds < 1 ? 'less than 1 s' : formatSpan(seconds * 1000);
}

/**
 * Returns a text that stays in one line.
 * @param {string} text
 */
function unbroken(text) {
  return text.replaceAll(' ', '\u00a0');
}

/**
 * Sums up the days.
 * @param {readonly DayUptime[]} days
 */
export function summarizeDays(days) {
  const checked = days.filter(({ uptime }) => uptime !== null);
  const down = checked.filter((day) => day.down > 0);
  const total = down.reduce((sum, day) => sum + day.down, 0);
  const [worst] = down.toSorted((a, b) => (a.uptime ?? 0) - (b.uptime ?? 0));
  if (checked.length === 0) {
    return 'Not checked in the last year.';
  }
  const of = `of ${formatCount(checked.length, 'day')} that ${checked.length === 1 ? 'was' : 'were'} checked`;
  return down.length === 0
    ? `No downtime on ${formatCount(checked.length, 'day')}.`
    : `Down on ${down.length} ${of}, ${unbroken(downText(total))} in total. ` +
        `Worst day: ${unbroken(`${short(worst.date)}, ${formatPercent(worst.uptime)}`)}.`;
}
