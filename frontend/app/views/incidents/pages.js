/** @import {ListedIncident} from '../../../types/model' */
/** @import {Api} from '../../api.js' */

const PAGE_SIZE = 50;
/** The maximum number of incidents in one response. */
const MAX_SIZE = 1000;

/**
 * Either the open or the ended incidents, newest first. The user can show more of them page by page.
 * @param {Api} api
 * @param {boolean} open
 */
export function incidentPages(api, open) {
  /** The filters of the shown incidents. */
  let shown = '';
  let next = '';

  return {
    /** @type {readonly Readonly<ListedIncident>[]} */
    items: Object.freeze([]),
    hasMore: false,

    /**
     * Reads the first page, or as much as is shown already if the filters are the same. Returns a function that shows it.
     * @param {string} filters identifies the filters: the query changes with time if it is relative to now
     * @param {Record<string, string>} query
     * @returns {Promise<() => void>}
     */
    async read(filters, query) {
      const before = filters === shown ? this.items : [];
      const max = Math.min(Math.max(before.length, PAGE_SIZE), MAX_SIZE);
      const parameters = new URLSearchParams({
        ...query,
        open: String(open),
        include: 'deliveries',
        max: String(max),
      });
      const page = await api.page(`/incidents?${parameters}`);
      const last = page.items.at(-1);
      return () => {
        const now = filters === shown ? this.items : [];
        // The response may not have all: there are too many, or readMore has shown more in the meantime.
        const isPart = page.items.length === MAX_SIZE || now.length > before.length;
        const rest = isPart && last ? now.filter((incident) => isOlder(incident, last)) : [];
        shown = filters;
        this.show([...page.items, ...rest], rest.length > 0 ? next : page.next);
      };
    },

    /** Reads the next page. If what is shown has changed in the meantime, it may not be the next one any more: reads again. */
    async readMore() {
      const filters = shown;
      while (filters === shown && next) {
        const { items } = this;
        const page = await api.page(next);
        if (items === this.items) {
          this.show([...items, ...page.items], page.next);
          return;
        }
      }
    },

    clear() {
      shown = '';
      this.show([], '');
    },

    /**
     * @param {ListedIncident[]} incidents
     * @param {string} nextPath the path of the next page; empty on the last page
     */
    show(incidents, nextPath) {
      next = nextPath;
      this.hasMore = next !== '';
      this.items = Object.freeze(incidents.map((incident) => Object.freeze(incident)));
    },
  };
}

/**
 * Reports whether an incident comes after another one in the order of the API.
 * @param {ListedIncident} incident
 * @param {ListedIncident} other
 */
function isOlder(incident, other) {
  const difference = Date.parse(incident.opened) - Date.parse(other.opened);
  return difference < 0 || (difference === 0 && incident.id < other.id);
}
