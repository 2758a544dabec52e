/** @import {Incident, IncidentDetails, ListedMonitor} from '../../types/model' */
/** @import {App} from '../app.js' */
import { messageOf } from '../api.js';
import { formatMoment, formatShort } from '../format.js';
import { mountMarkup } from '../load-state.js';
import { loadMarkup } from '../views.js';

/** What the dialogs need of a monitor. @typedef {Pick<ListedMonitor, 'id' | 'name' | 'silencedUntil'>} Silenceable */

/** The durations of a silence. */
const DURATIONS = /** @type {const} */ ([
  { duration: '15m', name: '15 minutes' },
  { duration: '30m', name: '30 minutes' },
  { duration: '1h', name: '1 hour' },
  { duration: '4h', name: '4 hours' },
  { duration: '8h', name: '8 hours' },
  { duration: '24h', name: '1 day' },
  { duration: '72h', name: '3 days' },
  { duration: '168h', name: '7 days' },
]);
const DEFAULT_DURATION = '1h';

let markup = '';

/**
 * The dialogs to acknowledge an incident and to silence a monitor. The markup is in incident-dialogs.html, which expects this
 * object as dialogs.
 * @param {App} app
 * @param {() => void} onDone called after a change
 */
export function incidentDialogs({ api, clock, notify }, onDone) {
  /** @type {HTMLElement | undefined} */
  let container;

  return {
    durations: DURATIONS,
    /** The incident to acknowledge. @type {Readonly<Incident> | null} */
    incident: null,
    note: '',
    /** The monitor to silence. @type {Readonly<Silenceable> | null} */
    monitor: null,
    duration: /** @type {string} */ (DEFAULT_DURATION),
    busy: false,
    error: '',

    /**
     * Puts the markup of the dialogs into an element.
     * @param {HTMLElement} element
     */
    mount(element) {
      container = element;
      mountMarkup(element, markup);
    },

    /**
     * Opens the dialog to acknowledge an incident.
     * @param {Incident} incident
     */
    acknowledge(incident) {
      this.incident = incident;
      this.note = '';
      this.open('acknowledge');
    },

    /**
     * Opens the dialog to silence a monitor, or to end its silence.
     * @param {Silenceable} monitor
     */
    silence(monitor) {
      this.monitor = monitor;
      this.duration = DEFAULT_DURATION;
      this.open('silence');
    },

    /** @param {'acknowledge' | 'silence'} name */
    open(name) {
      this.error = '';
      this.dialogOf(name)?.showModal();
    },

    /** @param {'acknowledge' | 'silence'} name */
    close(name) {
      this.dialogOf(name)?.close();
    },

    /**
     * @param {'acknowledge' | 'silence'} name
     * @returns {HTMLDialogElement | null | undefined}
     */
    dialogOf: (name) => container?.querySelector(`dialog.${name}`),

    get incidentName() {
      return this.incident?.monitor_name ?? '';
    },

    get monitorName() {
      return this.monitor?.name ?? '';
    },

    get silencedText() {
      return silenceOf(this.monitor, clock.now);
    },

    confirmAcknowledgement() {
      return this.act('acknowledge', async () => {
        const note = this.note.trim();
        const { id, monitor_name } = /** @type {Incident} */ (this.incident);
        /** @type {IncidentDetails} */
        const { acknowledgement } = await api.json(`/incidents/${id}/acknowledge`, { method: 'POST', body: { note } });
        const isOther = acknowledgement && acknowledgement.note !== note;
        notify(
          isOther
            ? `${monitor_name}: ${describeAcknowledgement({ acknowledgement })} already`
            : `Acknowledged the incident of ${monitor_name}`,
        );
      });
    },

    confirmSilence() {
      return this.putSilence(this.duration);
    },

    endSilence() {
      return this.putSilence('0s');
    },

    /** @param {string} duration */
    putSilence(duration) {
      return this.act('silence', async () => {
        const { id, name } = /** @type {Silenceable} */ (this.monitor);
        const { until } = await api.json(`/monitors/${id}/silence`, { method: 'POST', body: { duration } });
        notify(duration === '0s' ? `${name} is no longer silenced` : `${name} is silenced until ${formatShort(until)}`);
      });
    },

    /**
     * Closes the dialog after an action, or shows its error in the dialog.
     * @param {'acknowledge' | 'silence'} name
     * @param {() => Promise<void>} action
     */
    async act(name, action) {
      this.busy = true;
      this.error = '';
      try {
        await action();
        this.close(name);
        onDone();
      } catch (error) {
        this.error = messageOf(error);
      } finally {
        this.busy = false;
      }
    },
  };
}

/** Loads the markup of the dialogs. Views that use them call it before. Rejects if the server does not answer. */
export async function loadDialogs() {
  markup = await loadMarkup('./incident-dialogs/incident-dialogs.html');
}

/**
 * Describes the silence of a monitor; empty if it is not silenced.
 * @param {Silenceable | null | undefined} monitor
 * @param {number} now milliseconds since 1970
 */
export function silenceOf(monitor, now) {
  const until = monitor?.silencedUntil;
  return until && Date.parse(until) > now ? `Silenced until ${formatMoment(until, now)}` : '';
}

/**
 * Describes who has acknowledged an incident and when; empty if nobody has.
 * @param {Pick<Incident, 'acknowledgement'>} incident
 */
export function describeAcknowledgement({ acknowledgement }) {
  if (!acknowledgement) {
    return '';
  }
  const { by, date } = acknowledgement;
  return `Acknowledged${by ? ` by ${by}` : ''}, ${formatShort(date)}`;
}
