/**
 * How tiles are drawn: in which format, of what size; all in pixels.
 * @typedef {{format: string, font: number, width: number, height: number, gap: number}} Step
 */

/** What a grid holds: the tiles of each group, and whether it has a heading. @typedef {{count: number, named: boolean}[]} Shape */

/** The widths and heights of tiles, in their font's size. */
const BAD_FULL = [17, 6.5];
const OTHER_FULL = [12, 4.75];
const LINE = [16, 2];
const NAME = [9, 2];
const CELL = [1, 1];
/** The room above each grid, in pixels. */
const ABOVE = 12;
/** The width of a heading among cells. */
const HEADING = 112;
/** The size of cells that needn't fit, since the page scrolls in any case: a finger hits them. */
const SCROLLED_CELL = 28;
/** How much of the room the bad ones may take while there are others: less where those can't show all else, least where they don't fit. */
const SHARES = [0.6, 0.3, 0.12];

/**
 * The steps from the roomiest on.
 * @param {number[]} full
 * @returns {Step[]}
 */
function steps(full) {
  return [
    ...[72, 64, 56, 48, 42, 36, 32, 28, 24, 21, 18, 16].map(sized('full', full)),
    ...[21, 18, 16, 14].map(sized('line', LINE)),
    ...[18, 16, 14, 12].map(sized('name', NAME)),
    ...[56, 48, 44, 40, 36, 32, 28, 26, 24, 22, 20, 18, 16, 14].map(sized('cell', CELL)),
  ];
}

const BAD_STEPS = steps(BAD_FULL);
const OTHER_STEPS = steps(OTHER_FULL);

/**
 * @param {string} format
 * @param {number[]} size
 * @returns {(font: number) => Step}
 */
function sized(format, [width, height]) {
  const gap = (/** @type {number} */ font) => (format === 'full' ? Math.min(12, Math.round(font * 0.35)) : 4);
  return (font) => ({ format, font, width: width * font, height: height * font, gap: gap(font) });
}

/**
 * The sizes with which all tiles are on the screen, as large as can be. Where that can't be, the page scrolls.
 * @param {number} bad how many bad ones there are
 * @param {Shape} others
 * @param {number} width
 * @param {number} height
 * @returns {{bad: Step, others: Step}}
 */
export function fitTiles(bad, others, width, height) {
  const badShape = bad ? [{ count: bad, named: false }] : [];
  let found = { bad: BAD_STEPS[0], others: OTHER_STEPS[0] };
  for (const share of others.length ? SHARES : [1]) {
    const first = largest(BAD_STEPS, badShape, width, height * share, 0);
    const left = height - heightOf(BAD_STEPS[first], badShape, width);
    const second = largest(OTHER_STEPS, others, width, left, bad ? first : 0);
    found = { bad: BAD_STEPS[first], others: OTHER_STEPS[second] };
    const fits = heightOf(found.others, others, width) <= left;
    if (fits && (found.others.format === 'full' || share < SHARES[0])) {
      break;
    }
  }
  return found;
}

/**
 * @param {Step[]} steps
 * @param {Shape} shape
 * @param {number} width
 * @param {number} height
 * @param {number} from the first that may be taken
 * @returns {number} the first that fits; else the cells to scroll over
 */
function largest(steps, shape, width, height, from) {
  const fits = steps.findIndex((step, i) => i >= from && step.width <= width && heightOf(step, shape, width) <= height);
  return fits < 0 ? steps.findIndex(({ format, font }) => format === 'cell' && font === SCROLLED_CELL) : fits;
}

/** @param {Step} step the height of a heading above a grid */
const headHeight = ({ font }) => Math.max(28, Math.round(font * 1.4));

/** @param {Step} step how many cells a heading among them takes */
const headSpan = ({ font, gap }) => Math.ceil(HEADING / (font + gap));

/**
 * @param {Step} step
 * @param {Shape} shape
 * @param {number} width
 */
function heightOf(step, shape, width) {
  if (!shape.length) {
    return 0;
  }
  const { height, gap, format } = step;
  const columns = Math.max(1, Math.floor((width + gap) / (step.width + gap)));
  const rowsHeight = (/** @type {number} */ rows) => rows * (height + gap) - gap;
  if (format !== 'cell') {
    const heights = shape.map(
      ({ count, named }) => (named ? headHeight(step) : ABOVE) + rowsHeight(Math.ceil(count / columns)),
    );
    return heights.reduce((sum, height) => sum + height, 0);
  }
  let places = 0;
  for (const { count, named } of shape) {
    const span = named ? Math.min(headSpan(step), columns) : 0;
    const left = columns - (places % columns);
    places += (left < span ? left : 0) + span + count;
  }
  return ABOVE + rowsHeight(Math.ceil(places / columns));
}

/**
 * @param {HTMLElement} grid
 * @param {Step} step
 */
export function applyStep(grid, step) {
  grid.dataset.format = step.format;
  grid.style.fontSize = `${step.font}px`;
  for (const [name, value] of Object.entries({ ...step, head: headHeight(step) })) {
    grid.style.setProperty(`--tile-${name}`, `${value}px`);
  }
  grid.style.setProperty('--tile-span', String(headSpan(step)));
}
