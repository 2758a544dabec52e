/**
 * How tiles are drawn: in which format, of what size; all in pixels.
 * @typedef {{format: string, font: number, width: number, height: number, gap: number}} Step
 */

/** What there is to show: how many tiles each group has, and whether the groups have headings. @typedef {{counts: number[], named: boolean}} Shape */

/**
 * Where the groups are: the columns of all, how many of them each group spans, and the height of all in pixels. Among cells
 * groups span none: they follow each other.
 * @typedef {{columns: number, spans: number[], height: number}} Layout
 */

/** The widths and heights of tiles, in their font's size. */
const BAD_FULL = [21, 6.5];
const OTHER_FULL = [13, 4.75];
const LINE = [16, 2];
const NAME = [9, 2];
const CELL = [1, 1];
/** The room above tiles without a heading, in pixels. */
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
  return (font) => ({
    format,
    font,
    width: width * font,
    height: height * font,
    gap: gap(font),
  });
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
  const badShape = { counts: bad ? [bad] : [], named: false };
  let found = { bad: BAD_STEPS[0], others: OTHER_STEPS[0] };
  for (const share of others.counts.length ? SHARES : [1]) {
    const first = largest(BAD_STEPS, badShape, width, height * share, 0);
    const left = height - layOut(BAD_STEPS[first], badShape, width).height;
    const second = largest(OTHER_STEPS, others, width, left, bad ? first : 0);
    found = { bad: BAD_STEPS[first], others: OTHER_STEPS[second] };
    const fits = layOut(found.others, others, width).height <= left;
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
  const fits = steps.findIndex(
    (step, i) => i >= from && step.width <= width && layOut(step, shape, width).height <= height,
  );
  return fits < 0 ? steps.findIndex(({ format, font }) => format === 'cell' && font === SCROLLED_CELL) : fits;
}

/** @param {Step} step the height of a heading above tiles */
const headHeight = ({ font }) => Math.max(28, Math.round(font * 1.4));

/** @param {Step} step how many cells a heading among them takes */
const headSpan = ({ font, gap }) => Math.ceil(HEADING / (font + gap));

/**
 * @param {Step} step
 * @param {Shape} shape
 * @param {number} width
 * @returns {Layout}
 */
function layOut(step, shape, width) {
  const columns = Math.max(1, Math.floor((width + step.gap) / (step.width + step.gap)));
  if (!shape.counts.length) {
    return { columns, spans: [], height: 0 };
  }
  return step.format === 'cell' ? layOutCells(step, shape, columns) : layOutGroups(step, shape, columns);
}

/**
 * @param {Step} step
 * @param {Shape} shape
 * @param {number} columns
 * @returns {Layout}
 */
function layOutCells(step, { counts, named }, columns) {
  const head = named ? Math.min(headSpan(step), columns) : 0;
  let places = 0;
  for (const count of counts) {
    const left = columns - (places % columns);
    places += (left < head ? left : 0) + head + count;
  }
  return {
    columns,
    spans: [],
    height: ABOVE + rowsHeight(step, Math.ceil(places / columns)),
  };
}

/**
 * Groups side by side, each as wide as its tiles in so many rows: with as many as make the whole lowest.
 * @param {Step} step
 * @param {Shape} shape
 * @param {number} columns
 * @returns {Layout}
 */
function layOutGroups(step, { counts, named }, columns) {
  const head = named ? headHeight(step) : ABOVE;
  const least = Math.ceil(Math.max(...counts) / columns);
  const most = Math.max(least, Math.ceil(counts.reduce((sum, count) => sum + count) / columns) * 2);
  /** @type {Layout} */
  let lowest = { columns, spans: [], height: Infinity };
  for (let rows = least; rows <= most; rows++) {
    const spans = counts.map((count) => Math.ceil(count / rows));
    const height = shelve(spans, columns).reduce(
      (sum, shelf) => sum + head + rowsHeight(step, Math.max(...shelf.map((i) => Math.ceil(counts[i] / spans[i])))),
      0,
    );
    if (height < lowest.height) {
      lowest = { columns, spans, height };
    }
  }
  return lowest;
}

/**
 * Puts groups next to each other until one has no room, which begins the next shelf.
 * @param {number[]} spans
 * @param {number} columns
 * @returns {number[][]} the groups of each shelf
 */
function shelve(spans, columns) {
  /** @type {number[][]} */
  const shelves = [[]];
  let used = 0;
  spans.forEach((span, i) => {
    if (used + span > columns) {
      shelves.push([]);
      used = 0;
    }
    used += span;
    shelves[shelves.length - 1].push(i);
  });
  return shelves;
}

/**
 * @param {Step} step
 * @param {number} rows
 */
const rowsHeight = ({ height, gap }, rows) => rows * (height + gap) - gap;

/**
 * @param {HTMLElement} tiles
 * @param {Step} step
 */
export function applyStep(tiles, step) {
  tiles.dataset.format = step.format;
  tiles.style.fontSize = `${step.font}px`;
  for (const [name, value] of Object.entries({
    ...step,
    head: headHeight(step),
  })) {
    tiles.style.setProperty(`--tile-${name}`, `${value}px`);
  }
}

/**
 * @param {HTMLElement} others with a child for each group
 * @param {Step} step
 * @param {Shape} shape
 */
export function applyLayout(others, step, shape) {
  const { columns, spans } = layOut(step, shape, others.clientWidth);
  others.style.setProperty('--columns', String(columns));
  others.style.setProperty('--heading-span', String(headSpan(step)));
  others.querySelectorAll('section').forEach((group, i) => {
    group.style.setProperty('--span', String(spans[i] ?? 1));
  });
}
