/** @import {Result} from '../../../types/model' */
import { formatExact, formatResult } from '../../format.js';
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

    get latest() {
      return this.results[0] ?? null;
    },

    get bars() {
      return barsOf(this.results);
    },

    get text() {
      return this.hovered || describeHistory([...this.results]);
    },
  };
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
