/** @import {ListedMonitor, MonitorChange, Result} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import { ApiError, messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { badgeOf, describeHistory, formatAgo, formatExact, markOf, unitOf } from '../../format.js';
import { alertLog } from './alerts.js';
import { latencyPanel } from './latency.js';
import { newestFirst, resultListing } from '../results/listing.js';
import { rememberSettings } from '../../router.js';
import { STRIP, stripOf } from './strip.js';
import { surroundings } from './surroundings.js';
import { uptimeFigures } from './uptime.js';

/** Properties that may hold secrets: only that they are set is shown. */
const SECRET = ['headers', 'body'];

/**
 * One monitor: its status, uptime, last runs, latency, alerts and results.
 * @param {App} app
 * @param {Route} route
 */
export function monitor(app, { id, params }) {
  const { api, live, clock } = app;
  let unsubscribe = () => {};

  return {
    clock,
    /** @type {Readonly<ListedMonitor> | null} */
    monitor: null,
    /** The last ones, newest first. @type {readonly Result[]} */
    recent: Object.freeze([]),
    uptime: uptimeFigures(api, id),
    latency: latencyPanel(api, id, params),
    listing: resultListing(app, params, id),
    alerts: alertLog(api, id),
    around: surroundings(app),
    /** What the bar of the strip that is pointed at stands for. */
    pointedRun: '',
    error: '',
    missing: false,
    busy: false,
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      unsubscribe = live.subscribe({
        result: (result) => result.monitor_id === id && this.onResult(result),
        monitor: (change) => change.id === id && this.onChange(change),
        stale: () => this.onStale(),
      });
      this.around.init();
      this.load();
      this.uptime.init();
      this.latency.init();
      this.listing.init();
      this.alerts.init();
    },

    destroy() {
      unsubscribe();
      this.latency.destroy();
      this.listing.destroy();
      this.alerts.destroy();
      this.around.destroy();
    },

    async read() {
      try {
        const [[monitor, { results }], meanwhile] = await live.during(() =>
          Promise.all([api.listedMonitor(id), api.results({ monitor: id, max: STRIP }), this.around.windows.load()]),
        );
        this.monitor = Object.freeze(monitor);
        this.around.meet(monitor);
        this.setRecent(results);
        meanwhile.filter((result) => result.monitor_id === id).forEach((result) => this.addRecent(result));
        this.missing = false;
        this.error = '';
        app.setTitle(monitor.name);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          this.miss();
        } else {
          this.error = messageOf(error);
        }
      }
    },

    readAgain() {
      this.load();
      this.uptime.load();
      this.latency.load();
      this.listing.load();
      this.alerts.load();
    },

    onStale() {
      this.load();
      this.uptime.refresh();
      this.latency.refresh();
      this.alerts.load();
    },

    /** Shows that there is no such monitor any more. */
    miss() {
      this.monitor = null;
      this.missing = true;
      this.error = '';
    },

    /** @param {MonitorChange} change */
    onChange({ change }) {
      if (change !== 'deleted') {
        this.load();
        this.alerts.loadSoon();
      } else if (!this.busy) {
        this.miss();
      }
    },

    /** @param {Result} result */
    onResult(result) {
      this.alerts.onResult(result, this.latest);
      this.addRecent(result);
      this.uptime.refresh();
      this.latency.refresh();
    },

    /** @param {Result} result */
    addRecent(result) {
      if (this.recent.some((known) => known.id === result.id)) {
        return;
      }
      const { latest } = this;
      if (
        this.monitor &&
        result.status !== latest?.status &&
        !(Date.parse(result.date) < Date.parse(latest?.date ?? ''))
      ) {
        this.monitor = Object.freeze({ ...this.monitor, since: result.date });
      }
      this.setRecent([result, ...this.recent].sort(newestFirst));
    },

    /** @param {Result[]} results */
    setRecent(results) {
      this.recent = Object.freeze(results.slice(0, STRIP).map((result) => Object.freeze(result)));
      this.latency.unit = unitOf(this.recent.find((result) => result.status !== 2));
    },

    /** Keeps the settings in the address. */
    remember() {
      rememberSettings(`#monitor/${id}`, { ...this.latency.address, ...this.listing.address });
    },

    runNow() {
      return this.act(async () => {
        await api.run(id);
        app.notify('The check is on its way; its result will show up here.');
      });
    },

    /** @param {boolean} enabled */
    enable(enabled) {
      return this.act(async () => {
        await api.save({ ...(await api.monitor(id)), enabled });
        app.notify(
          enabled ? 'Enabled: the first check is on its way.' : 'Disabled: no more checks until it is enabled.',
        );
        await this.load();
      });
    },

    /** @param {HTMLDialogElement} dialog asks whether to; closed either way, so that a failure can be read */
    async remove(dialog) {
      await this.act(async () => {
        await api.remove(id);
        app.notify(`Deleted: ${this.monitor?.name}`);
        location.hash = '#list';
      });
      dialog.close();
    },

    /** @param {() => Promise<void>} action */
    async act(action) {
      this.busy = true;
      try {
        await action();
      } catch (error) {
        app.notify(messageOf(error), 'failed');
      } finally {
        this.busy = false;
      }
    },

    get isLoading() {
      return !this.monitor && !this.missing && !this.error;
    },

    get latest() {
      return this.recent[0] ?? null;
    },

    get badge() {
      return this.monitor ? badgeOf(this.monitor, this.latest) : null;
    },

    /** Why the latest result doesn't count; null where it does. */
    get mark() {
      return this.monitor?.enabled ? markOf(this.latest) : null;
    },

    /** When the shown status began; empty where that isn't known. */
    get since() {
      return (this.monitor?.enabled && this.latest && this.monitor.since) || '';
    },

    get sinceText() {
      return this.since ? `for ${formatAgo(this.since, this.clock.now).replace(' ago', '')}` : '';
    },

    get lastRunText() {
      return this.latest ? `last run ${formatAgo(this.latest.date, this.clock.now)}` : 'never run';
    },

    get editHref() {
      return `#edit/${id}`;
    },

    get cloneHref() {
      return `#edit/new?from=${id}`;
    },

    get planHref() {
      return `#maintenance/new?monitor=${id}`;
    },

    get canRun() {
      return !this.busy && this.monitor?.enabled === true;
    },

    /** The target, without the password that its address may hold. */
    get target() {
      const target = this.monitor?.target ?? '';
      return this.isLink ? target.replace(/^(https?:\/\/)[^/?#]*@/i, '$1') : target;
    },

    get isLink() {
      return /^https?:\/\//i.test(this.monitor?.target ?? '');
    },

    /** The properties that are set, each with what may be shown of it. */
    get properties() {
      return Object.entries(this.monitor?.properties ?? {})
        .filter(([name, value]) => value !== '' && name !== 'dependsOn')
        .map(([name, value]) => ({ name, value: SECRET.includes(name) ? 'set' : value }));
    },

    get bars() {
      return stripOf(this.recent);
    },

    get stripText() {
      return describeHistory([...this.recent]);
    },

    get runText() {
      return this.pointedRun || this.stripText;
    },

    exact: (/** @type {string} */ date) => (date ? formatExact(date) : ''),
  };
}
