/** @import {Stats} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {MonitorRange} from '../../range/range.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';

/** The delay before new results are shown, by the choice of the range, in milliseconds. */
const DELAYS = /** @type {Record<string, number>} */ ({ '1h': 3_000, '6h': 10_000, '24h': 30_000 });
/** The delay in longer ranges, in custom ones without an end, and while there are no values. */
const LONG_DELAY = 60_000;
const CUSTOM_DELAY = 10_000;
const EMPTY_DELAY = 3_000;

/**
 * The statistics of a monitor in the range, with one request for each change of it. They are read again after new results
 * unless the range has an end.
 * @param {Api} api
 * @param {string} id
 * @param {MonitorRange} range
 */
export function rangeStatistics(api, id, range) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  return {
    /** @type {Readonly<Stats> | null} */
    stats: null,
    error: '',
    /** Called after the statistics have been read. */
    onRead: () => {},
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      return this.load();
    },

    destroy() {
      clearTimeout(timer);
    },

    async read() {
      clearTimeout(timer);
      timer = undefined;
      range.tick();
      const query = new URLSearchParams(range.query).toString();
      try {
        const stats = await api.stats(id, range.query);
        // Another range has been chosen: it is read next.
        if (query === new URLSearchParams(range.query).toString()) {
          this.stats = Object.freeze(stats);
          this.error = '';
          this.onRead();
        }
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    /** Schedules a read after a new result. A hidden page reads when it is visible again. */
    refresh() {
      if (range.isLive) {
        timer ??= setTimeout(() => {
          timer = undefined;
          if (!document.hidden) {
            this.load();
          }
        }, this.delay);
      }
    },

    get delay() {
      if (range.custom) {
        return CUSTOM_DELAY;
      }
      return this.hasValues ? (DELAYS[range.choice] ?? LONG_DELAY) : EMPTY_DELAY;
    },

    get hasValues() {
      return this.stats?.buckets.some(({ p50 }) => p50 !== null) ?? false;
    },
  };
}

/** @typedef {ReturnType<typeof rangeStatistics>} RangeStatistics */
