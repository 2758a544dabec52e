/** @import {ApiStatus} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatAgo, formatDate, summarize } from '../../format.js';

const REFRESH = 10_000;

/**
 * What runs: the page, the API, its store and the live runners.
 * @param {App} app
 */
export function about({ api, clock, config, monitors }) {
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
    read: '',
    load: async () => {},

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
        this.read = new Date().toISOString();
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

    /** Without a store nobody knows of the runners. */
    get noRunner() {
      return this.status?.healthy === true && this.status.runners.length === 0;
    },

    get storeAway() {
      return this.status?.healthy === false;
    },

    /** How the API is, in the terms of a badge. */
    get health() {
      if (this.error) {
        return { key: 'failed', label: 'Not reached' };
      }
      if (!this.status) {
        return { key: 'pending', label: 'Asking…' };
      }
      return this.status.healthy
        ? { key: 'ok', label: 'Healthy' }
        : { key: 'failed', label: 'Not healthy: the store is away' };
    },

    get monitorCount() {
      return this.list.loaded ? String(this.list.items.length) : '–';
    },

    get summary() {
      return summarize(this.list.items);
    },

    get age() {
      return this.read ? `as of ${formatAgo(this.read, this.clock.now)}` : '';
    },

    /** @param {string} date */
    ago(date) {
      return formatAgo(date, this.clock.now);
    },

    date: formatDate,
  };
}
