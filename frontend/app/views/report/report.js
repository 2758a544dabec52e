/** @import {Report} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import { ApiError, messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { download } from '../../download.js';
import { formatValue, unitOf } from '../../format.js';
import { rememberSettings } from '../../router.js';
import { ZONE, ZONES } from '../../zones.js';
import { describeBudget, describeFigures, formatSeconds, rowOf, timeRows } from './figures.js';
import { formatIn, monthsUntil } from './period.js';

/** The timeout of a request, in milliseconds. A report on thousands of monitors takes some seconds. */
const TIMEOUT = 60_000;
/** How many monitors the page shows at most. The CSV contains all. */
const MAX_ROWS = 1000;

/**
 * The report on one monitor or, without an id, on all or on a group, for a month.
 * @param {App} app
 * @param {Route} route
 */
export function report(app, { id, params }) {
  const { api, live, monitors } = app;
  let unsubscribe = () => {};
  let release = () => {};

  return {
    list: monitors.state,
    isOfMonitor: id !== '',
    month: params.get('month') ?? '',
    group: params.get('group') ?? '',
    zone: params.get('zone') ?? ZONE,
    /** @type {Readonly<Report> | null} */
    report: null,
    error: '',
    missing: false,
    saving: false,
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      release = monitors.use();
      unsubscribe = live.subscribe({ stale: () => this.load() });
      this.load();
    },

    destroy() {
      unsubscribe();
      release();
    },

    async read() {
      try {
        this.report = Object.freeze(await api.json(this.path, { timeout: TIMEOUT }));
        this.error = '';
        this.missing = false;
      } catch (error) {
        this.report = null;
        this.missing = this.isOfMonitor && error instanceof ApiError && error.status === 404;
        this.error = this.missing ? '' : messageOf(error);
      }
    },

    async saveTable() {
      this.saving = true;
      try {
        const response = await api.send(this.path, { timeout: TIMEOUT, headers: { Accept: 'text/csv' } });
        download(await response.blob(), `nanomon-report-${this.shownMonth}.csv`);
      } catch (error) {
        app.notify(`Could not download the report: ${messageOf(error)}`, 'failed');
      } finally {
        this.saving = false;
      }
    },

    print: () => window.print(),

    /** Stores the settings in the page's address. */
    remember() {
      rememberSettings(id ? `#report/${id}` : '#report', this.settings);
    },

    /** The settings that are not the default, for the address. */
    get settings() {
      const { month, group, zone } = this;
      return { month, group, zone: zone === ZONE ? '' : zone };
    },

    /** The path of the report for a request. */
    get path() {
      const { month, group, zone } = this;
      const query = new URLSearchParams({ ...(month && { month }), ...(group && { group }), zone });
      return `${id ? `/monitors/${id}` : ''}/report?${query}`;
    },

    get months() {
      return monthsUntil(api.now(), this.zone, this.month);
    },

    /** The chosen or current month, for example 2026-11. */
    get shownMonth() {
      return this.month || this.months[0].value;
    },

    /** @param {string} month */
    setMonth(month) {
      this.month = month === monthsUntil(api.now(), this.zone, '')[0].value ? '' : month;
      this.load();
    },

    get groups() {
      const names = this.list.items.flatMap(({ group }) => group ?? []);
      return [...new Set(this.group ? [...names, this.group] : names)].sort((a, b) => a.localeCompare(b));
    },

    get zones() {
      return ZONES.includes(this.zone) ? ZONES : [this.zone, ...ZONES];
    },

    get isLoading() {
      return !this.report && !this.error && !this.missing;
    },

    get isEmpty() {
      return this.report?.monitors.length === 0;
    },

    /** The monitor of the report on one monitor. */
    get monitor() {
      return this.isOfMonitor ? this.report?.monitors[0] : undefined;
    },

    get rows() {
      return this.isOfMonitor ? [] : (this.report?.monitors ?? []).slice(0, MAX_ROWS).map(rowOf);
    },

    get hiddenCount() {
      return Math.max(0, (this.report?.monitors.length ?? 0) - MAX_ROWS);
    },

    get total() {
      return this.report && describeFigures(this.report.total);
    },

    get times() {
      return this.report ? timeRows(this.report.total.seconds) : [];
    },

    get budget() {
      return describeBudget(this.monitor);
    },

    get incidents() {
      const { list = [] } = this.monitor?.incidents ?? {};
      return list.map((incident) => ({
        key: incident.from,
        from: incident.beganBefore ? 'before the period' : this.date(incident.from),
        to: incident.open ? 'still open' : this.date(incident.to),
        down: formatSeconds(incident.seconds),
        badge: { key: incident.status, label: incident.status === 'failed' ? 'Failed' : 'Error' },
      }));
    },

    /** The number of incidents that are not listed. */
    get olderIncidents() {
      return (this.monitor?.incidents.count ?? 0) - this.incidents.length;
    },

    get latency() {
      const latency = this.monitor?.latency;
      return latency
        ? [
            ['Average', latency.avg],
            ['p50', latency.p50],
            ['p95', latency.p95],
            ['p99', latency.p99],
            ['Maximum', latency.max],
          ].map(([label, value]) => ({ label, value: formatValue(Number(value), this.unit) }))
        : [];
    },

    /** The unit of the values of the monitor. */
    get unit() {
      return unitOf(this.list.items.find((monitor) => monitor.id === id)?.latest);
    },

    get latencyNote() {
      const latency = this.monitor?.latency;
      if (!latency) {
        return '';
      }
      const days = latency.resolution === 'day' ? ' Only statistics of whole days (UTC) are left at its borders.' : '';
      return `From ${isolated(this.date(latency.from))} to ${isolated(this.date(latency.to))}.${days}`;
    },

    /** The period of the report in words. */
    get period() {
      const { report } = this;
      if (!report) {
        return '';
      }
      const now = report.end ? ' (now)' : '';
      return `${isolated(this.date(report.from))} to ${isolated(this.date(report.to))}${now}, ${report.zone}`;
    },

    get checkedFrom() {
      const from = this.monitor?.checkedFrom;
      return from ? this.date(from) : '';
    },

    /** @param {string} date */
    date(date) {
      return formatIn(this.report?.zone ?? ZONE, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(date));
    },
  };
}

/**
 * Returns a text that keeps its direction within another text.
 * @param {string} text
 */
function isolated(text) {
  return `\u2068${text}\u2069`;
}
