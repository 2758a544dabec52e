/** @import {MonitorRange} from './range.js' */

/** The delay before new results are shown, by the choice of the range, in milliseconds. */
const DELAYS = /** @type {Record<string, number>} */ ({ '1h': 3_000, '6h': 10_000, '24h': 30_000 });
/** The delay in longer ranges, in custom ones without an end, and while there are no values. */
const LONG_DELAY = 60_000;
const CUSTOM_DELAY = 10_000;
const EMPTY_DELAY = 3_000;

/**
 * Schedules reads of the statistics after new results, unless the range has an end.
 * @param {MonitorRange} range
 * @param {{load: () => unknown, readonly hasValues: boolean}} statistics
 */
export function refresher(range, statistics) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function delay() {
    if (range.custom) {
      return CUSTOM_DELAY;
    }
    return statistics.hasValues ? (DELAYS[range.choice] ?? LONG_DELAY) : EMPTY_DELAY;
  }

  return {
    /** Schedules a read after a new result. A hidden page reads when it is visible again. */
    schedule() {
      if (range.isLive) {
        timer ??= setTimeout(() => {
          timer = undefined;
          if (!document.hidden) {
            statistics.load();
          }
        }, delay());
      }
    },

    cancel() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
