/** @import uPlot from '../lib/uplot.js' */
import { drawIcon } from './icon.js';

/** A limit of the rule for a value: its text, such as respTime < 400, and the value. @typedef {{label: string, value: number}} Threshold */

/** The chart includes a threshold of at most this many times its highest value. Others are only named at its top. */
const MAX_FACTOR = 4;
/** The font size of a label, its padding and the height of its line, in pixels. */
const FONT = 12;
const PADDING = 4;
const LINE = 18;

/**
 * Returns the highest value that a chart shows: of its values, or of a threshold that is not much higher.
 * @param {readonly Threshold[]} thresholds
 * @param {number} high the highest value
 */
export function highest(thresholds, high) {
  const near = thresholds.map(({ value }) => value).filter((value) => high <= 0 || value <= high * MAX_FACTOR);
  return Math.max(high, ...near);
}

/**
 * Draws each threshold as a dashed line with its label at the left, where the oldest values are. If the chart ends below it, an arrow at the top says so.
 * Returns the heights of the lines below the top of the chart, in CSS pixels.
 * @param {uPlot} plot
 * @param {readonly Threshold[]} thresholds
 * @param {Record<string, string>} colours
 */
export function drawThresholds(plot, thresholds, { text, card }) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  /** @type {number[]} */
  const lines = [];
  let above = 0;
  ctx.save();
  ctx.font = `600 ${FONT * scale}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  for (const { label, value } of thresholds) {
    const y = plot.valToPos(value, 'y', true);
    const isAbove = y < bbox.top;
    if (!isAbove) {
      drawLine(ctx, bbox, y, text);
      lines.push(Math.round((y - bbox.top) / scale));
    }
    const middle = isAbove ? bbox.top + (above++ + 0.5) * LINE * scale : y - (LINE / 2) * scale;
    drawLabel(ctx, label, isAbove, bbox.left, middle, { text, card });
  }
  ctx.restore();
  return lines;
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {uPlot.BBox} bbox
 * @param {number} y
 * @param {string} colour
 */
function drawLine(ctx, { left, width }, y, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
}

/**
 * Draws a label on the colour of the card, so that it can be read on lines and areas.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} label
 * @param {boolean} isAbove whether the line is above the chart, which an arrow shows
 * @param {number} left
 * @param {number} middle
 * @param {{text: string, card: string}} colours
 */
function drawLabel(ctx, label, isAbove, left, middle, { text, card }) {
  const padding = PADDING * devicePixelRatio;
  const height = (LINE - 2) * devicePixelRatio;
  const size = isAbove ? FONT * devicePixelRatio : 0;
  const width = size + ctx.measureText(label).width + 2 * padding;
  ctx.globalAlpha = 0.85;
  ctx.fillStyle = card;
  ctx.fillRect(left, middle - height / 2, width, height);
  ctx.globalAlpha = 1;
  ctx.fillStyle = text;
  ctx.fillText(label, left + padding + size, middle);
  if (isAbove) {
    drawIcon(ctx, 'arrow', left + padding / 2, middle - size / 2, size, text);
  }
}
