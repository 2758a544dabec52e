/** @import {DayUptime} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { mountMarkup } from '../../load-state.js';
import { loadMarkup } from '../../views.js';
import { ZONE } from '../../zones.js';
import { Calendar } from './calendar.js';
import { dateOf, dayCount, emptyDays, LEVELS, limitsOfDay, summarizeDays } from './days.js';

/** The minimum time between two reads after results and incidents, in milliseconds. */
const MIN_AGE = 60_000;
/** How long a read waits for the store to be complete, in milliseconds. */
const DELAY = 3000;
/** The maximum age of the days when the page is visible again, or without an event stream, in milliseconds. */
const MAX_AGE = 300_000;

let markup = '';

/** Loads the markup of the heatmap. The view calls it before. Rejects if the server does not answer. */
export async function loadHeatmap() {
  markup = await loadMarkup('./views/monitor/heatmap.html');
}

/**
 * The uptime of a monitor on each day of the last year, as a calendar. It is read again when a day begins, when an incident
 * begins or ends, and when the status changes, but at most once a minute. The markup is in heatmap.html, which expects this
 * object as heatmap.
 * @param {App} app
 * @param {string} id
 * @param {(from: number, to: number | null) => void} choose shows a day, in milliseconds since 1970; today has no end
 */
export function heatmapPanel({ api, live }, id, choose) {
  let unsubscribe = () => {};
  /** @type {Calendar | undefined} */
  let calendar;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let midnight;
  /** @type {readonly DayUptime[]} */
  let days = [];
  let chosen = '';
  let loadedAt = 0;
  let destroyed = false;
  /** Whether a read was left out while the page was hidden. */
  let missed = false;
  /** The status of the latest result. @type {number | undefined} */
  let status;

  return {
    levels: LEVELS,
    error: '',
    loaded: false,
    summary: '',
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      unsubscribe = live.subscribe({
        result: (result) => result.monitor_id === id && this.onStatus(result.status),
        incident: (change) => change.monitor_id === id && this.loadSoon(),
        stale: () => this.onStale(),
      });
      this.load();
    },

    destroy() {
      destroyed = true;
      unsubscribe();
      clearTimeout(timer);
      clearTimeout(midnight);
      calendar?.destroy();
    },

    /**
     * Draws the calendar into an element. Its days are empty until they are loaded, so that nothing moves then.
     * @param {HTMLElement} element
     */
    mount(element) {
      mountMarkup(element, markup);
    },

    /** @param {HTMLElement} element the container of the weeks */
    draw(element) {
      calendar?.destroy();
      calendar = new Calendar(element, (date) => this.choose(date));
      this.redraw();
    },

    redraw() {
      const today = dateOf(api.now());
      calendar?.draw(days.length > 0 ? days : emptyDays(today), this.loaded);
      calendar?.mark(chosen);
    },

    async read() {
      if (destroyed) {
        return;
      }
      clearTimeout(timer);
      timer = undefined;
      loadedAt = Date.now();
      missed = false;
      this.followDay();
      try {
        const query = new URLSearchParams({ zone: ZONE, days: String(dayCount(dateOf(api.now()))) });
        const answer = await api.json(`/monitors/${id}/days?${query}`);
        days = answer.days;
        this.summary = summarizeDays(days);
        this.loaded = true;
        this.error = '';
        this.redraw();
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    /** Reads again when the next day begins. */
    followDay() {
      clearTimeout(midnight);
      midnight = setTimeout(() => this.loadVisible(), limitsOfDay(dateOf(api.now())).to - api.now() + DELAY);
    },

    loadSoon() {
      timer ??= setTimeout(() => this.loadVisible(), Math.max(DELAY, loadedAt + MIN_AGE - Date.now()));
    },

    /** Reads the days, on a hidden page when it is visible again. */
    loadVisible() {
      clearTimeout(timer);
      timer = undefined;
      missed = document.hidden;
      if (!missed) {
        this.load();
      }
    },

    /** @param {number} next the status of a new result */
    onStatus(next) {
      if (status !== undefined && next !== status) {
        this.loadSoon();
      }
      status = next;
    },

    onStale() {
      if (missed || Date.now() - loadedAt > MAX_AGE || this.hasDayBegun) {
        this.load();
      }
    },

    get hasDayBegun() {
      return days.length > 0 && days[days.length - 1].date !== dateOf(api.now());
    },

    /** @param {string} date */
    choose(date) {
      const { from, to } = limitsOfDay(date);
      choose(from, to > api.now() ? null : to);
    },

    /**
     * Marks the day that the view shows, if its time range is a day.
     * @param {{from: string, to: string}} range in RFC 3339; empty without a limit
     */
    show({ from, to }) {
      const start = Date.parse(from);
      const date = from ? dateOf(start) : '';
      const limits = date ? limitsOfDay(date) : { from: 0, to: 0 };
      const end = to ? Date.parse(to) : limits.to > api.now() ? limits.to : 0;
      chosen = start === limits.from && end === limits.to ? date : '';
      calendar?.mark(chosen);
    },
  };
}
