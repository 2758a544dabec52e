/** @import {Result} from '../../../types/model' */
import { badgeOfStatus, formatExact, formatResult, markOf } from '../../format.js';

/** How many runs the strip has room for. */
export const STRIP = 60;

/**
 * The last runs as bars, oldest first, behind as many empty places as are left.
 * @param {readonly Result[]} results newest first
 */
export function stripOf(results) {
  const bars = results.slice(0, STRIP).map((result) => {
    const { key, label } = badgeOfStatus(result.status);
    const mark = markOf(result);
    const text = [label, mark?.label, formatExact(result.date), formatResult(result), result.message].filter(
      (part) => part && part !== '–',
    );
    return { id: result.id, key: mark ? `${key} excluded` : key, text: text.join(' · ') };
  });
  const empty = Array.from({ length: STRIP - bars.length }, (_, i) => ({ id: `empty ${i}`, key: 'empty', text: '' }));
  return [...empty, ...bars.reverse()];
}
