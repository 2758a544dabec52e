/** @import {MaintenanceWindow, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Badge, Mark} from '../../format.js' */
import Alpine from '../../lib/alpine.js';
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatLength } from '../../format.js';

/** How often the windows are read again, in milliseconds: whether one is on depends on the time. */
const BEAT = 30_000;

/** The days of the week, as the API and as people name them. */
export const DAYS = [
  { key: 'monday', short: 'Mon', long: 'Monday' },
  { key: 'tuesday', short: 'Tue', long: 'Tuesday' },
  { key: 'wednesday', short: 'Wed', long: 'Wednesday' },
  { key: 'thursday', short: 'Thu', long: 'Thursday' },
  { key: 'friday', short: 'Fri', long: 'Friday' },
  { key: 'saturday', short: 'Sat', long: 'Saturday' },
  { key: 'sunday', short: 'Sun', long: 'Sunday' },
];

/**
 * All maintenance windows, those that are on first, then by when they come. They are read by load, which never rejects,
 * and from init to destroy now and then while the page is seen.
 * @param {App} app
 */
export function windowList({ api, clock }) {
  let beat = beatOf(clock.now);
  /** @type {ReturnType<typeof Alpine.effect> | undefined} */
  let effect;

  return {
    /** @type {readonly Readonly<MaintenanceWindow>[]} */
    items: Object.freeze([]),
    loaded: false,
    error: '',
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      effect = Alpine.effect(() => this.follow(beatOf(clock.now)));
    },

    destroy() {
      if (effect) {
        Alpine.release(effect);
      }
    },

    /** @param {number} now */
    follow(now) {
      if (now !== beat) {
        beat = now;
        setTimeout(() => this.load());
      }
    },

    async read() {
      try {
        const windows = await api.windows();
        this.items = Object.freeze(windows.map((window) => Object.freeze(window)).sort(soonestFirst));
        this.loaded = true;
        this.error = '';
      } catch (error) {
        this.error = messageOf(error);
      }
    },
  };
}

/** @param {number} now milliseconds since 1970 */
function beatOf(now) {
  return Math.floor(now / BEAT);
}

/**
 * @param {MaintenanceWindow} a
 * @param {MaintenanceWindow} b
 */
function soonestFirst(a, b) {
  return Number(b.active) - Number(a.active) || startOf(a) - startOf(b);
}

/**
 * When a window comes; those that are over come last, the latest of them first.
 * @param {MaintenanceWindow} window
 */
function startOf({ next, end = '' }) {
  return next ? Date.parse(next.start) : Number.MAX_SAFE_INTEGER - Date.parse(end);
}

/**
 * @param {MaintenanceWindow} window
 * @param {Monitor} monitor
 */
export function isFor({ monitors, groups }, { id, group }) {
  return monitors.includes(id) || groups.includes(group ?? '');
}

/**
 * @param {MaintenanceWindow} window
 * @returns {{key: Badge['key'] | Mark['key'], label: string}}
 */
export function badgeOfWindow({ active, next }) {
  if (active) {
    return { key: 'maintenance', label: 'On now' };
  }
  return next ? { key: 'pending', label: 'Planned' } : { key: 'disabled', label: 'Over' };
}

/**
 * How long it is until a window begins or, if it is on, ends; empty where it is over.
 * @param {MaintenanceWindow} window
 * @param {number} now milliseconds since 1970
 */
export function countdown({ active, next }, now) {
  if (!next) {
    return '';
  }
  return active ? `ends ${formatIn(next.end, now)}` : `begins ${formatIn(next.start, now)}`;
}

/**
 * When a window is there: a time, or what comes every week.
 * @param {MaintenanceWindow} window
 */
export function describeTime({ start = '', end = '', weekly }) {
  return weekly
    ? `${nameDays(weekly.days)} at ${weekly.at} for ${weekly.duration}, ${weekly.zone}`
    : formatSpan(start, end);
}

/** @param {string[]} days */
function nameDays(days) {
  const named = DAYS.filter(({ key }) => days.includes(key));
  if (named.length === 1) {
    return `${named[0].long}s`;
  }
  if (named.length === 7) {
    return 'Every day';
  }
  const working = named.length === 5 && !days.includes('saturday') && !days.includes('sunday');
  return working ? 'Monday to Friday' : named.map(({ short }) => short).join(', ');
}

/**
 * @param {string} date one to come
 * @param {number} now milliseconds since 1970
 */
function formatIn(date, now) {
  const time = formatLength(Date.parse(date) - now);
  return time ? `in ${time}` : 'now';
}

/**
 * A time from one date to another; the year is there where it isn't this one.
 * @param {string} start RFC 3339
 * @param {string} end
 */
export function formatSpan(start, end) {
  const dates = /** @type {const} */ ([new Date(start), new Date(end)]);
  const now = dates.every((date) => date.getFullYear() === new Date().getFullYear());
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' };
  return new Intl.DateTimeFormat(undefined, { ...options, year: now ? undefined : 'numeric' }).formatRange(...dates);
}
