/** @import {Stats} from '../../../types/model' */
import { describePeriod } from '../../charts/periods.js';

/** The minimum width of a period, in pixels. */
const MIN_WIDTH = 2;

/**
 * Draws the periods during which a monitor was not OK, from their first to their last second.
 * @param {HTMLElement} element
 * @param {Stats} stats
 * @param {{from: number, to: number}} span of the strip, in seconds since 1970
 */
export function drawStrip(element, { periods }, { from, to }) {
  const part = (/** @type {string} */ date) =>
    Math.min(Math.max((Date.parse(date) / 1000 - from) / (to - from), 0), 1) * 100;
  element.replaceChildren(
    ...periods.map((period) => {
      const bar = document.createElement('i');
      const start = part(period.from);
      bar.className = period.kind;
      bar.title = describePeriod(period);
      bar.style.left = `min(${start}%, 100% - ${MIN_WIDTH}px)`;
      bar.style.width = `max(${part(period.to) - start}%, ${MIN_WIDTH}px)`;
      return bar;
    }),
  );
}
