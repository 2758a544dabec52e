/** @import {ListedMonitor, MonitorChange, Result, Spec} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatAgo, formatExact, formatFor, formatMoment, unitOf } from '../../format.js';
import { badgeOf, describeHistory, markOfMonitor, notCheckedAfter, sinceOf } from '../../status.js';
import { incidentDialogs, silenceOf } from '../../incident-dialogs/incident-dialogs.js';
import { monitorRemover, newRemoval } from '../list/actions.js';
import { actionPanel } from './actions.js';
import { dependencyPanel } from './dependency.js';
import { heatmapPanel } from './heatmap.js';
import { incidentPanel } from './incident.js';
import { latencyPanel } from './latency.js';
import { maintenancePanel } from './maintenance.js';
import { notificationPanel } from './notifications.js';
import { labelsOf } from '../../labels.js';
import { shownProperties } from './properties.js';
import { BARS, barsOf } from './recent-checks.js';
import { newestFirst, resultListing } from '../../result-table/listing.js';
import { rememberSettings } from '../../router.js';
import { timeRangeOf } from '../../time-range.js';
import { uptimeFigures } from './uptime.js';

/**
 * One monitor: its status, uptime, recent checks, latency, notifications and results.
 * @param {App} app
 * @param {Route} route
 */
export function monitor(app, { id, params }) {
  const { api, live, clock } = app;
  const incidentID = params.get('incident') ?? '';
  const incident = Alpine.reactive(incidentPanel(app, id, incidentID));
  let unsubscribe = () => {};
  let reload = async () => {};
  let onDialog = () => {};
  /** @type {(from: number, to: number | null) => void} */
  let showDay = () => {};

  return {
    clock,
    /** @type {Readonly<ListedMonitor> | null} */
    monitor: null,
    /** The monitor types; empty until they are loaded. @type {readonly Spec[]} */
    types: Object.freeze([]),
    /** The recent results, newest first. @type {readonly Result[]} */
    recent: Object.freeze([]),
    uptime: uptimeFigures(api, id),
    latency: latencyPanel(api, id, params),
    heatmap: heatmapPanel(app, id, (from, to) => showDay(from, to)),
    listing: resultListing(app, params, { monitor: id }),
    notifications: notificationPanel(api, id, incident),
    incident,
    actions: actionPanel(app, id, () => reload()),
    dialogs: incidentDialogs(app, () => onDialog()),
    dependency: dependencyPanel(app),
    maintenance: maintenancePanel(app),
    /** The description of the bar under the pointer. */
    hoveredCheck: '',
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
      this.maintenance.init();
      this.loadMonitor();
      this.uptime.init();
      this.latency.init();
      showDay = (from, to) => this.showDay(from, to);
      this.heatmap.init();
      this.listing.init();
      this.notifications.init();
      this.incident.loadLatest();
    },

    destroy() {
      unsubscribe();
      this.latency.destroy();
      this.heatmap.destroy();
      this.listing.destroy();
      this.notifications.destroy();
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
        this.monitor = Object.freeze(monitor);
        this.dependency.follow(monitor);
        this.setRecent(results);
        newResults.filter((result) => result.monitor_id === id).forEach((result) => this.addRecent(result));
        this.missing = false;
        this.error = '';
        app.setTitle(monitor.name);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          this.showMissing();
        } else {
          this.error = messageOf(error);
        }
      }
    },

    load() {
      this.loadMonitor();
      this.uptime.load();
      this.latency.load();
      this.heatmap.load();
      this.listing.load();
      this.onIncident();
    },

    onStale() {
      this.loadMonitor();
      this.uptime.refresh();
      this.latency.refresh();
      this.onIncident();
    },

    /** Reads what has changed with an incident. */
    onIncident() {
      this.incident.loadLatest();
      this.notifications.load();
      this.notifications.loadSoon();
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
      this.uptime.refresh();
      this.latency.refresh();
    },

    /** @param {Result} result */
    addRecent(result) {
      if (this.recent.some((known) => known.id === result.id)) {
        return;
      }
      const { latest, monitor } = this;
      if (monitor) {
        const isNew = result.status !== latest?.status && !(Date.parse(result.date) < Date.parse(latest?.date ?? ''));
        const since = isNew ? result.date : monitor.since;
        this.monitor = Object.freeze({ ...monitor, since, notChecked: notCheckedAfter(monitor, result) });
      }
      this.setRecent([result, ...this.recent].sort(newestFirst));
    },

    /** @param {Result[]} results */
    setRecent(results) {
      this.recent = Object.freeze(results.slice(0, BARS).map((result) => Object.freeze(result)));
      this.latency.unit = unitOf(this.recent.find((result) => result.status !== 2));
    },

    /**
     * Shows a day in the chart and in the table.
     * @param {number} from milliseconds since 1970
     * @param {number | null} to null for now
     */
    showDay(from, to) {
      const [start, end] = [from, to].map((time) => (time ? new Date(time).toISOString() : ''));
      this.latency.zoom = { from, to };
      this.latency.load();
      Object.assign(this.listing.settings, timeRangeOf(new URLSearchParams({ from: start, to: end })));
      this.listing.refilter();
    },

    /** Stores the settings in the page's address. */
    remember() {
      const { address } = this.listing;
      const incident = this.incident.missing ? '' : incidentID;
      this.heatmap.show(address);
      rememberSettings(`#monitor/${id}`, { incident, ...this.latency.address(address), ...address });
    },

    get isLoading() {
      return !this.monitor && !this.missing && !this.error;
    },

    get latest() {
      return this.recent[0] ?? null;
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
      return this.latest ? `last check ${formatAgo(this.latest.date, this.clock.now)}` : 'never checked';
    },

    get canCheck() {
      return !this.actions.busy && this.monitor?.enabled === true;
    },

    /** The target without the user and password of its URL. */
    get target() {
      const target = this.monitor?.target ?? '';
      return this.isLink ? target.replace(/^(https?:\/\/)[^/?#]*@/i, '$1') : target;
    },

    get isLink() {
      return /^https?:\/\//i.test(this.monitor?.target ?? '');
    },

    /** Until when the monitor is silenced; empty if it is not. */
    get silenced() {
      return silenceOf(this.monitor, this.clock.now);
    },

    get labels() {
      return labelsOf(this.monitor ?? {});
    },

    get properties() {
      return shownProperties(this.monitor, this.types);
    },

    get bars() {
      return barsOf(this.recent);
    },

    get recentText() {
      return this.hoveredCheck || describeHistory([...this.recent]);
    },

    exact: (/** @type {string} */ date) => (date ? formatExact(date) : ''),
  };
}
