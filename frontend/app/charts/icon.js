/** The width and the height of the box in which icons are defined. */
const BOX = 16;
const LINE_WIDTH = 1.5;

/**
 * Draws an icon of index.html.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} name
 * @param {number} left in pixels of the canvas
 * @param {number} top
 * @param {number} size
 * @param {string} colour
 */
export function drawIcon(ctx, name, left, top, size, colour) {
  const path = /** @type {Element} */ (document.getElementById(`icon-${name}`));
  const shape = new Path2D(path.getAttribute('d') ?? '');
  ctx.save();
  ctx.translate(left, top);
  ctx.scale(size / BOX, size / BOX);
  ctx.lineWidth = Number(path.getAttribute('stroke-width') ?? LINE_WIDTH);
  ctx.setLineDash([]);
  ctx.lineCap = ctx.lineJoin = 'round';
  ctx.fillStyle = ctx.strokeStyle = colour;
  ctx.stroke(shape);
  if (path.hasAttribute('fill')) {
    ctx.fill(shape);
  }
  ctx.restore();
}
