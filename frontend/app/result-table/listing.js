/** @import {Result} from '../../types/model' */
/** @import {ResultFilter} from '../api.js' */
/** @import {App} from '../app.js' */
/** @import {Row} from './changes.js' */
import { messageOf } from '../api.js';
import { coalesce } from '../coalesce.js';
import { formatCount } from '../format.js';
import { mountMarkup } from '../load-state.js';
import { boundsOf } from '../time-range.js';
import { loadMarkup } from '../views.js';
import { addChanges, ChangeFinder, completeRows } from './changes.js';
import { addressOf, emptyText, idOf, matches, queryOf, settingsOf, withoutTime } from './result-filter.js';
import { rowTexts } from './rows.js';

const PAGE_SIZE = 50;
/** How long new results are collected before they are shown together, in milliseconds. */
const COLLECT_TIME = 200;

/**
 * A table for one monitor.
 * - monitor is its id.
 * - period returns the limits of the time range of the view, in RFC 3339, empty without a limit. After a change of the range
 *   the view calls refilter. Without it, the table has a filter for the time.
 * @typedef {{monitor?: string, period?: () => {from: string, to: string}}} TableOptions
 */

let markup = '';

/**
 * A table of results, newest first, with filters and pages. The first page shows new results as they arrive; other pages
 * and a paused table only count them. A table for one monitor shows the results at which the status changed, and all on
 * request. The markup is in result-table.html, which expects this object as listing.
 * @param {App} app
 * @param {URLSearchParams} params the initial settings, which may contain the id of a monitor
 * @param {TableOptions} [options]
 */
export function resultListing({ api, live, clock }, params, { monitor: single = '', period } = {}) {
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
  const finder = new ChangeFinder();

  return {
    /** Hides the column and the filter for the monitor. */
    single: single !== '',
    /** Shows the filter for the time. */
    hasTime: !period,
    /** What a table for one monitor shows: the results at which the status changed, or all. */
    shown: single === '' || params.get('results') === 'all' ? 'all' : 'changes',
    monitor: single || idOf(params),
    settings: settingsOf(period ? withoutTime(params) : params),
    /** @type {readonly Row[]} */
    results: Object.freeze([]),
    loaded: false,
    /** Whether the monitor has no result at all. Only known for changes. */
    isUnchecked: false,
    busy: false,
    error: '',
    paused: false,
    page: 0,
    hasNext: false,
    /** The number of new results that are not in the table. */
    newCount: 0,
    rows: rowTexts(clock),
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
        const [response, newResults] = await live.during(() => this.fetch(request));
        pages[this.page] = request;
        this.set(response.results);
        this.isUnchecked = finder.isEmpty;
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

    /**
     * Reads a page. For changes, it also reads the newest result, to notice the next change.
     * @param {ResultFilter | string} request
     * @returns {Promise<{results: Row[], next: string}>}
     */
    async fetch(request) {
      if (!this.isChanges) {
        return api.results(request);
      }
      const [{ results, next }, { results: latest }] = await Promise.all([
        api.results(request),
        api.results({ monitor: single, max: 1 }),
      ]);
      const isNewest = this.page === 0 && !this.settings.status && !this.filter.to;
      finder.start(isNewest ? (results[0] ?? latest[0]) : latest[0]);
      // A store that was read between a result and its change may have only the result.
      const isShown = (/** @type {Row} */ row) => this.matches(row);
      return { results: addChanges(completeRows(results), finder.changesIn(latest), isShown), next };
    },

    /** @returns {ResultFilter} */
    get filter() {
      const query = { ...queryOf(this.settings, api.now()), ...period?.() };
      return { ...query, monitor: this.monitor, max: PAGE_SIZE, changes: this.isChanges };
    },

    /** The settings as parameters of the page's address. */
    get address() {
      const shown = single && !this.isChanges ? 'all' : '';
      return { monitor: single ? '' : this.monitor, ...addressOf(this.settings), results: shown };
    },

    /** @returns {boolean} */
    get isChanges() {
      return this.shown === 'changes';
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
      if (!this.loaded || !(this.isChanges ? result.monitor_id === single : this.matches(result))) {
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
      const isNew = (/** @type {Row} */ row) => !known.has(row.id) && this.matches(row);
      const found = this.isChanges ? finder.changesIn(results.filter((r) => r.monitor_id === single)) : results;
      const added = found.filter(isNew);
      if (!this.isLive) {
        this.newCount += added.length;
      } else if (found.length) {
        const { isChanges, results: shown } = this;
        const rows = isChanges ? addChanges(shown, found, isNew) : [...added, ...shown].sort(newestFirst);
        this.hasNext ||= rows.length > PAGE_SIZE;
        this.set(rows.slice(0, PAGE_SIZE));
      }
    },

    /** @param {Row[]} results */
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

    /** Whether the table is empty because there is no result at all, as far as that is known. */
    get hasNone() {
      return !this.isFiltered && (this.isChanges ? this.isUnchecked : !period);
    },

    get emptyText() {
      return emptyText(this.isChanges, this.isFiltered, this.settings);
    },

    get newText() {
      const what = this.isChanges ? 'change' : 'result';
      return `Show ${formatCount(this.newCount, `new ${what}`)}`;
    },

    get pageText() {
      return `Page ${this.page + 1}`;
    },
  };
}

/** Loads the markup of the table. Views that show one call it before. Rejects if the server does not answer. */
export async function loadTable() {
  markup = await loadMarkup('./result-table/result-table.html');
}

/**
 * @param {Result} a
 * @param {Result} b
 */
export function newestFirst(a, b) {
  return Date.parse(b.date) - Date.parse(a.date) || b.id.localeCompare(a.id);
}
