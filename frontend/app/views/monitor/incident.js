/** @import {Incident, IncidentDetails, ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { ApiError } from '../../api.js';
import { formatShort } from '../../format.js';
import { describeAcknowledgement } from '../../incident-dialogs/incident-dialogs.js';
import { describeDependents, incidentAddress, laterMessageOf, lengthOf, monitorFinder } from '../../incidents.js';
import { badgeOfStatus } from '../../status.js';

/**
 * The incident in the page's address, or the latest one of the monitor.
 * @param {App} app
 * @param {string} monitorID
 * @param {string} incidentID empty if the address contains none
 */
export function incidentPanel({ api, clock, monitors }, monitorID, incidentID) {
  const findIn = monitorFinder();
  let release = () => {};
  let setReady = () => {};
  /** @type {Promise<void>} */
  const ready = new Promise((resolve) => (setReady = resolve));

  return {
    isGiven: incidentID !== '',
    /** @type {Readonly<Incident> | null} */
    incident: null,
    /** Whether the incident in the address does not exist. */
    missing: false,
    /** Resolves after the first attempt to read the incident, so that the view appears as a whole. */
    ready,

    /** Reads the latest incident. The notifications panel reads the one in the address. */
    async loadLatest() {
      if (!this.isGiven) {
        // Without it, the view is still useful.
        const latest = await api.page(`/incidents?monitor=${monitorID}&max=1`).catch(() => null);
        this.set(latest?.items[0] ?? this.incident);
        setReady();
      }
    },

    destroy() {
      release();
    },

    /**
     * Reads the incident in the address; returns null if it does not exist.
     * @returns {Promise<IncidentDetails | null>}
     */
    async read() {
      try {
        const details = await api.json(`/incidents/${encodeURIComponent(incidentID)}`);
        this.missing = details.monitor_id !== monitorID.toLowerCase();
        this.set(this.missing ? null : details);
        return this.missing ? null : details;
      } catch (error) {
        this.missing = error instanceof ApiError && [400, 404].includes(error.status);
        if (!this.missing) {
          throw error;
        }
        return null;
      } finally {
        setReady();
      }
    },

    /** @param {Incident | null} incident */
    set(incident) {
      this.incident = Object.freeze(incident);
      if (incident?.dependents.length) {
        release();
        release = monitors.use(); // for the names of the dependents
      }
    },

    get title() {
      return this.isGiven ? `Incident ${this.incident?.number ?? ''}`.trim() : 'Latest incident';
    },

    get badge() {
      return badgeOfStatus(this.incident?.severity ?? 2);
    },

    get timeText() {
      const { incident } = this;
      if (!incident) {
        return '';
      }
      const { firstNotOK, resolved } = incident;
      const end = resolved ? formatShort(resolved) : 'now';
      return `${formatShort(firstNotOK)} to ${end} (${lengthOf(incident, clock.now)})`;
    },

    get href() {
      return this.incident ? incidentAddress(this.incident, api.now()) : null;
    },

    get isOpen() {
      return this.incident !== null && !this.incident.resolved;
    },

    get canAcknowledge() {
      return this.isOpen && !this.incident?.acknowledgement;
    },

    get laterMessage() {
      return this.incident ? laterMessageOf(this.incident) : '';
    },

    get acknowledgement() {
      return this.incident ? describeAcknowledgement(this.incident) : '';
    },

    get note() {
      return this.incident?.acknowledgement?.note ?? '';
    },

    get dependents() {
      const find = (/** @type {string} */ id) => findIn(/** @type {ListedMonitor[]} */ (monitors.state.items), id);
      return this.incident ? describeDependents(this.incident, find) : '';
    },
  };
}
