/** @import {Alert, Delivery, Result} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {Badge} from '../../format.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { badgeOfDelivery, badgeOfStatus, channelOf, formatShort } from '../../format.js';

/** @typedef {{number: number, opened: string, badge: Badge, alerts: Alert[]}} Incident */

const PAGE = 10;
/** How long after a change of the status or the monitor its alert is looked for, in milliseconds. */
const SOON = 2_000;
/** How often alerts are read again while the monitor is bad, an incident is open or a message waits, in milliseconds. */
const AGAIN = 10_000;

const KINDS = {
  alert: 'Alert',
  escalation: 'Escalation',
  reminder: 'Reminder',
  recovery: 'Recovery',
  closed: 'Closed',
  test: 'Test',
};

/**
 * The alerts of a monitor, newest first, in pages, by incident.
 * @param {Api} api
 * @param {string} id
 */
export function alertLog(api, id) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let due = Infinity;
  let gone = false;
  /** What each page up to the shown one is read by. @type {({monitor: string, max: number} | string)[]} */
  const pages = [{ monitor: id, max: PAGE }];
  let next = '';
  /** The newest incident that is known to be over. */
  let over = 0;

  return {
    /** @type {readonly Readonly<Incident>[]} */
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
      gone = true;
      clearTimeout(timer);
    },

    /** Reads the shown page afresh. */
    async read() {
      clearTimeout(timer);
      due = Infinity;
      this.busy = true;
      try {
        const answer = await api.alerts(pages[this.page]);
        ({ next } = answer);
        this.hasNext = next !== '';
        over = Math.max(this.page === 0 ? 0 : over, ...answer.alerts.map(lastOver));
        this.incidents = Object.freeze(incidentsOf(answer.alerts, over));
        this.error = '';
        this.loaded = true;
        if (this.isOpen || answer.alerts.some((alert) => alert.next)) {
          this.loadIn(AGAIN);
        }
      } catch (error) {
        this.error = messageOf(error);
      } finally {
        this.busy = false;
      }
    },

    /** @param {number} delay in milliseconds; of several the shortest counts. A hidden page reads when it is seen again. */
    loadIn(delay) {
      const time = Date.now() + delay;
      if (!gone && time < due) {
        due = time;
        clearTimeout(timer);
        timer = setTimeout(() => document.hidden || this.load(), delay);
      }
    },

    /** Looks for what a change may have caused. */
    loadSoon() {
      this.loadIn(SOON);
    },

    /**
     * Looks for what a result may have caused.
     * @param {Result} result
     * @param {Result | null} before the one before it
     */
    onResult(result, before) {
      if (result.status !== before?.status) {
        this.loadSoon();
      } else if (result.status !== 0) {
        this.loadIn(AGAIN);
      }
    },

    get isOpen() {
      return this.page === 0 && this.incidents[0]?.badge === OPEN;
    },

    async older() {
      if (this.canGoOlder) {
        pages[++this.page] = next;
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
      return this.hasNext || this.page > 0;
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

    /** @param {Alert} alert */
    kind: ({ kind }) => KINDS[kind] ?? kind,

    /** @param {Alert} alert */
    badge: ({ status }) => badgeOfStatus(status),

    /** @param {Alert} alert */
    behind: ({ behind }) =>
      behind === 1 ? '1 monitor depends on this one.' : `${behind} monitors depend on this one.`,

    /**
     * Why an alert has no deliveries.
     * @param {Alert} alert
     */
    unsent({ kind, next }) {
      if (kind === 'closed') {
        return 'Nobody is told: the monitor was disabled or deleted.';
      }
      return next ? 'Waits to be sent.' : 'Not sent: no channel is set up.';
    },

    /**
     * How far a delivery that waits has got.
     * @param {Alert} alert
     * @param {Delivery} delivery
     */
    progress({ attempts, next }, { fate, answer }) {
      if (fate !== 'waiting' || !next) {
        return '';
      }
      return answer
        ? `(${attempts === 1 ? '1 attempt' : `${attempts} attempts`}, next try at ${formatShort(next)})`
        : 'being sent';
    },

    fate: badgeOfDelivery,
    channel: channelOf,
    date: formatShort,
  };
}

/** @type {Badge} */
const OPEN = Object.freeze({ key: 'failed', label: 'Open' });
/** @type {Badge} */
const OVER = Object.freeze({ key: 'ok', label: 'Over' });

/**
 * The newest incident that an alert shows to be over: a later one begins when the one before has ended.
 * @param {Alert} alert
 */
function lastOver({ kind, incident }) {
  return kind === 'recovery' || kind === 'closed' ? incident : incident - 1;
}

/**
 * @param {Alert[]} alerts
 * @param {number} over the newest incident that is over
 * @returns {Incident[]} in the order of their newest alerts
 */
function incidentsOf(alerts, over) {
  /** @type {Map<number, Incident>} */
  const incidents = new Map();
  for (const alert of alerts) {
    const number = alert.incident;
    const known = incidents.get(number);
    if (known) {
      known.alerts.push(alert);
    } else {
      incidents.set(number, {
        number,
        opened: alert.opened ?? '',
        badge: number <= over ? OVER : OPEN,
        alerts: [alert],
      });
    }
  }
  return [...incidents.values()].map((incident) => Object.freeze(incident));
}
