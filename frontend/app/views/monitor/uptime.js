/** @import {Stats} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
import { coalesce } from '../../coalesce.js';
import { formatExact, formatLength, formatPercent, formatShort } from '../../format.js';

const WINDOWS = /** @type {const} */ ([
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['365d', '1 year'],
]);
/** How old the figures may be before they are read again, in milliseconds; less while one isn't known. */
const KEEP = 60_000;
const KEEP_UNKNOWN = 5_000;

/**
 * A monitor's uptime over four lengths of time. They change slowly, so refresh, however often it is called, reads them rarely.
 * @param {Api} api
 * @param {string} id
 */
export function uptimeFigures(api, id) {
  let readAt = 0;

  return {
    figures: WINDOWS.map(([window, name]) => ({ window, name, value: '–', note: '', exact: '', loaded: false })),
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.load();
    },

    refresh() {
      const keep = this.figures.some((figure) => figure.value === '–') ? KEEP_UNKNOWN : KEEP;
      if (Date.now() - readAt > keep) {
        this.load();
      }
    },

    async read() {
      readAt = Date.now();
      this.figures = await Promise.all(
        this.figures.map(async ({ window, name }) => {
          const figure = await api.stats(id, { window }).then(describe, () => unread);
          return { window, name, ...figure, loaded: true };
        }),
      );
    },
  };
}

const unread = { value: '–', note: 'could not be read', exact: '' };

/** @param {Stats} stats */
function describe({ uptime, uptimeFrom, counts, maintenance, blocked }) {
  const checks = counts.ok + counts.error + counts.failed;
  const reason = checks ? 'not known' : 'no checks in this time';
  const known = uptimeFrom ? `known since ${formatShort(uptimeFrom)}` : '';
  const left = [leftOut(maintenance, 'in maintenance'), leftOut(blocked, 'blocked')].filter(Boolean).join(', ');
  return {
    value: formatPercent(uptime),
    note: [uptime === null ? reason : known, left].filter(Boolean).join(' · '),
    exact: [uptimeFrom ? formatExact(uptimeFrom) : '', left && `Left out: ${left}`].filter(Boolean).join('. '),
  };
}

/**
 * @param {number} seconds
 * @param {string} why
 */
function leftOut(seconds, why) {
  return seconds >= 60 ? `${formatLength(seconds * 1000)} ${why}` : '';
}
