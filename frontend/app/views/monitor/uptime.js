/** @import {Stats} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
import { coalesce } from '../../coalesce.js';
import { formatExact, formatLength, formatMoment, formatPercent } from '../../format.js';

const WINDOWS = /** @type {const} */ ([
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['365d', '1 year'],
]);
/** The maximum age of the figures, in milliseconds, and the one while a figure is unknown. */
const MAX_AGE = 60_000;
const MAX_AGE_UNKNOWN = 5_000;

/**
 * The uptime of a monitor over four time ranges. refresh may be called often: it reloads only figures that are too old.
 * @param {Api} api
 * @param {string} id
 */
export function uptimeFigures(api, id) {
  let loadedAt = 0;

  return {
    figures: WINDOWS.map(([window, name]) => ({ window, name, value: '–', note: '', exact: '', loaded: false })),
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.load();
    },

    refresh() {
      const maxAge = this.figures.some((figure) => figure.value === '–') ? MAX_AGE_UNKNOWN : MAX_AGE;
      if (Date.now() - loadedAt > maxAge) {
        this.load();
      }
    },

    async read() {
      loadedAt = Date.now();
      this.figures = await Promise.all(
        this.figures.map(async ({ window, name }) => {
          const figure = await api.stats(id, { window }).then(
            (stats) => describe(stats, api.now()),
            () => unavailable,
          );
          return { window, name, ...figure, loaded: true };
        }),
      );
    },
  };
}

const unavailable = { value: '–', note: 'could not be loaded', exact: '' };

/**
 * @param {Stats} stats
 * @param {number} now milliseconds since 1970
 */
function describe({ uptime, uptimeFrom, counts, maintenance, blocked }, now) {
  const checks = counts.ok + counts.error + counts.failed;
  const reason = checks ? 'unknown' : 'no checks in this period';
  const since = uptimeFrom ? `since ${formatMoment(uptimeFrom, now)}` : '';
  const ignored = [ignoredTime(maintenance, 'in maintenance'), ignoredTime(blocked, 'blocked')]
    .filter(Boolean)
    .join(', ');
  return {
    value: formatPercent(uptime),
    note: [uptime === null ? reason : since, ignored].filter(Boolean).join(' · '),
    exact: [uptimeFrom ? formatExact(uptimeFrom) : '', ignored && `Ignored: ${ignored}`].filter(Boolean).join('. '),
  };
}

/**
 * @param {number} seconds
 * @param {string} reason
 */
function ignoredTime(seconds, reason) {
  return seconds >= 60 ? `${formatLength(seconds * 1000)} ${reason}` : '';
}
