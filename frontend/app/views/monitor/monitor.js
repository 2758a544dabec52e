/** @import {ListedMonitor, MonitorChange, Result, Spec} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatExact, formatFor, formatMoment, unitOf } from '../../format.js';
import { badgeOf, canCheck, markOfMonitor, notCheckedAfter, sinceOf } from '../../status.js';
import { incidentDialogs, silenceOf } from '../../incident-dialogs/incident-dialogs.js';
import { monitorRemover, newRemoval } from '../list/actions.js';
import { actionPanel } from './actions.js';
import { dependencyPanel } from './dependency.js';
import { facts } from './facts.js';
import { incidentPanel } from './incident.js';
import { maintenancePanel } from './maintenance.js';
import { notificationPanel } from './notifications.js';
import { pushPanel } from './push.js';
import { withHistory } from '../../monitors.js';
import { mountPart } from '../../parts.js';
import { rangePanels } from './range-panels.js';
import { BARS, describeLatest, recentChecks } from './recent-checks.js';
import { newestFirst, resultListing } from '../../result-table/listing.js';
import { rememberSettings } from '../../router.js';

/**
 * One monitor: its status, recent checks, and its uptime, charts, incidents, notifications and results in one time range.
 * @param {App} app
 * @param {Route} route
 */
export function monitor(app, { id, params }) {
  const { api, live, clock } = app;
  const incidentID = params.get('incident') ?? '';
  const incident = Alpine.reactive(incidentPanel(app, id, incidentID));
  const panels = rangePanels(app, id, params);
  const { range, bar, statistics, uptime, outputs, latency, heatmap, incidents } = panels;
  let unsubscribe = () => {};
  let reload = async () => {};
  let onDialog = () => {};

  return {
    clock,
    /** @type {Readonly<ListedMonitor> | null} */
    monitor: null,
    /** The monitor types; empty until they are loaded. @type {readonly Spec[]} */
    types: Object.freeze([]),
    recent: recentChecks(),
    facts,
    range,
    bar,
    statistics,
    uptime,
    outputs,
    latency,
    heatmap,
    incidents,
    listing: resultListing(app, params, { monitor: id, period: () => range.dates }),
    notifications: notificationPanel(api, id, range, incident, incidents),
    push: pushPanel(app, id),
    mountPart,
    incident,
    actions: actionPanel(app, id, () => reload()),
    dialogs: incidentDialogs(app, () => onDialog()),
    dependency: dependencyPanel(app),
    maintenance: maintenancePanel(app),
    error: '',
    missing: false,
    removal: newRemoval(app.notify, monitorRemover(api), ({ name }) => {
      app.notify(`Deleted ${name}`);
      location.hash = '#list';
    }),
    loadMonitor: async () => {},

    init() {
      this.loadMonitor = reload = coalesce(() => this.read());
      onDialog = () => {
        this.loadMonitor();
        this.onIncident();
      };
      unsubscribe = live.subscribe({
        result: (result) => result.monitor_id === id && this.onResult(result),
        monitor: (change) => change.id === id && this.onChange(change),
        incident: (change) => change.monitor_id === id && this.onIncident(),
        stale: () => this.onStale(),
      });
      range.onChange = () => this.onRange();
      app.follow = (address) => this.follow(address);
      this.maintenance.init();
      this.push.init();
      this.loadMonitor();
      panels.init();
      this.listing.init();
      this.notifications.init();
      this.incident.loadLatest();
      this.incident.ready.then(() => incidentID && panels.show(this.incident.incident));
    },

    destroy() {
      unsubscribe();
      panels.destroy();
      this.listing.destroy();
      this.notifications.destroy();
      this.push.destroy();
      this.incident.destroy();
      this.dependency.destroy();
      this.maintenance.destroy();
    },

    async read() {
      try {
        const [[monitor, { results }, types], newResults] = await live.during(() =>
          Promise.all([
            api.listedMonitor(id),
            api.results({ monitor: id, max: BARS }),
            this.types.length > 0 ? this.types : api.types(),
            this.maintenance.load(),
            this.incident.ready,
          ]),
        );
        this.types = Object.freeze(types);
        await this.push.follow(monitor, types);
        this.setMonitor(withHistory(monitor));
        this.setRecent(results);
        newResults.filter((result) => result.monitor_id === id).forEach((result) => this.addRecent(result));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          this.showMissing();
        } else {
          this.error = messageOf(error);
        }
      }
    },

    /** @param {ListedMonitor} monitor */
    setMonitor(monitor) {
      if (monitor.rule && monitor.rule !== this.monitor?.rule) {
        outputs.load(); // for the thresholds
      }
      this.monitor = Object.freeze(monitor);
      this.missing = false;
      this.error = '';
      this.dependency.follow(monitor);
      const spec = this.types.find(({ type }) => type === monitor.type);
      this.latency.setSpec(spec);
      this.outputs.setSpec(spec);
      app.setTitle(monitor.name);
    },

    load() {
      this.loadMonitor();
      this.uptime.load();
      panels.load();
      this.heatmap.load();
      this.listing.load();
      this.onIncident();
    },

    onStale() {
      this.loadMonitor();
      panels.refresh();
      this.onIncident();
    },

    /** Reads what has changed with an incident. */
    onIncident() {
      this.incident.loadLatest();
      this.incidents.load();
      this.notifications.load();
      this.notifications.loadSoon();
    },

    /** Shows another range. */
    onRange() {
      panels.load();
      this.listing.refilter();
      this.notifications.follow();
    },

    /**
     * Takes over the range in another address of this monitor, as after the back button, unless other settings differ too.
     * @param {URLSearchParams} address
     */
    follow(address) {
      const others = Object.entries(this.settings).filter(([name]) => !(name in range.address));
      const isSame = others.every(([name, value]) => (address.get(name) ?? '') === value);
      if (isSame) {
        range.follow(address);
      }
      return isSame;
    },

    /** Shows that the monitor does not exist. */
    showMissing() {
      this.monitor = null;
      this.missing = true;
      this.error = '';
    },

    /** @param {MonitorChange} change */
    onChange({ change }) {
      if (change !== 'deleted') {
        this.loadMonitor();
        this.notifications.loadSoon();
      } else if (!this.actions.busy) {
        this.showMissing();
      }
    },

    /** @param {Result} result */
    onResult(result) {
      this.notifications.onResult(result, this.latest);
      this.addRecent(result);
      this.push.refresh();
      panels.refresh();
    },

    /** @param {Result} result */
    addRecent(result) {
      if (this.recent.has(result)) {
        return;
      }
      const { latest, monitor } = this;
      if (monitor) {
        const isNew = result.status !== latest?.status && !(Date.parse(result.date) < Date.parse(latest?.date ?? ''));
        const since = isNew ? result.date : monitor.since;
        this.monitor = Object.freeze({ ...monitor, since, notChecked: notCheckedAfter(monitor, result) });
      }
      this.setRecent([result, ...this.recent.results].sort(newestFirst));
    },

    /** @param {Result[]} results */
    setRecent(results) {
      this.recent.set(results);
      this.outputs.results = this.recent.results;
      this.latency.setUnit(unitOf(this.recent.results.find((result) => result.status !== 2)));
    },

    /** The settings as parameters of the page's address. */
    get settings() {
      const incident = this.incident.missing ? '' : incidentID;
      return { incident, ...this.listing.address, ...range.address, ...latency.address };
    },

    /** Stores the settings in the page's address. */
    remember() {
      heatmap.show(range.address);
      rememberSettings(`#monitor/${id}`, this.settings);
    },

    get isLoading() {
      return !this.monitor && !this.missing && !this.error;
    },

    get latest() {
      return this.recent.latest;
    },

    /** Why the monitor is not checked; undefined if it is. */
    get notChecked() {
      return this.monitor?.notChecked;
    },

    get notCheckedTime() {
      return this.notChecked ? formatMoment(this.notChecked.since, this.clock.now) : '';
    },

    get badge() {
      return this.monitor ? badgeOf(this.monitor, this.latest) : null;
    },

    /** The label next to the status; null if there is none. */
    get mark() {
      return this.monitor ? markOfMonitor(this.monitor, this.latest) : null;
    },

    /** The start of the current status; empty if unknown. */
    get since() {
      return this.monitor ? sinceOf(this.monitor, this.latest) : '';
    },

    get sinceText() {
      return this.since ? formatFor(this.since, this.clock.now) : '';
    },

    get lastCheckText() {
      return describeLatest(this.latest, this.clock.now, this.push.isUsed);
    },

    get canCheck() {
      return !this.actions.busy && this.monitor !== null && canCheck(this.monitor);
    },

    /** Until when the monitor is silenced; empty if it is not. */
    get silenced() {
      return silenceOf(this.monitor, this.clock.now);
    },

    exact: (/** @type {string} */ date) => (date ? formatExact(date) : ''),
  };
}
