/** @import {WindowDraft} from '../../../types/model' */
import { DAYS } from '../maintenance/windows.js';

/**
 * A window's time as it is entered: once, between two local times, or every week.
 * @typedef {{
 *   kind: 'once' | 'weekly', start: string, end: string, days: Record<string, boolean>, at: string, duration: string, zone: string,
 * }} Time
 */

const HOUR = 3_600_000;
/** What one field of the form shows of two fields of a window. */
const FIELDS = /** @type {Record<string, string>} */ ({ groups: 'monitors' });

/** The time zone of the reader. */
export const ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zones that can be chosen. */
export const ZONES = [...new Set([ZONE, 'UTC', ...Intl.supportedValuesOf('timeZone')])];

/**
 * The time that a form begins with: that of the window; for a new one an hour from the next full hour on.
 * @param {WindowDraft | null} stored
 * @returns {Time}
 */
export function timeOf(stored) {
  const soon = Math.floor(Date.now() / HOUR + 1) * HOUR;
  const { start, end, weekly } = stored ?? {};
  return {
    kind: weekly ? 'weekly' : 'once',
    start: localTime(start ?? soon),
    end: localTime(end ?? soon + HOUR),
    days: Object.fromEntries(DAYS.map(({ key }) => [key, weekly?.days.includes(key) ?? false])),
    at: weekly?.at ?? '02:00',
    duration: weekly?.duration ?? '1h',
    zone: weekly?.zone ?? ZONE,
  };
}

/**
 * The time as the API takes it. A date that was not touched stays what it was, to the second.
 * @param {Time} time
 * @param {WindowDraft | null} stored
 * @returns {Pick<WindowDraft, 'start' | 'end' | 'weekly'>}
 */
export function draftOfTime({ kind, start, end, days, at, duration, zone }, stored) {
  if (kind === 'once') {
    return { start: instantOf(start, stored?.start), end: instantOf(end, stored?.end) };
  }
  const chosen = DAYS.map(({ key }) => key).filter((key) => days[key]);
  return { weekly: { days: chosen, at, duration: duration.trim(), zone: zone.trim() } };
}

/**
 * The end that keeps a window as long as it was when its start moves.
 * @param {string} end
 * @param {string} from
 * @param {string} to
 * @returns {string} local times, all of them
 */
export function movedEnd(end, from, to) {
  const moved = Date.parse(end) + Date.parse(to) - Date.parse(from);
  return Number.isNaN(moved) ? end : localTime(moved);
}

/**
 * How long a window that is there once lasts, such as 1 d 2 h; empty where it ends before it starts.
 * @param {Time} time
 */
export function lengthOf({ start, end }) {
  const minutes = (Date.parse(end) - Date.parse(start)) / 60_000;
  const parts = /** @type {const} */ ([
    [Math.floor(minutes / 1440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ]);
  return minutes > 0 ? parts.flatMap(([count, unit]) => (count ? [`${count} ${unit}`] : [])).join(' ') : '';
}

/**
 * The field that an error of the API names, and what to say there; without a field where it names none.
 * @param {string} detail
 * @returns {{field: string, text: string}}
 */
export function faultOf(detail) {
  const [, , field = ''] = /^(field ")?(name|monitors|groups|start|end|weekly\.\w+)\b/.exec(detail) ?? [];
  return { field: FIELDS[field] ?? field, text: detail.replace(/^weekly\.\w+ /, '') };
}

/**
 * @param {string} text a local time
 * @param {string | undefined} stored
 */
function instantOf(text, stored) {
  if (stored && localTime(stored) === text) {
    return stored;
  }
  return text ? new Date(text).toISOString() : undefined;
}

/**
 * A date as an input for a local time takes it.
 * @param {string | number} date RFC 3339, or milliseconds since 1970
 */
function localTime(date) {
  const time = new Date(date);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
