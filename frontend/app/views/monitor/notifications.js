/** @import {Notification, Delivery, Result} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {incidentPanel} from './incident.js' */
/** @import {incidentList} from './incident-list.js' */
/** @import {MonitorRange} from '../../range/range.js' */
/** @import {Badge} from '../../status.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { badgeOfDelivery, channelOf } from '../../deliveries.js';
import { formatCount, formatShort } from '../../format.js';
import { badgeOfStatus, WARNING } from '../../status.js';

/** @typedef {{number: number, opened: string, badge: Badge, notifications: Notification[]}} NotifiedIncident */

const PAGE_SIZE = 10;
/** The delay before notifications are loaded after a change of the status or the monitor, in milliseconds. */
const CHANGE_DELAY = 2_000;
/**
 * How often notifications are reloaded while the monitor is not OK, an incident is open or a delivery is pending, in
 * milliseconds.
 */
const REFRESH = 10_000;

const KINDS = {
  alert: 'Opened',
  escalation: 'Escalated',
  reminder: 'Reminder',
  acknowledged: 'Acknowledged',
  recovery: 'Resolved',
  closed: 'Closed',
  warning: 'Warning',
  test: 'Test',
};

/**
 * The notifications of a monitor in the range, newest first, in pages and grouped by incident. If the address names an
 * incident, only the notifications of this incident.
 * @param {Api} api
 * @param {string} id
 * @param {MonitorRange} range
 * @param {ReturnType<typeof incidentPanel>} shownIncident
 * @param {ReturnType<typeof incidentList>} list
 */
export function notificationPanel(api, id, range, shownIncident, list) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let nextLoad = Infinity;
  let destroyed = false;
  /** The paths of all pages up to the current one. The first one depends on the time. @type {string[]} */
  const pages = [''];
  let nextPage = '';
  /** The number of the newest incident that is known to have ended. */
  let lastEnded = 0;

  return {
    /** Whether only the notifications of the shown incident are listed. */
    single: shownIncident.isGiven,
    /** @type {readonly Readonly<NotifiedIncident>[]} */
    incidents: Object.freeze([]),
    loaded: false,
    busy: false,
    error: '',
    page: 0,
    hasNext: false,
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.load();
    },

    destroy() {
      destroyed = true;
      clearTimeout(timer);
    },

    /** Reloads the current page. */
    async read() {
      clearTimeout(timer);
      nextLoad = Infinity;
      this.busy = true;
      try {
        const notifications = (this.single && (await this.readSingle())) || (await this.readPage());
        this.incidents = Object.freeze(groupByIncident(notifications, lastEnded));
        this.error = '';
        this.loaded = true;
        if (this.isOpen || notifications.some((notification) => notification.next)) {
          this.loadIn(REFRESH);
        }
      } catch (error) {
        this.error = messageOf(error);
      } finally {
        this.busy = false;
      }
    },

    /** @returns {Promise<Notification[]>} */
    async readPage() {
      const { from, to } = range.dates;
      const query = new URLSearchParams({ monitor: id, max: String(PAGE_SIZE), from, ...(to ? { to } : {}) });
      /** @type {{items: Notification[], next: string}} */
      const { items: notifications, next } = await api.page(pages[this.page] || `/notifications?${query}`);
      nextPage = next;
      this.hasNext = next !== '';
      lastEnded = Math.max(this.page === 0 ? 0 : lastEnded, ...notifications.map(endedIncident));
      return notifications;
    },

    /**
     * Reads the notifications of the shown incident; null if the incident does not exist.
     * @returns {Promise<Notification[] | null>}
     */
    async readSingle() {
      const details = await shownIncident.read();
      this.single = details !== null;
      if (!details) {
        return null;
      }
      const { number = 0, resolved, notifications } = details;
      lastEnded = resolved ? number : number - 1;
      return notifications.toReversed();
    },

    /** Lists the notifications of all incidents. */
    showAll() {
      this.single = false;
      this.loaded = false;
      return this.load();
    },

    /** Loads the first page of a new range. */
    follow() {
      this.page = 0;
      return this.load();
    },

    /**
     * Schedules a reload. Of several pending reloads only the earliest runs. A hidden page reloads when it is visible
     * again.
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

    loadSoon() {
      this.loadIn(CHANGE_DELAY);
    },

    /**
     * Schedules a reload if the result may cause a notification.
     * @param {Result} result
     * @param {Result | null} previous
     */
    onResult(result, previous) {
      if (result.status !== previous?.status) {
        this.loadSoon();
      } else if (result.status !== 0) {
        this.loadIn(REFRESH);
      }
    },

    get isOpen() {
      return range.isLive && this.page === 0 && this.incidents[0]?.badge === OPEN;
    },

    /**
     * Whether an incident is open. It may have ended after the notifications of the range.
     * @param {NotifiedIncident} incident
     */
    state: ({ number, badge }) => (number && list.hasEnded(number) ? ENDED : badge),

    async older() {
      if (this.canGoOlder) {
        pages[++this.page] = nextPage;
        await this.load();
      }
    },

    async newer() {
      if (this.canGoNewer) {
        this.page--;
        await this.load();
      }
    },

    get canGoOlder() {
      return this.hasNext && !this.busy;
    },

    get canGoNewer() {
      return this.page > 0 && !this.busy;
    },

    get hasPages() {
      return !this.single && (this.hasNext || this.page > 0);
    },

    get pageText() {
      return `Page ${this.page + 1}`;
    },

    get isLoading() {
      return !this.loaded && !this.error;
    },

    get isEmpty() {
      return this.loaded && this.incidents.length === 0;
    },

    /** @param {Notification} notification */
    kind: ({ kind }) => KINDS[kind] ?? kind,

    /** @param {Notification} notification */
    badge: ({ kind, status }) => (kind === 'warning' ? WARNING : badgeOfStatus(status)),

    /** @param {Notification} notification */
    dependents: ({ behind = 0 }) =>
      `${formatCount(behind, 'monitor')} ${behind === 1 ? 'depends' : 'depend'} on this one.`,

    /**
     * Explains why a notification has no deliveries.
     * @param {Notification} notification
     */
    notSent({ kind, next, silenced }) {
      if (silenced) {
        return 'Not sent: the monitor was silenced.';
      }
      if (kind === 'closed') {
        return 'Not sent: the monitor was disabled or deleted.';
      }
      return next ? 'Waiting to be sent.' : 'Not sent: no channel is configured.';
    },

    /**
     * Describes the attempts of a pending delivery.
     * @param {Notification} notification
     * @param {Delivery} delivery
     */
    progress({ attempts, next }, { status, answer }) {
      if (status !== 'pending' || !next) {
        return '';
      }
      return answer ? `(${formatCount(attempts, 'attempt')}, next attempt at ${formatShort(next)})` : 'Sending…';
    },

    deliveryBadge: badgeOfDelivery,
    channel: channelOf,
    date: formatShort,
  };
}

/** @type {Badge} */
const OPEN = Object.freeze({ key: 'failed', label: 'Open' });
/** @type {Badge} */
const ENDED = Object.freeze({ key: 'ok', label: 'Ended' });

/**
 * Returns the newest incident that must have ended, given a notification: an incident starts only after the previous
 * one has ended.
 * @param {Notification} notification
 */
function endedIncident({ kind, incident }) {
  return kind === 'recovery' || kind === 'closed' ? incident : incident - 1;
}

/**
 * @param {Notification[]} notifications
 * @param {number} lastEnded the number of the newest ended incident
 * @returns {NotifiedIncident[]} in the order of their newest notifications
 */
function groupByIncident(notifications, lastEnded) {
  /** @type {Map<number, NotifiedIncident>} */
  const incidents = new Map();
  for (const notification of notifications) {
    const number = notification.incident;
    const incident = incidents.get(number);
    if (incident) {
      incident.notifications.push(notification);
    } else {
      incidents.set(number, {
        number,
        opened: (number && notification.opened) || '',
        badge: !number ? WARNING : number <= lastEnded ? ENDED : OPEN,
        notifications: [notification],
      });
    }
  }
  return [...incidents.values()].map((incident) => Object.freeze(incident));
}
