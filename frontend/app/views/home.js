/** @import {ListedMonitor, Result} from '../../types/model' */
/** @import {Api} from '../api.js' */
/** @import {Live} from '../events.js' */
import { messageOf } from '../api.js';
import { coalesce } from '../coalesce.js';
import { badgeOf, describeHistory, formatAgo, formatDate, formatResult, historyPath, summarize } from '../format.js';

const TICK = 5000;
const HISTORY = 30;

/**
 * The list of monitors.
 * @param {Api} api
 * @param {Live} live
 */
export function home(api, live) {
  let unsubscribe = () => {};
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let clock;
  /**
   * Where a monitor stands in the list, by id.
   * @type {Map<string, number>}
   */
  let places = new Map();

  return {
    /** @type {ListedMonitor[]} */
    monitors: [],
    loaded: false,
    error: '',
    now: Date.now(),
    /** Reads the list afresh. */
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      unsubscribe = live.subscribe({
        result: (result) => this.onResult(result),
        monitor: () => this.load(),
        stale: () => this.load(),
      });
      clock = setInterval(() => this.tick(), TICK);
      this.load();
    },

    destroy() {
      unsubscribe();
      clearInterval(clock);
    },

    async read() {
      try {
        const [monitors, meanwhile] = await live.during(() => api.monitors());
        places = new Map(monitors.map((monitor, i) => [monitor.id, i]));
        this.monitors = monitors;
        meanwhile.forEach((result) => this.onResult(result));
        this.loaded = true;
        this.error = '';
        this.tick();
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    tick() {
      this.now = Date.now();
    },

    /** @param {Result} result */
    onResult(result) {
      const monitor = this.monitors[places.get(result.monitor_id) ?? -1];
      if (!monitor || (monitor.latest && Date.parse(monitor.latest.date) >= Date.parse(result.date))) {
        return;
      }
      monitor.latest = result;
      monitor.history = [...monitor.history, result].slice(-HISTORY);
    },

    get isEmpty() {
      return this.loaded && this.monitors.length === 0;
    },

    get isLoading() {
      return !this.loaded && !this.error;
    },

    get summary() {
      return summarize(this.monitors);
    },

    /** The monitors under their headings; those without one come first. */
    get groups() {
      const groups = Map.groupBy(this.monitors, (monitor) => monitor.group ?? '');
      return [...groups].map(([name, monitors]) => ({ name, monitors })).sort((a, b) => a.name.localeCompare(b.name));
    },

    /** @param {ListedMonitor} monitor */
    badge: (monitor) => badgeOf(monitor, monitor.latest),

    /** @param {ListedMonitor} monitor */
    value: (monitor) => formatResult(monitor.latest),

    /** @param {ListedMonitor} monitor */
    lastRun(monitor) {
      return monitor.latest ? formatAgo(monitor.latest.date, this.now) : 'never';
    },

    /** @param {ListedMonitor} monitor */
    lastRunDate: (monitor) => (monitor.latest ? formatDate(monitor.latest.date) : ''),

    bars: historyPath,
    describe: describeHistory,
  };
}
