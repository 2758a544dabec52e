/** @import {WindowDraft} from '../../../types/model' */
import { ApiError, messageOf, withHint } from '../../api.js';
import { DAYS } from '../maintenance/windows.js';
import { ZONE } from '../../zones.js';
import { dateOf, localTime } from './local-time.js';

/**
 * The time of a window as entered in the form: once, between two local times, or weekly. exact contains the dates that
 * start and end were filled from, which may have seconds.
 * @typedef {{
 *   kind: 'once' | 'weekly', start: string, end: string, days: Record<string, boolean>, at: string, duration: string, zone: string,
 *   exact: Pick<WindowDraft, 'start' | 'end'>,
 * }} Time
 */

const HOUR = 3_600_000;
/** Maps a field of the API to the form field that shows it, if the form has no field of that name. */
const FORM_FIELDS = /** @type {Record<string, string>} */ ({ groups: 'monitors' });
/** The messages of the API that name its fields instead of what the form shows. */
const TEXTS = /** @type {Record<string, string>} */ ({
  'monitors or groups must contain at least one element': 'Choose at least one monitor or group',
});

/**
 * Returns the initial time of the form. A new window starts at the next full hour and takes one hour.
 * @param {WindowDraft | null} stored
 * @param {number} now milliseconds since 1970
 * @returns {Time}
 */
export function timeOf(stored, now) {
  const nextHour = Math.floor(now / HOUR + 1) * HOUR;
  const { start, end, weekly } = stored ?? {};
  return {
    kind: weekly ? 'weekly' : 'once',
    start: localTime(start ?? nextHour),
    end: localTime(end ?? nextHour + HOUR),
    days: Object.fromEntries(DAYS.map(({ key }) => [key, weekly?.days.includes(key) ?? false])),
    at: weekly?.at ?? '02:00',
    duration: weekly?.duration ?? '1h',
    zone: weekly?.zone ?? ZONE,
    exact: { start, end },
  };
}

/**
 * Converts the time to the format of the API. An unchanged date keeps its seconds.
 * @param {Time} time
 * @returns {Pick<WindowDraft, 'start' | 'end' | 'weekly'>}
 */
export function draftOfTime({ kind, start, end, days, at, duration, zone, exact }) {
  if (kind === 'once') {
    return { start: dateOf(start, exact.start), end: dateOf(end, exact.end) };
  }
  const chosen = DAYS.map(({ key }) => key).filter((key) => days[key]);
  return { weekly: { days: chosen, at, duration: duration.trim(), zone: zone.trim() } };
}

/**
 * Returns what the form shows about status pages.
 * @param {Pick<WindowDraft, 'public' | 'publicName'>} window
 */
export function shownOf(window) {
  return { public: Boolean(window.public), name: window.publicName ?? '' };
}

/**
 * Converts the part about status pages to the format of the API. A window that is not shown has no public name.
 * @param {ReturnType<typeof shownOf>} shown
 * @returns {Pick<WindowDraft, 'public' | 'publicName'>}
 */
export function draftOfShown(shown) {
  return shown.public ? { public: true, publicName: shown.name.trim() || undefined } : {};
}

/**
 * Returns the end that keeps the duration of a window when its start changes. All values are local times.
 * @param {string} end
 * @param {string} from the previous start
 * @param {string} to the new start
 * @returns {string}
 */
export function movedEnd(end, from, to) {
  const moved = Date.parse(end) + Date.parse(to) - Date.parse(from);
  return Number.isNaN(moved) ? end : localTime(moved);
}

/**
 * Returns the duration of a single window, for example 1 d 2 h; empty if the end is not after the start.
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
 * Returns the form field that an error of the API is about, and the text to show there. The field is empty if the error
 * names none.
 * @param {unknown} error
 * @returns {{field: string, text: string}}
 */
export function fieldErrorOf(error) {
  const detail = error instanceof ApiError ? error.message : messageOf(error);
  const [, , field = ''] = /^(field ")?(name|monitors|groups|start|end|publicName|weekly\.\w+)\b/.exec(detail) ?? [];
  return {
    field: FORM_FIELDS[field] ?? field,
    text: withHint(TEXTS[detail] ?? detail.replace(/^weekly\.\w+ /, '').replace(/^publicName\b/, 'public name'), error),
  };
}
