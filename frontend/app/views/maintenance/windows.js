/** @import {MaintenanceWindow, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Badge, Mark} from '../../status.js' */
import Alpine from '../../lib/alpine.js';
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatLength } from '../../format.js';

/** How often the windows are read again, in milliseconds. The API decides which windows are active. */
const REFRESH_INTERVAL = 30_000;

/** The weekdays: the name in the API, and the names to show. */
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
 * All maintenance windows: active ones first, then by start. The method load reads them and never rejects. Between init and
 * destroy, they are also read at regular intervals while the page is visible.
 * @param {App} app
 */
export function windowList({ api, clock }) {
  let lastTick = tickOf(clock.now);
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
      effect = Alpine.effect(() => this.onTick(tickOf(clock.now)));
    },

    destroy() {
      if (effect) {
        Alpine.release(effect);
      }
    },

    /** @param {number} tick */
    onTick(tick) {
      if (tick !== lastTick) {
        lastTick = tick;
        setTimeout(() => this.load());
      }
    },

    async read() {
      try {
        /** @type {MaintenanceWindow[]} */
        const windows = await api.json('/maintenance');
        this.items = Object.freeze(windows.map((window) => Object.freeze(window)).sort(compareWindows));
        this.loaded = true;
        this.error = '';
      } catch (error) {
        this.error = messageOf(error);
      }
    },
  };
}

/**
 * Returns the number of refresh intervals since 1970.
 * @param {number} now milliseconds since 1970
 */
function tickOf(now) {
  return Math.floor(now / REFRESH_INTERVAL);
}

/**
 * @param {MaintenanceWindow} a
 * @param {MaintenanceWindow} b
 */
function compareWindows(a, b) {
  return Number(b.active) - Number(a.active) || sortKeyOf(a) - sortKeyOf(b);
}

/**
 * Returns a sort key by start. Windows that have ended come last, the latest first.
 * @param {MaintenanceWindow} window
 */
function sortKeyOf({ next, end = '' }) {
  return next ? Date.parse(next.start) : Number.MAX_SAFE_INTEGER - Date.parse(end);
}

/**
 * Reports whether a window applies to a monitor.
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
    return { key: 'maintenance', label: 'Active' };
  }
  return next ? { key: 'pending', label: 'Scheduled' } : { key: 'disabled', label: 'Ended' };
}

/**
 * Returns the time until a window starts or, if it is active, ends; empty if it has ended.
 * @param {MaintenanceWindow} window
 * @param {number} now milliseconds since 1970
 */
export function countdown({ active, next }, now) {
  if (!next) {
    return '';
  }
  return active ? `ends ${formatIn(next.end, now)}` : `starts ${formatIn(next.start, now)}`;
}

/**
 * Describes the time of a window: its period, or its weekly schedule.
 * @param {Pick<MaintenanceWindow, 'start' | 'end' | 'weekly'>} window
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
 * @param {string} date a date in the future
 * @param {number} now milliseconds since 1970
 */
function formatIn(date, now) {
  const time = formatLength(Date.parse(date) - now);
  return time ? `in ${time}` : 'now';
}

/**
 * Formats the period between two dates. It shows the year unless both are in the current year.
 * @param {string} start RFC 3339
 * @param {string} end
 */
export function formatSpan(start, end) {
  const dates = /** @type {const} */ ([new Date(start), new Date(end)]);
  const thisYear = dates.every((date) => date.getFullYear() === new Date().getFullYear());
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' };
  return new Intl.DateTimeFormat(undefined, { ...options, year: thisYear ? undefined : 'numeric' }).formatRange(
    ...dates,
  );
}
