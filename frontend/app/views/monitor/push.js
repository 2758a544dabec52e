/** @import {Monitor, Ping, Pings, PushRun, Spec} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Badge} from '../../status.js' */
import Alpine from '../../lib/alpine.js';
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { copyText } from '../../copy.js';
import { formatExact, formatMoment, formatShort, formatSpan, formatValue } from '../../format.js';
import { commandsOf } from './ping-commands.js';

/** How often the pings are read while the page is visible, in milliseconds. */
const REFRESH = 10_000;
/** How many pings the list shows at first. */
const FEW = 8;
/** What the page shows in place of the uuid in the ping URL. */
const PLACEHOLDER = '•'.repeat(8);

/** @type {Record<Ping['kind'], Badge>} */
const KINDS = {
  success: { key: 'ok', label: 'Success' },
  fail: { key: 'failed', label: 'Failure' },
  start: { key: 'pending', label: 'Start' },
  log: { key: 'pending', label: 'Log' },
};

/**
 * The pings of a push monitor: the newest ones, the runs that have not ended, the deadline, the ping URL and commands that
 * use it. The ping URL is a secret. It is read only when the user asks for it, and kept only in this object.
 * @param {App} app
 * @param {string} id
 */
export function pushPanel(app, id) {
  const { api, clock } = app;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let destroyed = false;
  const base = new URL(`${app.config.API_ENDPOINT.replace(/\/+$/, '')}/push/`, location.href).href;

  return {
    clock,
    /** Whether the monitor is a push monitor. */
    isUsed: false,
    /** @type {Readonly<Monitor> | null} */
    monitor: null,
    /** @type {Readonly<Pings> | null} */
    data: null,
    error: '',
    /** The uuid in the ping URL; empty if the URL is hidden. */
    uuid: '',
    /** The error of the last action on the ping URL. */
    urlError: '',
    copied: '',
    busy: false,
    /** The name of the shown commands. */
    chosen: 'curl',
    load: async () => {},

    /** Whether all known pings are listed. */
    all: false,

    init() {
      this.load = coalesce(() => this.read());
    },

    destroy() {
      destroyed = true;
      clearTimeout(timer);
      this.uuid = '';
    },

    /**
     * Takes over the monitor, and reads its pings if it is a push monitor.
     * @param {Readonly<Monitor>} monitor
     * @param {readonly Spec[]} types
     */
    async follow(monitor, types) {
      this.monitor = monitor;
      this.isUsed = types.some(({ type, push }) => push && type === monitor.type);
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
        timer = setTimeout(() => this.refresh(), REFRESH);
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

    /** When the next ping is due. */
    get due() {
      const { deadline } = this.data ?? {};
      if (!this.monitor?.enabled) {
        return 'Not expected while the monitor is disabled';
      }
      if (!deadline) {
        return this.data ? 'Not known yet' : '…';
      }
      const left = Date.parse(deadline) - clock.now;
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

    date: formatShort,
    exact: formatExact,
    /** @param {string} date */
    moment: (date) => formatMoment(date, clock.now),

    /** The ping URL, with a placeholder while it is hidden. */
    get url() {
      return base + (this.uuid || PLACEHOLDER);
    },

    get commands() {
      return this.monitor ? commandsOf(this.monitor, this.url) : [];
    },

    /** The chosen commands. */
    get command() {
      return this.commands.find(({ name }) => name === this.chosen);
    },

    /**
     * Returns the text of the chosen commands.
     * @param {string} url the ping URL
     */
    textWith(url) {
      const commands = this.monitor ? commandsOf(this.monitor, url) : [];
      return commands.find(({ name }) => name === this.chosen)?.text ?? '';
    },

    /** Shows or hides the ping URL. */
    async toggle() {
      this.copied = '';
      this.uuid = this.uuid ? '' : await this.fetch('GET');
    },

    /**
     * Copies the ping URL.
     * @param {Element} element shows it
     */
    copyUrl(element) {
      return this.copy((uuid) => base + uuid, element);
    },

    /**
     * Copies the shown commands.
     * @param {Element} element shows them
     */
    copyCommand(element) {
      return this.copy((uuid) => this.textWith(base + uuid), element);
    },

    /**
     * Copies a text with the ping URL. If the URL is hidden, it stays hidden unless the browser does not allow copying.
     * @param {(uuid: string) => string} text
     * @param {Element} element shows the text
     */
    async copy(text, element) {
      this.copied = '';
      const uuid = this.uuid || (await this.fetch('GET'));
      if (uuid) {
        this.copied = await copyText(text(uuid), async () => {
          this.uuid = uuid;
          await Alpine.nextTick();
          return element;
        });
      }
    },

    /** @param {HTMLDialogElement} dialog the confirmation, closed also after an error, which is shown outside of it */
    async renew(dialog) {
      this.copied = '';
      const uuid = await this.fetch('POST');
      if (uuid) {
        this.uuid = uuid;
        app.notify('The ping URL has been renewed. Use the new one in your job.');
      }
      dialog.close();
    },

    /**
     * Reads the uuid in the ping URL, or renews it. Returns an empty text after an error.
     * @param {'GET' | 'POST'} method
     * @returns {Promise<string>}
     */
    async fetch(method) {
      this.busy = true;
      this.urlError = '';
      try {
        const { uuid } = await api.json(`/monitors/${id}/ping-url`, { method });
        return destroyed ? '' : uuid;
      } catch (error) {
        this.urlError = messageOf(error);
        return '';
      } finally {
        this.busy = false;
      }
    },
  };
}
