/** @import {Result} from '../../../types/model' */
/** @import {ResultFilter} from '../../api.js' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { badgeOfStatus, formatExact, formatNumber, formatResult, formatShort, markOf } from '../../format.js';
import { addressOf, matches, queryOf, settingsOf } from './result-filter.js';

const ID = /^[0-9a-f]{24}$/i;
const PAGE = 50;
/** How long results are gathered before they are shown together, in milliseconds. */
const GATHER = 200;
/** How much of an output is shown before it is asked for whole. */
const LONG = 300;
/** From how many characters on an output has a line of its own. */
const WIDE = 60;

/** @type {Promise<string> | null} */
let markup = null;

/**
 * A table of results, newest first, filtered and in pages. The first page is live; a later one, or a paused one, counts
 * what has come since. The markup is views/result-table.html, in which the data is called listing.
 * @param {App} app
 * @param {URLSearchParams} params the settings to begin with
 * @param {string} [single] the id of the one monitor whose results are listed; without it the settings may name one
 */
export function resultListing({ api, live }, params, single = '') {
  let unsubscribe = () => {};
  /** @type {HTMLElement | undefined} */
  let table;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let showing;
  /** @type {Result[]} */
  const gathered = [];
  /** What each page up to the shown one was read by. @type {(ResultFilter | string)[]} */
  const pages = [];
  let next = '';

  return {
    /** Whether all that is listed is of one monitor, so that the rows need not name it. */
    single: single !== '',
    monitor: single || idOf(params),
    settings: settingsOf(params),
    /** @type {readonly Result[]} */
    results: Object.freeze([]),
    loaded: false,
    busy: false,
    error: '',
    paused: false,
    page: 0,
    hasNext: false,
    /** How many have come that the shown page doesn't have. */
    waiting: 0,
    /** @type {Record<string, boolean>} ids of results whose outputs are shown */
    open: {},
    /** @type {Record<string, boolean>} outputs that are shown whole */
    whole: {},
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
      clearTimeout(showing);
    },

    /**
     * Puts the table into the page.
     * @param {HTMLElement} element
     */
    async mount(element) {
      try {
        const template = document.createElement('template');
        template.innerHTML = await tableMarkup();
        table = element;
        element.replaceChildren(template.content);
      } catch {
        this.error = 'The table can’t be fetched: its server does not answer.';
      }
    },

    /** Reads the shown page afresh. */
    async read() {
      this.busy = true;
      try {
        const which = this.page === 0 ? this.filter : pages[this.page];
        const [answer, meanwhile] = await live.during(() => api.results(which));
        pages[this.page] = which;
        this.set(answer.results);
        next = answer.next;
        this.hasNext = next !== '';
        if (this.page === 0) {
          this.waiting = 0;
          this.show(meanwhile);
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
      return { ...queryOf(this.settings), monitor: this.monitor, max: PAGE };
    },

    /** The settings as the address holds them. */
    get address() {
      return { monitor: single ? '' : this.monitor, ...addressOf(this.settings) };
    },

    /** Reads from the first page on, as the filters are now. */
    refilter() {
      this.page = 0;
      return this.load();
    },

    clearFilters() {
      this.settings = settingsOf(new URLSearchParams());
      this.monitor = single;
      return this.refilter();
    },

    /** Goes on to the page after the shown one. */
    async older() {
      if (this.page === 0 && this.isLive) {
        // What came live has pushed others over the end of the page: ask anew where it ends.
        await this.load();
      }
      if (this.canGoOlder && !this.error) {
        pages[++this.page] = next;
        await this.turn();
      }
    },

    async newer() {
      if (this.canGoNewer) {
        this.page--;
        await this.turn();
      }
    },

    async turn() {
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
      gathered.push(result);
      showing ??= setTimeout(() => {
        showing = undefined;
        this.show(gathered.splice(0));
      }, GATHER);
    },

    /**
     * Shows results on top, or counts them where the page isn't live.
     * @param {Result[]} results
     */
    show(results) {
      const known = new Set(this.results.map((result) => result.id));
      const added = results.filter((result) => !known.has(result.id) && this.matches(result));
      if (!this.isLive) {
        this.waiting += added.length;
      } else if (added.length) {
        this.hasNext ||= added.length + this.results.length > PAGE;
        this.set([...added, ...this.results].sort(newestFirst).slice(0, PAGE));
      }
    },

    /** @param {Result[]} results */
    set(results) {
      this.results = Object.freeze(results.map((result) => Object.freeze(result)));
    },

    /** @param {Result} result */
    matches(result) {
      return (!this.monitor || result.monitor_id === this.monitor) && matches(this.settings, result);
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

    get waitingText() {
      return this.waiting === 1 ? '1 new result' : `${this.waiting} new results`;
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
        const cut = text.length > LONG && !this.whole[key];
        const size = text.length > WIDE ? 'wide' : '';
        return { key, name, size, text: cut ? `${text.slice(0, LONG)}…` : text, more: cut ? text.length : 0 };
      });
    },

    /** @param {{key: string}} output */
    showAll({ key }) {
      this.whole[key] = true;
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

/** @returns {Promise<string>} */
function tableMarkup() {
  markup ??= fetch('./views/results/result-table.html').then((response) => {
    if (!response.ok) {
      throw new Error(`result-table.html: ${response.status}`);
    }
    return response.text();
  });
  markup.catch(() => (markup = null));
  return markup;
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
