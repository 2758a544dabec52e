/** @import {Incident} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {MonitorRange} from '../../range/range.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatShort } from '../../format.js';
import { incidentAddress, laterMessageOf, lengthOf } from '../../incidents.js';
import { badgeOfStatus } from '../../status.js';

/** The maximum number of incidents in the list. */
const MAX = 20;

/**
 * The incidents of a monitor that overlap the range, newest first.
 * @param {App} app
 * @param {string} id
 * @param {MonitorRange} range
 */
export function incidentList({ api, clock }, id, range) {
  return {
    /** @type {readonly Readonly<Incident>[]} */
    items: Object.freeze([]),
    hasMore: false,
    loaded: false,
    error: '',
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.load();
    },

    async read() {
      const { from, to } = range.dates;
      // The incidents of a monitor do not overlap. So at most one incident that opened before the range lasts into it.
      const query = new URLSearchParams({ monitor: id, max: String(MAX), ...(to ? { to } : {}) });
      try {
        const { items, next } = await api.page(`/incidents?${query}`);
        const shown = items.filter(({ resolved }) => !resolved || Date.parse(resolved) > Date.parse(from));
        this.hasMore = shown.length === items.length && next !== '';
        this.items = Object.freeze(shown);
        this.error = '';
        this.loaded = true;
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    get isLoading() {
      return !this.loaded && !this.error;
    },

    get isEmpty() {
      return this.loaded && this.items.length === 0;
    },

    /** The incidents of the monitor in the view of all incidents. */
    get allHref() {
      const { from, to } = range.dates;
      return `#incidents?${new URLSearchParams({ monitor: id, from, ...(to ? { to } : {}) })}`;
    },

    /**
     * Reports whether the list contains an incident that has ended.
     * @param {number} number
     */
    hasEnded(number) {
      return this.items.some((incident) => incident.number === number && incident.resolved);
    },

    /** @param {Incident} incident */
    href: (incident) => incidentAddress(incident, api.now()),

    /** @param {Incident} incident */
    length(incident) {
      const length = lengthOf(incident, clock.now);
      return incident.resolved ? length : `open for ${length}`;
    },

    /** @param {Incident} incident */
    badge: ({ severity }) => badgeOfStatus(severity),
    laterMessage: laterMessageOf,
    date: formatShort,
  };
}
