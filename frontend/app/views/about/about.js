/** @import {ApiStatus, ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatAgo, formatDate } from '../../format.js';
import { countKinds, formatKind, KINDS } from '../../status.js';

/** In milliseconds. */
const REFRESH = 10_000;

/**
 * The versions of the page and the API, the health of the store, and the runners that are online.
 * @param {App} app
 */
export function about({ api, clock, config, monitors, open }) {
  let release = () => {};
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let refreshing;

  return {
    list: monitors.state,
    clock,
    page: { version: config.VERSION, build: config.BUILD_INFO },
    /** @type {ApiStatus | null} */
    status: null,
    error: '',
    loadedAt: '',
    load: async () => {},
    openShortcuts: () => open('shortcuts'),

    init() {
      this.load = coalesce(() => this.refresh());
      release = monitors.use();
      refreshing = setInterval(() => document.hidden || this.load(), REFRESH);
      this.load();
    },

    destroy() {
      clearInterval(refreshing);
      release();
    },

    async refresh() {
      try {
        this.status = await api.status();
        this.loadedAt = new Date(api.now()).toISOString();
        this.error = '';
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    reload: () => location.reload(),

    get isLoading() {
      return !this.status && !this.error;
    },

    get mismatch() {
      const { status, page } = this;
      return status !== null && (status.version !== page.version || status.buildInfo !== page.build);
    },

    /** The runners are unknown while the store is unavailable. */
    get noRunner() {
      return this.status?.healthy === true && this.status.runners.length === 0;
    },

    get storeUnavailable() {
      return this.status?.healthy === false;
    },

    /** The health of the API as a badge. */
    get health() {
      if (this.error) {
        return { key: 'failed', label: 'Unreachable' };
      }
      if (!this.status) {
        return { key: 'pending', label: 'Loading…' };
      }
      return this.status.healthy
        ? { key: 'ok', label: 'Healthy' }
        : { key: 'failed', label: 'Unhealthy: store unavailable' };
    },

    get monitorCount() {
      return this.list.loaded ? String(this.list.items.length) : '–';
    },

    get summary() {
      return summarize(this.list.items);
    },

    get age() {
      return this.loadedAt ? `Updated ${formatAgo(this.loadedAt, this.clock.now)}` : '';
    },

    /** @param {string} date */
    ago(date) {
      return formatAgo(date, this.clock.now);
    },

    date: formatDate,
  };
}

/**
 * Returns the number of monitors of each kind as text.
 * @param {readonly ListedMonitor[]} monitors
 * @returns {string} for example 1 failed · 2 OK
 */
function summarize(monitors) {
  const counts = countKinds(monitors);
  return KINDS.filter(({ key }) => counts[key])
    .map((kind) => formatKind(counts[kind.key], kind))
    .join(' · ');
}
