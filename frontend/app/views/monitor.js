/** @import {Monitor, MonitorChange, Result, Stats} from '../../types/model' */
/** @import {Api} from '../api.js' */
/** @import {Live} from '../events.js' */
import { ApiError, messageOf } from '../api.js';
import { LatencyChart } from '../chart.js';
import { coalesce } from '../coalesce.js';
import {
  badgeOf,
  badgeOfStatus,
  formatAgo,
  formatDate,
  formatNumber,
  formatPercent,
  formatResult,
  formatValue,
  unitOf,
} from '../format.js';

const TICK = 5000;
const SHOWN_RESULTS = 50;
/** How long new results may wait before the figures over them are read again. */
const STATS_DELAY = 3000;

/**
 * One monitor: its status, figures, chart and latest results.
 * @param {Api} api
 * @param {Live} live
 * @param {string} id
 */
export function monitor(api, live, id) {
  let unsubscribe = () => {};
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let clock;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let statsDue;
  /** @type {LatencyChart | undefined} */
  let chart;

  return {
    /** @type {Monitor | null} */
    monitor: null,
    /** @type {Result[]} newest first */
    results: [],
    /** @type {Stats | null} */
    stats: null,
    window: '1h',
    error: '',
    actionError: '',
    missing: false,
    notice: '',
    busy: false,
    now: Date.now(),
    load: async () => {},
    loadStats: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.loadStats = coalesce(() => this.readStats());
      unsubscribe = live.subscribe({
        result: (result) => this.onResult(result),
        monitor: (change) => this.onChange(change),
        stale: () => this.load(),
      });
      clock = setInterval(() => this.tick(), TICK);
      this.load();
    },

    destroy() {
      unsubscribe();
      clearInterval(clock);
      clearTimeout(statsDue);
      chart?.destroy();
    },

    async read() {
      try {
        const [[monitor, results], meanwhile] = await live.during(() =>
          Promise.all([api.monitor(id), api.results(id, SHOWN_RESULTS)]),
        );
        this.monitor = monitor;
        this.results = results;
        meanwhile.forEach((result) => this.onResult(result));
        this.missing = false;
        this.error = '';
        this.tick();
        await this.loadStats();
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          this.leave();
        } else {
          this.error = messageOf(error);
        }
      }
    },

    async readStats() {
      clearTimeout(statsDue);
      statsDue = undefined;
      try {
        this.stats = await api.stats(id, this.window);
        this.error = '';
        this.draw();
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    readAgain() {
      this.actionError = '';
      return this.load();
    },

    /** Shows that there is no such monitor any more. */
    leave() {
      this.monitor = null;
      this.missing = true;
      this.error = '';
    },

    tick() {
      this.now = Date.now();
    },

    /** @param {Result} result */
    onResult(result) {
      if (result.monitor_id !== id || this.results.some((known) => known.id === result.id)) {
        return;
      }
      this.results = [result, ...this.results].sort(newestFirst).slice(0, SHOWN_RESULTS);
      this.notice = '';
      this.tick();
      statsDue ??= setTimeout(() => this.loadStats(), STATS_DELAY);
    },

    /** @param {MonitorChange} change */
    onChange(change) {
      if (change.id === id && change.change !== 'deleted') {
        this.load();
      } else if (change.id === id && !this.busy) {
        this.leave();
      }
    },

    /** @param {HTMLElement} element where the chart goes */
    mountChart(element) {
      chart = new LatencyChart(element);
      this.draw();
    },

    draw() {
      if (this.stats) {
        chart?.draw(this.stats.buckets, this.unit);
      }
    },

    run() {
      return this.act(async () => {
        await api.run(id);
        this.notice = 'The check is on its way; its result will show up here.';
      });
    },

    /** @param {HTMLDialogElement} dialog asks whether to; closed either way, so that a failure can be read */
    async remove(dialog) {
      await this.act(async () => {
        await api.remove(id);
        location.hash = '#home';
      });
      dialog.close();
    },

    /** @param {() => Promise<void>} action */
    async act(action) {
      this.busy = true;
      this.actionError = '';
      try {
        await action();
      } catch (error) {
        this.actionError = messageOf(error);
      } finally {
        this.busy = false;
      }
    },

    get problem() {
      return this.actionError || this.error;
    },

    get isLoading() {
      return !this.monitor && !this.missing && !this.error;
    },

    get latest() {
      return this.results[0] ?? null;
    },

    get badge() {
      return this.monitor ? badgeOf(this.monitor, this.latest) : null;
    },

    get unit() {
      return unitOf(this.latest);
    },

    get editHref() {
      return `#edit/${id}`;
    },

    get canRun() {
      return !this.busy && this.monitor?.enabled === true;
    },

    get hasValues() {
      return this.stats?.buckets.some((bucket) => bucket.p50 !== null) ?? false;
    },

    get uptimeNote() {
      return this.stats?.uptimeFrom ? `known since ${formatDate(this.stats.uptimeFrom)}` : '';
    },

    get lastRun() {
      return this.latest ? formatAgo(this.latest.date, this.now) : 'never';
    },

    /** The figures over the window, each with its name. */
    get figures() {
      const stats = this.stats;
      const { ok, error, failed } = stats?.counts ?? { ok: 0, error: 0, failed: 0 };
      return [
        { name: 'Uptime', value: formatPercent(stats?.uptime), note: this.uptimeNote },
        { name: 'p50', value: formatValue(stats?.p50, this.unit), note: 'half are below' },
        { name: 'p95', value: formatValue(stats?.p95, this.unit), note: '95 % are below' },
        {
          name: 'Checks',
          value: formatNumber(ok + error + failed),
          note: `${ok} OK, ${error} error, ${failed} failed`,
        },
      ];
    },

    badgeOf: (/** @type {Result} */ result) => badgeOfStatus(result.status),
    value: formatResult,
    date: formatDate,

    /** @param {Result} result */
    outputs: (result) =>
      Object.entries(result.outputs).map(([name, value]) => ({
        name,
        value: typeof value === 'number' ? formatNumber(value) : String(value),
      })),
  };
}

/**
 * @param {Result} a
 * @param {Result} b
 */
function newestFirst(a, b) {
  return Date.parse(b.date) - Date.parse(a.date) || b.id.localeCompare(a.id);
}
