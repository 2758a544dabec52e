/** @import {Stats} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {MonitorRange} from '../../range/range.js' */
import { ApiError, messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { refresher } from '../../range/refresh.js';

/** The delay before the statistics of restored monitors are read together, in milliseconds. */
const RESTORE_DELAY = 300;

/**
 * The statistics of several monitors in the range, with one request for each monitor. They are read again after new results
 * unless the range has an end.
 * @param {Api} api
 * @param {MonitorRange} range
 * @param {() => readonly string[]} monitors returns their ids
 */
export function comparedStatistics(api, range, monitors) {
  /** The query of the shown range. */
  let shown = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let restoring;

  return {
    /** The statistics by the id of the monitor. @type {Readonly<Record<string, Readonly<Stats>>>} */
    byID: Object.freeze({}),
    /** The ids of monitors that do not exist. @type {readonly string[]} */
    missing: Object.freeze([]),
    error: '',
    load: async () => {},
    reads: { schedule() {}, cancel() {} },

    init() {
      this.load = coalesce(() => this.read());
      this.reads = refresher(range, this);
      this.load();
    },

    destroy() {
      this.reads.cancel();
      clearTimeout(restoring);
    },

    async read() {
      this.reads.cancel();
      range.tick();
      const query = new URLSearchParams(range.query).toString();
      const ids = monitors().filter((id) => !this.missing.includes(id));
      const answers = await Promise.allSettled(ids.map((id) => api.stats(id, range.query)));
      if (query !== new URLSearchParams(range.query).toString()) {
        return; // Another range has been chosen: it is read next.
      }
      const read = answers.flatMap((answer, i) =>
        answer.status === 'fulfilled' ? [[ids[i], Object.freeze(answer.value)]] : [],
      );
      const reasons = answers.map((answer) => (answer.status === 'rejected' ? answer.reason : null));
      ids.forEach((id, i) => isUnknown(reasons[i]) && this.remove(id));
      const failed = reasons.find((reason) => reason && !isUnknown(reason));
      this.error = failed ? messageOf(failed) : '';
      if (read.length > 0) {
        // What could not be read stays as it was, but not in another range.
        this.byID = Object.freeze({ ...(query === shown ? this.byID : {}), ...Object.fromEntries(read) });
        shown = query;
      } else if (query !== shown) {
        this.byID = Object.freeze({});
      }
    },

    /** @param {string} id of a monitor that does not exist */
    remove(id) {
      this.byID = Object.freeze(Object.fromEntries(Object.entries(this.byID).filter(([other]) => other !== id)));
      this.missing = Object.freeze([...this.missing.filter((other) => other !== id), id]);
    },

    /** @param {string} id of a monitor that exists again, for example after an import */
    restore(id) {
      this.missing = Object.freeze(this.missing.filter((other) => other !== id));
      clearTimeout(restoring);
      restoring = setTimeout(() => this.load(), RESTORE_DELAY);
    },

    /** Schedules a read after a new result. */
    refresh() {
      this.reads.schedule();
    },

    get hasValues() {
      return Object.values(this.byID).some(({ buckets }) => buckets.some(({ p50 }) => p50 !== null));
    },
  };
}

/** @typedef {ReturnType<typeof comparedStatistics>} ComparedStatistics */

/** @param {unknown} reason why a request has failed */
function isUnknown(reason) {
  return reason instanceof ApiError && reason.status === 404;
}
