/** @import {Monitor, Ping, Pings, PushRun, Spec} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Badge} from '../../status.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatMoment, formatShort, formatSpan, formatValue } from '../../format.js';
import { pingUrl } from './ping-url.js';

/** How often the pings are read while the page is visible, in milliseconds. */
const REFRESH = 10_000;
/** The same while there is no deadline yet, and after the user has read the ping URL, probably to try it. */
const SOON = 1000;
/** How many pings the list shows at first. */
const FEW = 8;

/** @type {Record<Ping['kind'], Badge>} */
const KINDS = {
  success: { key: 'ok', label: 'Success' },
  fail: { key: 'failed', label: 'Failure' },
  start: { key: 'pending', label: 'Start' },
  log: { key: 'pending', label: 'Log' },
};

/**
 * The pings of a push monitor: the newest ones, the runs that have not ended, the deadline, and the
 * ping URL.
 * @param {App} app
 * @param {string} id
 */
export function pushPanel(app, id) {
  const { api, clock } = app;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let destroyed = false;
  /** The type of the monitor if it is a push monitor. @type {Spec | undefined} */
  let spec;

  return {
    clock,
    /** Whether the monitor is a push monitor. */
    isUsed: false,
    /** @type {Readonly<Monitor> | null} */
    monitor: null,
    /** @type {Readonly<Pings> | null} */
    data: null,
    error: '',
    link: pingUrl(app, id),
    /** Whether all known pings are listed. */
    all: false,
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
    },

    destroy() {
      destroyed = true;
      clearTimeout(timer);
      this.link.destroy();
    },

    /**
     * Takes over the monitor, and reads its pings if it is a push monitor.
     * @param {Readonly<Monitor>} monitor
     * @param {readonly Spec[]} types
     */
    async follow(monitor, types) {
      this.monitor = monitor;
      this.link.monitor = monitor;
      spec = types.find(({ type, push }) => push && type === monitor.type);
      this.isUsed = spec !== undefined;
      if (this.isUsed) {
        await this.load();
      }
    },

    async read() {
      clearTimeout(timer);
      try {
        this.data = Object.freeze(await api.json(`/monitors/${id}/pings`));
        this.error = '';
      } catch (error) {
        this.error = messageOf(error);
      }
      if (!destroyed) {
        const isSoon = this.link.wasRead || (this.data && !this.data.deadline);
        timer = setTimeout(() => this.refresh(), isSoon ? SOON : REFRESH);
      }
    },

    /** Reads the pings again. A hidden page reads them later. */
    refresh() {
      clearTimeout(timer);
      if (document.hidden) {
        timer = setTimeout(() => this.refresh(), REFRESH);
      } else if (this.isUsed) {
        this.load();
      }
    },

    get isLoading() {
      return this.isUsed && !this.data && !this.error;
    },

    /** The newest pings, or all that are known. */
    get pings() {
      return (this.data?.pings ?? []).slice(0, this.all ? undefined : FEW);
    },

    get hasMore() {
      return (this.data?.pings ?? []).length > this.pings.length;
    },

    /** Whether a ping has the id of a run. */
    get hasRunIDs() {
      return this.pings.some(({ rid }) => rid);
    },

    /** @returns {readonly PushRun[]} */
    get runs() {
      return this.data?.runs ?? [];
    },

    get isEmpty() {
      return this.data !== null && this.pings.length === 0;
    },

    /** The time zone of the schedule, if it matters, and the grace time. */
    get scheduleText() {
      const { target = '', properties = {} } = this.monitor ?? {};
      const zone = /^every\b/i.test(target) ? [] : [this.valueOf('zone', properties)];
      return [...zone, `grace time ${this.valueOf('grace', properties)}`].join(', ');
    },

    /**
     * Returns a property, or its default.
     * @param {string} name
     * @param {Record<string, string>} properties
     */
    valueOf(name, properties) {
      return properties[name] || spec?.properties.find((property) => property.name === name)?.default || '';
    },

    /** Why there is no deadline. */
    get noDeadline() {
      return !this.monitor?.enabled ? 'Never while disabled' : this.data ? 'Not known yet' : '…';
    },

    /** How far away the deadline is. */
    get due() {
      const left = Date.parse(this.deadline) - clock.now;
      return left > 0 ? `in ${formatSpan(left)}` : `${formatSpan(-left)} ago`;
    },

    /** The deadline; empty if none is expected. */
    get deadline() {
      return (this.monitor?.enabled && this.data?.deadline) || '';
    },

    get isLate() {
      return this.deadline !== '' && Date.parse(this.deadline) <= clock.now;
    },

    get notChecked() {
      const since = this.data?.notCheckedSince;
      return since
        ? `Deadlines since ${formatMoment(since, clock.now)} could not be checked. They do not count as late.`
        : '';
    },

    /** @param {Ping} ping */
    badge: ({ kind, exitCode }) =>
      kind === 'fail' && exitCode > 1 ? { ...KINDS.fail, label: `Exit status ${exitCode}` } : KINDS[kind],

    /** @param {Ping} ping */
    duration: ({ duration }) => formatValue(duration, 'ms'),

    /** @param {Ping} ping */
    shortID: ({ rid = '' }) => rid.split('-')[0],

    /** @param {PushRun} run */
    runningFor: ({ started }) => formatSpan(clock.now - Date.parse(started)),

    /**
     * Formats a date with seconds, and without the day if that is today.
     * @param {string} date
     */
    date(date) {
      const isToday = new Date(date).toDateString() === new Date(clock.now).toDateString();
      return isToday ? new Date(date).toLocaleTimeString(undefined, { timeStyle: 'medium' }) : formatShort(date);
    },

    /** @param {string} date */
    moment: (date) => (date ? formatMoment(date, clock.now) : ''),
  };
}
