/** @import {Stats} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {MonitorRange} from '../../range/range.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { refresher } from '../../range/refresh.js';

/**
 * The statistics of a monitor in the range, with one request for each change of it. They are read again after new results
 * unless the range has an end.
 * @param {Api} api
 * @param {string} id
 * @param {MonitorRange} range
 */
export function rangeStatistics(api, id, range) {
  return {
    /** The latest statistics; of the range before while the ones of a new range are read. @type {Readonly<Stats> | null} */
    stats: null,
    /** The range of the statistics, as the query of their request. */
    query: '',
    error: '',
    /** Called after the statistics have been read. */
    onRead: () => {},
    load: async () => {},
    reads: { schedule() {}, cancel() {} },

    init() {
      this.load = coalesce(() => this.read());
      this.reads = refresher(range, this);
      return this.load();
    },

    destroy() {
      this.reads.cancel();
    },

    async read() {
      this.reads.cancel();
      range.tick();
      const query = new URLSearchParams(range.query).toString();
      try {
        const stats = await api.stats(id, range.query);
        // Another range has been chosen: it is read next.
        if (query === new URLSearchParams(range.query).toString()) {
          this.stats = Object.freeze(stats);
          this.query = query;
          this.error = '';
          this.onRead();
        }
      } catch (error) {
        this.stats = this.current;
        this.error = messageOf(error);
      }
    },

    /** The statistics of the range; null while they are read for the first time. */
    get current() {
      return this.query === new URLSearchParams(range.query).toString() ? this.stats : null;
    },

    /** Schedules a read after a new result. */
    refresh() {
      this.reads.schedule();
    },

    get hasValues() {
      return this.stats?.buckets.some(({ p50 }) => p50 !== null) ?? false;
    },
  };
}

/** @typedef {ReturnType<typeof rangeStatistics>} RangeStatistics */
