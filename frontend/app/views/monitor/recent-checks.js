/** @import {Result} from '../../../types/model' */
import { formatExact, formatResult } from '../../format.js';
import { badgeOfStatus, markOf } from '../../status.js';

/** The number of bars. */
export const BARS = 60;

/**
 * Returns the recent results as bars, oldest first, with empty bars in front if there are too few.
 * @param {readonly Result[]} results newest first
 */
export function barsOf(results) {
  const bars = results.slice(0, BARS).map((result) => {
    const { key, label } = badgeOfStatus(result.status);
    const mark = markOf(result);
    const text = [label, mark?.label, formatExact(result.date), formatResult(result), result.message].filter(
      (part) => part && part !== '–',
    );
    return { id: result.id, key: mark ? `${key} ignored` : key, text: text.join(' · ') };
  });
  const empty = Array.from({ length: BARS - bars.length }, (_, i) => ({ id: `empty ${i}`, key: 'empty', text: '' }));
  return [...empty, ...bars.reverse()];
}
