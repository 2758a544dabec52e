/** @import {Period} from '../../../types/model' */
/** @import uPlot from '../../lib/uplot.js' */

/** The font size of a marker, in pixels. */
const MARKER = 14;
/** The minimum distance between markers, in pixels. */
const MARKER_SPACING = 16;
/** The width below which a period has a stronger colour, in pixels. */
const NARROW = 3;
/** The name of the colour of each kind of period. */
const COLOURS = {
  error: 'error',
  failed: 'failed',
  maintenance: 'ignored',
  blocked: 'ignored',
  disabled: 'unchecked',
  unchecked: 'unchecked',
};
/** The markers, the most important first. */
const MARKERS = /** @type {const} */ ([
  ['failed', '✕'],
  ['error', '▲'],
]);

/**
 * Shades periods during which a monitor was not OK from their first to their last pixel. It draws a marker above each period
 * with an error or a failure, as far as there is space.
 * @param {uPlot} plot
 * @param {Period[]} periods
 * @param {{[name: string]: string}} colours
 */
export function drawPeriods(plot, periods, colours) {
  const { ctx, bbox } = plot;
  const x = (/** @type {string} */ date) => {
    const at = plot.valToPos(Date.parse(date) / 1000, 'x', true);
    return Math.min(Math.max(at, bbox.left), bbox.left + bbox.width);
  };
  const bars = periods.map(({ from, to, kind }) => {
    const left = x(from);
    return { left, width: Math.max(x(to) - left, devicePixelRatio), kind };
  });
  ctx.save();
  for (const { left, width, kind } of bars) {
    ctx.fillStyle = colours[COLOURS[kind]];
    ctx.globalAlpha = width < NARROW * devicePixelRatio ? 0.5 : 0.16;
    ctx.fillRect(left, bbox.top, width, bbox.height);
  }
  ctx.globalAlpha = 1;
  ctx.font = `bold ${MARKER * devicePixelRatio}px sans-serif`;
  ctx.textAlign = 'center';
  /** @type {number[]} */
  const markers = [];
  for (const [kind, marker] of MARKERS) {
    ctx.fillStyle = colours[kind];
    for (const bar of bars.filter((bar) => bar.kind === kind)) {
      const middle = bar.left + bar.width / 2;
      if (markers.every((other) => Math.abs(middle - other) >= MARKER_SPACING * devicePixelRatio)) {
        ctx.fillText(marker, middle, bbox.top + MARKER * devicePixelRatio);
        markers.push(middle);
      }
    }
  }
  ctx.restore();
}

const NAMES = {
  error: 'error',
  failed: 'failed',
  maintenance: 'in maintenance',
  blocked: 'blocked',
  disabled: 'disabled',
  unchecked: 'not checked',
};

/**
 * Describes the periods in a part of the time range, in words.
 * @param {Period[]} periods
 * @param {number} from milliseconds since 1970
 * @param {number} to
 * @param {(date: string) => string} format
 */
export function describePeriods(periods, from, to, format) {
  const within = periods.filter((period) => Date.parse(period.from) < to && Date.parse(period.to) > from);
  const texts = within
    .slice(0, 2)
    .map((period) => `${NAMES[period.kind]} ${format(period.from)} to ${format(period.to)}`);
  return within.length > 2 ? [...texts, `${within.length - 2} more`] : texts;
}
