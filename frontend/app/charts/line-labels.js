/** @import uPlot from '../lib/uplot.js' */
/** @import {Series} from './chart.js' */

/** The space for the labels at the right of a chart, in pixels. */
export const LABEL_SPACE = 26;
/** The radius of a label, its distance from the end of the line, and the font size, in pixels. */
const RADIUS = 8;
const DISTANCE = 12;
const FONT = 11;
/** The minimum distance between the middles of two labels, in pixels. */
const SPACING = 2 * RADIUS + 2;

/**
 * Draws the label of each line in a ring at the line's end, so that the lines can be told apart without colours. Labels that
 * would cover each other are moved apart.
 * @param {uPlot} plot
 * @param {readonly Series[]} series
 * @param {Record<string, string>} colours
 */
export function drawLineLabels(plot, series, colours) {
  const scale = devicePixelRatio;
  const labels = series.flatMap(({ label, values, colour }, i) => {
    const last = values.findLastIndex((value) => typeof value === 'number');
    if (!label || last < 0) {
      return [];
    }
    const x = plot.valToPos(plot.data[0][last], 'x', true) + DISTANCE * scale;
    const y = plot.valToPos(/** @type {number} */ (values[last]), 'y', true);
    return [{ label, colour: colours[colour], x, y, alpha: plot.series[i + 1].alpha ?? 1 }];
  });
  const { ctx, bbox } = plot;
  moveApart(labels, bbox.top + RADIUS * scale, bbox.top + bbox.height - RADIUS * scale, SPACING * scale);
  ctx.save();
  ctx.font = `bold ${FONT * scale}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.lineWidth = 2 * scale;
  for (const { label, colour, x, y, alpha } of labels) {
    ctx.globalAlpha = alpha;
    ctx.beginPath();
    ctx.arc(x, y, (RADIUS - 1) * scale, 0, 2 * Math.PI);
    ctx.fillStyle = colours.card;
    ctx.fill();
    ctx.strokeStyle = colour;
    ctx.stroke();
    ctx.fillStyle = colours.text;
    ctx.fillText(label, x, y + scale / 2);
  }
  ctx.restore();
}

/**
 * Moves labels that are near each other apart, within the limits.
 * @param {{x: number, y: number}[]} labels
 * @param {number} top
 * @param {number} bottom
 * @param {number} spacing
 */
function moveApart(labels, top, bottom, spacing) {
  const isNear = (/** @type {{x: number}} */ a, /** @type {{x: number}} */ b) => Math.abs(a.x - b.x) < spacing;
  const sorted = labels.toSorted((a, b) => a.y - b.y);
  sorted.forEach((label, i) => {
    const above = sorted.slice(0, i).filter((other) => isNear(other, label));
    label.y = Math.max(label.y, top, ...above.map(({ y }) => y + spacing));
  });
  // From the bottom up, where there was not enough space below.
  sorted.reverse().forEach((label, i) => {
    const below = sorted.slice(0, i).filter((other) => isNear(other, label));
    label.y = Math.min(label.y, bottom, ...below.map(({ y }) => y - spacing));
  });
}
