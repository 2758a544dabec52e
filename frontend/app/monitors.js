/** @import {HistoryPoint, ListedMonitor, MonitorChange, Result, SentMonitor, Series, Summary, SummaryChange} from '../types/model' */
/** @import {Api} from './api.js' */
/** @import {Live} from './events.js' */
import Alpine from './lib/alpine.js';
import { ApiError, messageOf } from './api.js';
import { coalesce } from './coalesce.js';
import { notCheckedAfter } from './status.js';

/** How many results each monitor keeps. */
const HISTORY = 30;
/** How long results are collected before they are shown together, in milliseconds. */
const BATCH_TIME = 200;
/** The maximum delay before new figures are read, in milliseconds. It is random, so that not all pages read at once. */
const SUMMARY_DELAY = 5000;
/** The maximum difference between the clocks of the page and the API, in milliseconds. */
const CLOCK_ERROR = 2000;
/** The delay before the list is read again after an error, in milliseconds. */
const RETRY_DELAY = 10_000;
/** Up to this many changed monitors are read one by one. More cause a read of the whole list. */
const SINGLE_READS = 5;

/**
 * All monitors with their latest results, up to date while a view uses them. The monitors are frozen. A changed monitor is
 * replaced and the others stay the same objects, so the views redraw only what changed.
 */
export class MonitorList {
  state = Alpine.reactive({
    /** @type {readonly ListedMonitor[]} sorted by name */
    items: Object.freeze([]),
    loaded: false,
    error: '',
    load: () => this.load(),

    get isLoading() {
      return !this.loaded && !this.error;
    },

    get isEmpty() {
      return this.loaded && this.items.length === 0;
    },
  });
  #api;
  #live;
  #users = 0;
  #unsubscribe = () => {};
  #reading = false;
  /**
   * The list at the last read. The browser does not store responses, because they may contain secrets.
   * @type {{tag: string, monitors: ListedMonitor[]}}
   */
  #read = { tag: '', monitors: [] };
  /** @type {Result[]} */
  #results = [];
  /** @type {Set<string>} the ids of the monitors to read again */
  #changed = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #batchTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #summaryTimer;
  /** When the last read of the list began. */
  #readAt = 0;
  /** When the API has computed the newest figures. */
  #summaryDate = 0;
  /** The entity tag of the figures at the last read. */
  #summaryTag = '';
  /** The monitor that is being read; empty if none is, or if it was deleted since. */
  #single = '';
  #readChanged = coalesce(() => this.#readEach());

  /** Reads the whole list. */
  load = coalesce(() => this.#readAll());

  /**
   * @param {Api} api
   * @param {Live} live
   */
  constructor(api, live) {
    this.#api = api;
    this.#live = live;
  }

  /**
   * Keeps the list up to date until the returned function is called.
   * @returns {() => void}
   */
  use() {
    if (this.#users++ === 0) {
      this.#unsubscribe = this.#live.subscribe({
        result: (result) => this.#collect(result),
        monitor: (change) => this.#onChange(change),
        summary: (change) => this.#onSummary(change),
        stale: () => this.#onStale(),
      });
      this.load();
    }
    return () => {
      if (--this.#users === 0) {
        this.#unsubscribe();
        clearTimeout(this.#batchTimer);
        clearTimeout(this.#summaryTimer);
        this.#batchTimer = this.#summaryTimer = undefined;
        this.#results = [];
      }
    };
  }

  /** Reloads the list. It does not interrupt the first read, which has started after the stream was requested. */
  #onStale() {
    if (this.state.loaded || !this.#reading) {
      this.load();
    }
  }

  async #readAll() {
    this.#reading = true;
    const readAt = this.#api.now();
    try {
      const [read, newResults] = await this.#live.during(() => this.#api.monitors(this.#read.tag));
      if (read) {
        this.#read = { tag: read.tag, monitors: read.monitors.map(withHistory) };
      }
      this.#readAt = readAt;
      this.#set(this.#read.monitors);
      this.#show(newResults);
      this.state.loaded = true;
      this.state.error = '';
    } catch (error) {
      this.state.error = messageOf(error);
      setTimeout(() => this.state.error && this.#users > 0 && this.load(), RETRY_DELAY);
    } finally {
      this.#reading = false;
    }
  }

  async #readEach() {
    const ids = [...this.#changed];
    this.#changed.clear();
    if (ids.length > SINGLE_READS) {
      return this.load();
    }
    for (const id of ids) {
      this.#single = id;
      try {
        const [monitor, newResults] = await this.#live.during(() => this.#api.listedMonitor(id));
        if (this.#single !== id) {
          continue; // The response is from before the deletion.
        }
        const others = this.state.items.filter((item) => item.id !== id);
        this.#set([...others, withHistory(monitor)].sort(byName));
        this.#show(newResults);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          this.#remove(id);
        } else {
          this.state.error = messageOf(error);
        }
      }
    }
  }

  /** @param {MonitorChange} change */
  #onChange({ id, change }) {
    if (this.#reading) {
      this.load(); // The running read may not include the change.
    } else if (change === 'deleted') {
      this.#remove(id);
    } else {
      this.#changed.add(id);
      this.#readChanged();
    }
  }

  /** @param {SummaryChange} change */
  #onSummary({ date }) {
    this.#summaryDate = Date.parse(date);
    this.#summaryTimer ??= setTimeout(() => {
      this.#summaryTimer = undefined;
      // The stream may begin with an event about figures that the list already has. A hidden page reads the list later.
      if (!document.hidden && this.#summaryDate > this.#readAt - CLOCK_ERROR) {
        this.#readSummaries().catch(() => {}); // The next event, or a reload of the list, has the figures.
      }
    }, Math.random() * SUMMARY_DELAY);
  }

  /** Reads the figures of all monitors, which are much smaller than the list. */
  async #readSummaries() {
    const read = await this.#api.summaries(this.#summaryTag);
    if (read) {
      this.#summaryTag = read.tag;
      const summaries = new Map(read.monitors.map(({ id, summary }) => [id, summary]));
      this.#set(this.state.items.map((item) => withSummary(item, summaries.get(item.id))));
    }
  }

  /** @param {string} id */
  #remove(id) {
    this.#changed.delete(id);
    this.#single = this.#single === id ? '' : this.#single;
    this.#set(this.state.items.filter((item) => item.id !== id));
  }

  /** @param {ListedMonitor[]} items */
  #set(items) {
    this.state.items = Object.freeze(items);
  }

  /** @param {Result} result */
  #collect(result) {
    this.#results.push(result);
    this.#batchTimer ??= setTimeout(() => {
      this.#batchTimer = undefined;
      this.#show(this.#results.splice(0));
    }, BATCH_TIME);
  }

  /** @param {Result[]} results */
  #show(results) {
    /** @type {Map<string, Result[]>} */
    const byMonitor = Map.groupBy(results, (result) => result.monitor_id);
    if (this.state.items.some((item) => byMonitor.has(item.id))) {
      this.#set(this.state.items.map((item) => (byMonitor.get(item.id) ?? []).reduce(withResult, item)));
    }
  }
}

/**
 * Returns the monitor with points instead of the columns that the API sends.
 * @param {SentMonitor} monitor
 * @returns {ListedMonitor}
 */
export function withHistory({ series, ...monitor }) {
  return freeze({ ...monitor, history: series ? pointsOf(series) : [] });
}

/**
 * @param {Series} series
 * @returns {HistoryPoint[]}
 */
function pointsOf({ start, steps, statuses, values, excluded, warnings }) {
  let date = Date.parse(start);
  return values.map((value, i) => {
    date += i > 0 ? steps[i - 1] * 1000 : 0;
    return { date, status: statuses[i], value, excluded: excluded?.[i] || undefined, warning: warnings?.[i] };
  });
}

/**
 * Returns the monitor with a new result added. Returns the same object if it already has this result or a later one.
 * @param {ListedMonitor} monitor
 * @param {Result} result
 * @returns {ListedMonitor}
 */
function withResult(monitor, result) {
  if (monitor.latest && Date.parse(monitor.latest.date) >= Date.parse(result.date)) {
    return monitor;
  }
  const { date, status, value, excluded } = result;
  const point = { date: Date.parse(date), status, value, excluded, warning: status === 0 && result.message !== '' };
  return freeze({
    ...monitor,
    latest: result,
    since: monitor.latest?.status === status ? monitor.since : date,
    history: [...monitor.history, point].slice(-HISTORY),
    notChecked: notCheckedAfter(monitor, result),
  });
}

/**
 * Returns the monitor with new figures. Returns the same object if they are the same.
 * @param {ListedMonitor} monitor
 * @param {Summary | undefined} summary
 * @returns {ListedMonitor}
 */
function withSummary(monitor, summary) {
  const same = !summary || JSON.stringify(summary) === JSON.stringify(monitor.summary);
  return same ? monitor : freeze({ ...monitor, summary });
}

/**
 * Freezes a monitor, so that Alpine does not wrap it in proxies.
 * @param {ListedMonitor} monitor
 */
function freeze(monitor) {
  Object.freeze(monitor.latest);
  Object.freeze(monitor.history);
  Object.freeze(monitor.notChecked);
  Object.freeze(monitor.summary);
  return Object.freeze(monitor);
}

/**
 * Compares two monitors in the sort order of the API.
 * @param {ListedMonitor} a
 * @param {ListedMonitor} b
 */
function byName(a, b) {
  return a.name < b.name || (a.name === b.name && a.id < b.id) ? -1 : 1;
}
