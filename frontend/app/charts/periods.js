/** @import {Period} from '../../types/model' */
/** @import uPlot from '../lib/uplot.js' */
import { formatSpan } from '../format.js';
import { formatExactPeriod } from '../format-period.js';
import { drawIcon } from './icon.js';

/** The size of a marker, in pixels. */
const MARKER = 14;
/** The minimum distance between markers, in pixels. */
const MARKER_SPACING = 16;
/** The minimum width of a period, and the width below which it has a stronger colour, in pixels. */
const MIN_WIDTH = 2;
const NARROW = 4;
/** The height of the strip at the bottom of a period, in pixels. */
const STRIP = 5;
/** The size of the pattern of ignored time, in pixels. */
const PATTERN = 8;
/** The name of the colour of each kind of period, and its name in words. */
export const KINDS = {
  error: { colour: 'error', name: 'Error' },
  failed: { colour: 'failed', name: 'Failed' },
  maintenance: { colour: 'accent', name: 'In maintenance', isIgnored: true },
  blocked: { colour: 'accent', name: 'Blocked', isIgnored: true },
  disabled: { colour: 'muted', name: 'Disabled' },
  unchecked: { colour: 'muted', name: 'Not checked' },
};
/** The kinds of periods that have a marker, the most important first. */
const MARKED = /** @type {const} */ (['failed', 'error']);

/**
 * Shades periods during which a monitor was not OK, from their first to their last pixel and at least some pixels wide.
 * @param {uPlot} plot
 * @param {readonly Period[]} periods
 * @param {Record<string, string>} colours
 */
export function shadePeriods(plot, periods, colours) {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { left, width, kind } of barsOf(plot, periods)) {
    const { colour, isIgnored } = { isIgnored: false, ...KINDS[kind] };
    ctx.fillStyle = colours[colour];
    ctx.globalAlpha = width < NARROW * devicePixelRatio ? 0.5 : 0.14;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
    if (isIgnored) {
      ctx.fillStyle = stripes(ctx, colours[colour]);
      ctx.fillRect(left, bbox.top, width, bbox.height);
    }
  }
  ctx.restore();
}

/**
 * Draws a strip at the bottom of each period, and a marker above each period with an error or a failure, as far as there is
 * space.
 * @param {uPlot} plot
 * @param {readonly Period[]} periods
 * @param {Record<string, string>} colours
 */
export function markPeriods(plot, periods, colours) {
  const { ctx, bbox } = plot;
  const bars = barsOf(plot, periods);
  const height = STRIP * devicePixelRatio;
  const size = MARKER * devicePixelRatio;
  ctx.save();
  for (const { left, width, kind } of bars) {
    ctx.fillStyle = colours[KINDS[kind].colour];
    ctx.fillRect(left, bbox.top + bbox.height - height, width, height);
  }
  /** @type {number[]} */
  const markers = [];
  for (const kind of MARKED) {
    for (const bar of bars.filter((bar) => bar.kind === kind)) {
      const middle = bar.left + bar.width / 2;
      if (markers.every((other) => Math.abs(middle - other) >= MARKER_SPACING * devicePixelRatio)) {
        drawIcon(ctx, kind, middle - size / 2, bbox.top + devicePixelRatio, size, colours[kind]);
        markers.push(middle);
      }
    }
  }
  ctx.restore();
}

/**
 * Returns the left edge and the width of each period, in pixels of the canvas.
 * @param {uPlot} plot
 * @param {readonly Period[]} periods
 */
function barsOf(plot, periods) {
  const { left, width } = plot.bbox;
  const end = left + width;
  const x = (/** @type {string} */ date) => {
    const at = plot.valToPos(Date.parse(date) / 1000, 'x', true);
    return Math.min(Math.max(at, left), end);
  };
  return periods.map(({ from, to, kind }) => {
    const width = Math.max(x(to) - x(from), MIN_WIDTH * devicePixelRatio);
    return { left: Math.min(x(from), end - width), width, kind };
  });
}

/**
 * Returns a pattern of diagonal stripes.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} colour
 */
function stripes(ctx, colour) {
  const size = Math.round(PATTERN * devicePixelRatio);
  const canvas = new OffscreenCanvas(size, size);
  const tile = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  tile.strokeStyle = colour;
  tile.globalAlpha = 0.35;
  tile.lineWidth = devicePixelRatio;
  tile.beginPath();
  for (const shift of [-size, 0, size]) {
    tile.moveTo(shift, size);
    tile.lineTo(shift + size, 0);
  }
  tile.stroke();
  return /** @type {CanvasPattern} */ (ctx.createPattern(canvas, 'repeat'));
}

/**
 * Describes a period in words, with its first and its last second.
 * @param {Period} period
 */
export function describePeriod({ from, to, kind }) {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  return `${KINDS[kind].name}: ${formatExactPeriod(start, end)} (${formatSpan(end - start)})`;
}

/**
 * Returns the periods in a part of the time range.
 * @param {readonly Period[]} periods
 * @param {number} from milliseconds since 1970
 * @param {number} to
 */
export function periodsIn(periods, from, to) {
  return periods.filter((period) => Date.parse(period.from) < to && Date.parse(period.to) > from);
}
