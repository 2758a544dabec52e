/** @import {Result} from '../../types/model' */
/** @import {ResultFilter} from '../api.js' */
/** @import {App} from '../app.js' */
import { messageOf } from '../api.js';
import { coalesce } from '../coalesce.js';
import { formatExact, formatNumber, formatResult, formatShort } from '../format.js';
import { badgeOfStatus, markOf } from '../status.js';
import { mountMarkup } from '../load-state.js';
import { loadMarkup } from '../views.js';
import { boundsOf } from '../time-range.js';
import { addressOf, matches, queryOf, settingsOf } from './result-filter.js';

const ID = /^[0-9a-f]{24}$/i;
const PAGE_SIZE = 50;
/** How long new results are collected before they are shown together, in milliseconds. */
const COLLECT_TIME = 200;
/** The maximum length of an output that is shown in full, in characters. */
const MAX_SHOWN = 300;
/** The maximum length of an output that shares its line with others, in characters. */
const MAX_NARROW = 60;

let markup = '';

/**
 * A table for one monitor.
 * - monitor is its id.
 * - period returns the limits of the time range of the view, in RFC 3339, empty without a limit. After a change of the range
 *   the view calls refilter. Without it, the table has a filter for the time.
 * @typedef {{monitor?: string, period?: () => {from: string, to: string}}} TableOptions
 */

/**
 * A table of results, newest first, with filters and pages. The first page shows new results as they arrive; other pages
 * and a paused table only count them. The markup is in result-table.html, which expects this object as listing.
 * @param {App} app
 * @param {URLSearchParams} params the initial settings
 * @param {TableOptions} [options]
 */
export function resultListing({ api, live }, params, { monitor: single = '', period } = {}) {
  let unsubscribe = () => {};
  /** @type {HTMLElement | undefined} */
  let table;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** The new results that are not shown yet. @type {Result[]} */
  const collected = [];
  /** The requests of all pages up to the current one. @type {(ResultFilter | string)[]} */
  const pages = [];
  let next = '';

  return {
    /** Hides the column and the filter for the monitor. */
    single: single !== '',
    monitor: single || idOf(params),
    /** Shows the filter for the time. */
    hasTime: !period,
    settings: settingsOf(period ? withoutTime(params) : params),
    /** @type {readonly Result[]} */
    results: Object.freeze([]),
    loaded: false,
    busy: false,
    error: '',
    paused: false,
    page: 0,
    hasNext: false,
    /** The number of new results that are not in the table. */
    newCount: 0,
    /** The ids of the results whose outputs are shown. @type {Record<string, boolean>} */
    open: {},
    /** The keys of the outputs that are shown in full. @type {Record<string, boolean>} */
    full: {},
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      unsubscribe = live.subscribe({
        result: (result) => this.onResult(result),
        stale: () => this.isLive && this.load(),
      });
      this.load();
    },

    destroy() {
      unsubscribe();
      clearTimeout(timer);
    },

    /**
     * Puts the table's markup into an element.
     * @param {HTMLElement} element
     */
    mount(element) {
      table = element;
      mountMarkup(element, markup);
    },

    /** Reloads the current page. */
    async read() {
      this.busy = true;
      try {
        const request = this.page === 0 ? this.filter : pages[this.page];
        const [response, newResults] = await live.during(() => api.results(request));
        pages[this.page] = request;
        this.set(response.results);
        next = response.next;
        this.hasNext = next !== '';
        if (this.page === 0) {
          this.newCount = 0;
          this.show(newResults);
        }
        this.error = '';
        this.loaded = true;
      } catch (error) {
        this.error = messageOf(error);
      } finally {
        this.busy = false;
      }
    },

    /** @returns {ResultFilter} */
    get filter() {
      return { ...queryOf(this.settings, api.now()), ...period?.(), monitor: this.monitor, max: PAGE_SIZE };
    },

    /** The settings as parameters of the page's address. */
    get address() {
      return { monitor: single ? '' : this.monitor, ...addressOf(this.settings) };
    },

    /** Loads the first page with the current filters. */
    refilter() {
      this.page = 0;
      return this.load();
    },

    clearFilters() {
      this.settings = settingsOf(new URLSearchParams());
      this.monitor = single;
      return this.refilter();
    },

    /** Loads the next page. */
    async older() {
      if (this.page === 0 && this.isLive) {
        // New results have moved the end of the first page: reload it to get the link to the next one.
        await this.load();
      }
      if (this.canGoOlder && !this.error) {
        pages[++this.page] = next;
        await this.turnPage();
      }
    },

    async newer() {
      if (this.canGoNewer) {
        this.page--;
        await this.turnPage();
      }
    },

    async turnPage() {
      await this.load();
      table?.scrollIntoView({ block: 'start' });
    },

    get canGoOlder() {
      return this.hasNext && !this.busy;
    },

    get canGoNewer() {
      return this.page > 0 && !this.busy;
    },

    newest() {
      this.page = 0;
      this.paused = false;
      return this.load();
    },

    pause() {
      this.paused = true;
    },

    /** @param {Result} result */
    onResult(result) {
      if (!this.loaded || !this.matches(result)) {
        return;
      }
      collected.push(result);
      timer ??= setTimeout(() => {
        timer = undefined;
        this.show(collected.splice(0));
      }, COLLECT_TIME);
    },

    /**
     * Adds new results to the table, or only counts them if the page is not live.
     * @param {Result[]} results
     */
    show(results) {
      const known = new Set(this.results.map((result) => result.id));
      const added = results.filter((result) => !known.has(result.id) && this.matches(result));
      if (!this.isLive) {
        this.newCount += added.length;
      } else if (added.length) {
        this.hasNext ||= added.length + this.results.length > PAGE_SIZE;
        this.set([...added, ...this.results].sort(newestFirst).slice(0, PAGE_SIZE));
      }
    },

    /** @param {Result[]} results */
    set(results) {
      this.results = Object.freeze(results.map((result) => Object.freeze(result)));
    },

    /** @param {Result} result */
    matches(result) {
      return (
        (!this.monitor || result.monitor_id === this.monitor) &&
        matches(this.settings, period?.() ?? boundsOf(this.settings), result)
      );
    },

    get isLive() {
      return this.page === 0 && !this.paused;
    },

    get isFiltered() {
      return this.settings.status !== '' || this.settings.range !== '' || this.monitor !== single;
    },

    get isEmpty() {
      return this.loaded && this.results.length === 0;
    },

    get newText() {
      return this.newCount === 1 ? 'Show 1 new result' : `Show ${this.newCount} new results`;
    },

    get pageText() {
      return `Page ${this.page + 1}`;
    },

    /** @param {string} id */
    toggle(id) {
      this.open[id] = !this.open[id];
    },

    /** @param {Result} result */
    outputs(result) {
      return Object.entries(result.outputs).map(([name, value]) => {
        const text = typeof value === 'number' ? formatNumber(value) : String(value);
        const key = `${result.id} ${name}`;
        const cut = text.length > MAX_SHOWN && !this.full[key];
        const size = text.length > MAX_NARROW ? 'wide' : '';
        return { key, name, size, text: cut ? `${text.slice(0, MAX_SHOWN)}…` : text, more: cut ? text.length : 0 };
      });
    },

    /** @param {{key: string}} output */
    showAll({ key }) {
      this.full[key] = true;
    },

    /** @param {Result} result */
    count: (result) => Object.keys(result.outputs).length,
    badge: (/** @type {Result} */ result) => badgeOfStatus(result.status),
    mark: markOf,
    value: formatResult,
    date: formatShort,
    exactDate: formatExact,
  };
}

/** Loads the markup of the table. Views that show one call it before. Rejects if the server does not answer. */
export async function loadTable() {
  markup = await loadMarkup('./result-table/result-table.html');
}

/** @param {URLSearchParams} params */
function withoutTime(params) {
  return new URLSearchParams({ status: params.get('status') ?? '' });
}

/** @param {URLSearchParams} params */
function idOf(params) {
  const id = params.get('monitor') ?? '';
  return ID.test(id) ? id : '';
}

/**
 * @param {Result} a
 * @param {Result} b
 */
export function newestFirst(a, b) {
  return Date.parse(b.date) - Date.parse(a.date) || b.id.localeCompare(a.id);
}
