/** @import {ListedIncident} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import Alpine from '../../lib/alpine.js';
import { messageOf } from '../../api.js';
import { notificationControl } from '../../browser-notifications.js';
import { coalesce } from '../../coalesce.js';
import { describeDeliveries } from '../../deliveries.js';
import { formatExact, formatShort } from '../../format.js';
import { describeAcknowledgement, incidentDialogs, silenceOf } from '../../incident-dialogs/incident-dialogs.js';
import { describeDependents, incidentAddress, laterMessageOf, lengthOf, monitorFinder } from '../../incidents.js';
import { monitorFilter } from '../../monitor-choices.js';
import { rememberSettings } from '../../router.js';
import { badgeOfStatus } from '../../status.js';
import { addressOf, groupChoices, queryOf, settingsOf } from './filter.js';
import { incidentPages } from './pages.js';

/** The delay before the incidents are read again after an event, so that many events share a read, in milliseconds. */
const EVENT_DELAY = 300;
/** The delay before they are read once more, with the deliveries that are made after the event, in milliseconds. */
const DELIVERY_DELAY = 2500;
/** How often they are read while one is open or a delivery is pending, in milliseconds. */
const REFRESH = 10_000;

/**
 * The incidents of all monitors: first the open ones, then the ended ones, each newest first.
 * @param {App} app
 * @param {Route} route
 */
export function incidents(app, { params }) {
  const { api, live, clock } = app;
  const findIn = monitorFinder();
  let release = () => {};
  let unsubscribe = () => {};
  let reload = async () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let nextLoad = Infinity;
  /** Whether an event has arrived after the start of the latest read but one. */
  let changed = false;
  let destroyed = false;
  /** Where the view was scrolled to when the user left it. The page can't scroll there before the incidents are shown. */
  const scroll = history.state?.scroll ?? 0;

  return {
    clock,
    list: app.monitors.state,
    settings: settingsOf(params),
    open: incidentPages(api, true),
    ended: incidentPages(api, false),
    dialogs: incidentDialogs(app, () => reload()),
    browser: notificationControl(app),
    loaded: false,
    busy: false,
    error: '',
    byMonitor: monitorFilter(app.monitors.state),
    load: async () => {},

    init() {
      release = app.monitors.use();
      this.load = coalesce(() => this.read());
      reload = this.load;
      unsubscribe = live.subscribe({ incident: () => this.onIncident(), stale: () => this.load() });
      this.load();
    },

    destroy() {
      destroyed = true;
      release();
      unsubscribe();
      clearTimeout(timer);
    },

    async read() {
      clearTimeout(timer);
      nextLoad = Infinity;
      const again = changed;
      changed = false;
      const filters = JSON.stringify(addressOf(this.settings));
      const query = queryOf(this.settings, api.now());
      try {
        const show = await Promise.all(
          this.sections.map(({ pages, isShown }) => (isShown ? pages.read(filters, query) : () => pages.clear())),
        );
        show.forEach((showPages) => showPages()); // together, so that nothing moves
        this.error = '';
        if (!this.loaded && scroll > 0) {
          Alpine.nextTick(() => destroyed || scrollTo(0, scroll));
        }
        this.loaded = true;
        if (again) {
          this.loadIn(DELIVERY_DELAY);
        } else if (this.isChanging) {
          this.loadIn(REFRESH);
        }
      } catch (error) {
        this.error = messageOf(error);
        this.loadIn(REFRESH); // The event stream may work, and then no event causes another attempt.
      }
    },

    /**
     * Schedules a read. Of several scheduled reads only the earliest runs. A hidden page reads when it is visible again.
     * @param {number} delay in milliseconds
     */
    loadIn(delay) {
      const time = Date.now() + delay;
      if (!destroyed && time < nextLoad) {
        nextLoad = time;
        clearTimeout(timer);
        timer = setTimeout(() => {
          nextLoad = Infinity;
          document.hidden || this.load();
        }, delay);
      }
    },

    onIncident() {
      changed = true;
      this.loadIn(EVENT_DELAY);
    },

    /** @param {{pages: ReturnType<typeof incidentPages>}} section */
    async showMore({ pages }) {
      this.busy = true;
      try {
        await pages.readMore();
      } catch (error) {
        app.notify(messageOf(error), 'failed');
      } finally {
        this.busy = false;
      }
    },

    clearFilters() {
      this.settings = settingsOf(new URLSearchParams());
      this.byMonitor.clear();
      return this.load();
    },

    /** Stores the settings in the page's address. */
    remember() {
      rememberSettings('#incidents', addressOf(this.settings));
    },

    get sections() {
      const { state } = this.settings;
      return [
        { key: 'open', title: 'Open', pages: this.open, isShown: state !== 'ended' },
        { key: 'ended', title: 'Ended', pages: this.ended, isShown: state !== 'open' },
      ];
    },

    /** Whether the shown incidents may change without an event. */
    get isChanging() {
      const isPending = (/** @type {ListedIncident} */ { deliveries }) => deliveries.some(({ pending }) => pending > 0);
      return this.open.items.length > 0 || this.ended.items.some(isPending);
    },

    get isLoading() {
      return !this.loaded && !this.error;
    },

    get isEmpty() {
      return this.loaded && this.open.items.length + this.ended.items.length === 0;
    },

    get isFiltered() {
      return Object.values(addressOf(this.settings)).some(Boolean);
    },

    get groups() {
      return groupChoices(this.list.items, this.settings.group);
    },

    /** @param {string} name the name of a choice, or empty for all monitors */
    choose(name) {
      const id = this.byMonitor.find(name);
      if (id !== null) {
        this.settings.monitor = id;
        this.load();
      }
    },

    /** @param {ListedIncident} incident */
    monitorOf({ monitor_id }) {
      return findIn(this.list.items, monitor_id);
    },

    /** @param {ListedIncident} incident */
    isDeleted(incident) {
      return this.list.loaded && !this.monitorOf(incident);
    },

    /** @param {ListedIncident} incident */
    href: (incident) => incidentAddress(incident, api.now()),

    /** @param {ListedIncident} incident */
    length(incident) {
      return incident.resolved ? lengthOf(incident, 0) : `for ${lengthOf(incident, clock.now)}`;
    },

    /**
     * The tooltip of the row, which the link covers.
     * @param {ListedIncident} incident
     */
    period({ firstNotOK, resolved }) {
      const times = [`From ${formatExact(firstNotOK)}`, ...(resolved ? [`to ${formatExact(resolved)}`] : [])];
      return [...times, 'Show this incident in the chart of the monitor'].join('\n');
    },

    /** @param {ListedIncident} incident */
    dependents(incident) {
      return describeDependents(incident, (id) => findIn(this.list.items, id));
    },

    /**
     * The marks of an incident. Each has the class of its colour and the name of its icon.
     * @param {ListedIncident} incident
     */
    marks(incident) {
      const silence = incident.resolved ? '' : silenceOf(this.monitorOf(incident), clock.now);
      return [
        {
          key: 'acknowledged',
          icon: 'check',
          text: describeAcknowledgement(incident),
          note: incident.acknowledgement?.note ?? '',
        },
        {
          key: 'silenced',
          icon: 'silenced',
          text: silence || (incident.silenced ? 'Opened in a silence' : ''),
          note: '',
        },
        { key: 'dependents', icon: 'blocked', text: this.dependents(incident), note: '' },
        {
          key: 'closed',
          icon: 'close',
          text: incident.closed ? 'Closed: the monitor was disabled or deleted' : '',
          note: '',
        },
        { key: 'deleted', icon: 'close', text: this.isDeleted(incident) ? 'The monitor was deleted' : '', note: '' },
        { key: 'reconstructed', icon: 'run', text: incident.reconstructed ? 'Reconstructed' : '', note: '' },
      ].filter(({ text }) => text);
    },

    /** @param {ListedIncident} incident */
    deliveries: ({ deliveries }) => deliveries.map(describeDeliveries),

    /**
     * Says why there are no deliveries.
     * @param {ListedIncident} incident
     */
    noDeliveries({ silenced, reconstructed }) {
      return silenced ? 'Silenced' : reconstructed ? 'Notifications not recorded' : 'No notifications';
    },

    /** @param {ListedIncident} incident */
    badge: ({ severity }) => badgeOfStatus(severity),
    laterMessage: laterMessageOf,
    date: formatShort,
  };
}
