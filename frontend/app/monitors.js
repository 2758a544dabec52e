/** @import {ListedMonitor, MonitorChange, Result} from '../types/model' */
/** @import {Api} from './api.js' */
/** @import {Live} from './events.js' */
import Alpine from './lib/alpine.js';
import { ApiError, messageOf } from './api.js';
import { coalesce } from './coalesce.js';

const HISTORY = 30;
/** How long results are gathered before they are shown together, in milliseconds. */
const GATHER = 200;
/** With more changes than this at once the whole list is read. */
const SINGLE_READS = 5;

/**
 * All monitors with their latest results, kept up to date while a view uses them. What it holds is frozen: a monitor
 * that changes is replaced, and all others stay the same objects, so only what changed is drawn again.
 */
export class MonitorList {
  state = Alpine.reactive({
    /** @type {readonly ListedMonitor[]} by name */
    items: Object.freeze([]),
    loaded: false,
    error: '',
  });
  #api;
  #live;
  #users = 0;
  #unsubscribe = () => {};
  #reading = false;
  /** @type {Result[]} */
  #results = [];
  /** @type {Set<string>} ids of monitors to read again */
  #changed = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #showing;
  #readChanged = coalesce(() => this.#readEach());

  /** Reads the whole list afresh. */
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
   * Keeps the list up to date until the function that it returns is called.
   * @returns {() => void}
   */
  use() {
    if (this.#users++ === 0) {
      this.#unsubscribe = this.#live.subscribe({
        result: (result) => this.#gather(result),
        monitor: (change) => this.#onChange(change),
        stale: () => this.#onStale(),
      });
      this.load();
    }
    return () => {
      if (--this.#users === 0) {
        this.#unsubscribe();
        clearTimeout(this.#showing);
        this.#showing = undefined;
        this.#results = [];
      }
    };
  }

  /** The stream is asked for right before the first reading: one that is still under way when it opens need not be repeated. */
  #onStale() {
    if (this.state.loaded || !this.#reading) {
      this.load();
    }
  }

  async #readAll() {
    this.#reading = true;
    try {
      const [monitors, meanwhile] = await this.#live.during(() => this.#api.monitors());
      this.#set(monitors.map(freeze));
      this.#show(meanwhile);
      this.state.loaded = true;
      this.state.error = '';
    } catch (error) {
      this.state.error = messageOf(error);
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
      try {
        const [monitor, meanwhile] = await this.#live.during(() => this.#api.listedMonitor(id));
        const others = this.state.items.filter((item) => item.id !== id);
        this.#set([...others, freeze(monitor)].sort(byName));
        this.#show(meanwhile);
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
      this.load(); // What is being read may be from before the change.
    } else if (change === 'deleted') {
      this.#remove(id);
    } else {
      this.#changed.add(id);
      this.#readChanged();
    }
  }

  /** @param {string} id */
  #remove(id) {
    this.#changed.delete(id);
    this.#set(this.state.items.filter((item) => item.id !== id));
  }

  /** @param {ListedMonitor[]} items */
  #set(items) {
    this.state.items = Object.freeze(items);
  }

  /** @param {Result} result */
  #gather(result) {
    this.#results.push(result);
    this.#showing ??= setTimeout(() => {
      this.#showing = undefined;
      this.#show(this.#results.splice(0));
    }, GATHER);
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
 * The monitor after a result; itself where it knows that or a later one.
 * @param {ListedMonitor} monitor
 * @param {Result} result
 * @returns {ListedMonitor}
 */
function withResult(monitor, result) {
  if (monitor.latest && Date.parse(monitor.latest.date) >= Date.parse(result.date)) {
    return monitor;
  }
  const { date, status, value, excluded } = result;
  return freeze({
    ...monitor,
    latest: result,
    since: monitor.latest?.status === status ? monitor.since : date,
    history: [...monitor.history, { date, status, value, excluded }].slice(-HISTORY),
  });
}

/**
 * Freezes what Alpine would otherwise wrap.
 * @param {ListedMonitor} monitor
 */
function freeze(monitor) {
  Object.freeze(monitor.latest);
  Object.freeze(monitor.history);
  return Object.freeze(monitor);
}

/**
 * The order of the API.
 * @param {ListedMonitor} a
 * @param {ListedMonitor} b
 */
function byName(a, b) {
  return a.name < b.name || (a.name === b.name && a.id < b.id) ? -1 : 1;
}
