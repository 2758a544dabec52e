/** @import uPlot from '../lib/uplot.js' */
import { formatCompact, formatSpan, formatValue } from '../format.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The space between the labels and the edge of the canvas, in pixels. */
const MARGIN = 4;
/** The steps between ticks: powers of ten below a minute, then round minutes, hours and days. In milliseconds. */
const STEPS = [
  ...[-4, -3, -2, -1, 0, 1, 2, 3].flatMap((power) => [1, 2, 2.5, 5].map((factor) => Number(`${factor}e${power}`))),
  ...[10_000, 20_000, 30_000],
  ...[1, 2, 5, 10, 15, 20, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12].map((count) => count * HOUR),
  ...[0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power * DAY)),
];

/**
 * Returns the axis of values with a unit. It is as wide as its labels, but not narrower than the usual ones.
 * @param {string} unit
 * @param {boolean} isSmall whether the labels have no unit, unless they are long durations
 * @returns {uPlot.Axis}
 */
export function valueAxis(unit, isSmall) {
  const [width, space] = isSmall ? [52, 26] : [68, 40];
  return {
    space,
    ...(unit === 'ms' ? { incrs: STEPS } : {}),
    values: (_, ticks) => formatTicks(ticks, unit, isSmall),
    size: (plot, labels, index) => Math.max(width, Math.ceil(widthOf(plot, labels ?? [], index))),
  };
}

/**
 * @param {number[]} ticks
 * @param {string} unit
 * @param {boolean} isSmall
 */
export function formatTicks(ticks, unit, isSmall) {
  if (unit === 'ms' && ticks.some((tick) => tick >= MINUTE)) {
    return ticks.map(formatSpan);
  }
  return ticks.map((tick) => (isSmall ? formatCompact(tick) : formatValue(tick, unit)));
}

/**
 * Returns the space that labels need, in pixels.
 * @param {uPlot} plot
 * @param {string[]} labels
 * @param {number} index of the axis
 */
function widthOf({ axes, ctx }, labels, index) {
  const { font, gap = 0 } = axes[index];
  ctx.font = String(/** @type {any} */ (font)?.[0]);
  const widths = labels.map((label) => ctx.measureText(label).width / devicePixelRatio);
  return Math.max(0, ...widths) + gap + MARGIN;
}
