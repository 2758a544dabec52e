/** @import {Result} from '../../../types/model' */
import { formatAgo, formatExact, formatResult } from '../../format.js';
import { badgeOfStatus, describeHistory, markOf, WARNING } from '../../status.js';

/** The number of bars. */
export const BARS = 60;

/** The recent results of a monitor, as bars. */
export function recentChecks() {
  return {
    /** Newest first. @type {readonly Result[]} */
    results: Object.freeze([]),
    /** The description of the bar under the pointer. */
    hovered: '',

    /** @param {Result[]} results */
    set(results) {
      this.results = Object.freeze(results.slice(0, BARS).map((result) => Object.freeze(result)));
    },

    /** @param {Result} result */
    has({ id }) {
      return this.results.some((known) => known.id === id);
    },

    /**
     * Returns the status of the result of a ping; null if none of the results is from it.
     * @param {{id: string}} ping its result has the same id
     */
    badgeOf(ping) {
      const result = this.results.find(({ id }) => id === ping.id);
      return result ? badgeOfStatus(result.status) : null;
    },

    get latest() {
      return this.results[0] ?? null;
    },

    get bars() {
      return barsOf(this.results);
    },

    /** @param {{type: string}} monitor */
    textOf(monitor) {
      return this.hovered || describeHistory([...this.results], monitor);
    },
  };
}

/**
 * Describes when the latest result arrived.
 * @param {Result | null} latest
 * @param {number} now milliseconds since 1970
 * @param {boolean} isPush whether the results come from pings
 */
export function describeLatest(latest, now, isPush) {
  if (!latest) {
    return isPush ? '' : 'never checked';
  }
  return `last ${isPush ? 'result' : 'check'} ${formatAgo(latest.date, now)}`;
}

/**
 * Returns the recent results as bars, oldest first, with empty bars in front if there are too few.
 * @param {readonly Result[]} results newest first
 */
function barsOf(results) {
  const bars = results.slice(0, BARS).map((result) => {
    const { key, label } = badgeOfStatus(result.status);
    const mark = markOf(result);
    const text = [label, mark?.label, formatExact(result.date), formatResult(result), result.message].filter(
      (part) => part && part !== '–',
    );
    return { id: result.id, key: mark === WARNING ? 'warning' : mark ? `${key} ignored` : key, text: text.join(' · ') };
  });
  const empty = Array.from({ length: BARS - bars.length }, (_, i) => ({ id: `empty ${i}`, key: 'empty', text: '' }));
  return [...empty, ...bars.reverse()];
}
