/**
 * The format and size of tiles, in pixels.
 * @typedef {{format: string, font: number, width: number, height: number, gap: number}} Step
 */

/**
 * The number of tiles in each group, and whether the groups have headings.
 * @typedef {{counts: number[], named: boolean}} Shape
 */

/**
 * The layout of the groups: the number of columns, the number of columns of each group, and the total height in pixels. In the
 * cell format, groups have no columns of their own; they follow each other.
 * @typedef {{columns: number, spans: number[], height: number}} Layout
 */

/** The width and height of a tile in each format, in em. */
const NOT_OK_FULL = [21, 6.5];
const OTHER_FULL = [13, 4.75];
const LINE = [16, 2];
const NAME = [9, 2];
const CELL = [1, 1];
/** The space above tiles without a heading, in pixels. */
const ABOVE = 12;
/** The width of a group's heading in the cell format, where headings are between the cells. In pixels. */
const HEADING = 112;
/** The size of cells if the page must scroll, in pixels. */
const SCROLLED_CELL = 28;
/** On a narrower page, which is one of a phone, smaller tiles become rows with names, and the page scrolls. In pixels. */
const PHONE = 704;
/** The height of such a row, in pixels. It is large enough for a finger. */
const ROW = 44;
/**
 * The share of the height for the monitors that are not OK, if there are other monitors too. The first value is used if the
 * other monitors then fit in the full format; otherwise the smaller values are tried.
 */
const NOT_OK_SHARES = [0.6, 0.3, 0.12];

/**
 * Returns the steps, largest first.
 * @param {number[]} full the width and height of the full format, in em
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

const NOT_OK_STEPS = steps(NOT_OK_FULL);
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
 * Returns the largest tile sizes with which all tiles fit on the screen. If none fits, or on a phone if they would be small,
 * the page scrolls.
 * @param {number} notOk the number of monitors that are not OK
 * @param {Shape} others
 * @param {number} width the available width, in pixels
 * @param {number} height the available height, in pixels
 * @returns {{notOk: Step, others: Step}}
 */
export function fitTiles(notOk, others, width, height) {
  const notOkShape = { counts: notOk ? [notOk] : [], named: false };
  let found = { notOk: NOT_OK_STEPS[0], others: OTHER_STEPS[0] };
  for (const share of others.counts.length ? NOT_OK_SHARES : [1]) {
    const first = largest(NOT_OK_STEPS, notOkShape, width, height * share, 0);
    const left = height - layOut(NOT_OK_STEPS[first], notOkShape, width).height;
    const second = largest(OTHER_STEPS, others, width, left, notOk ? first : 0);
    found = { notOk: NOT_OK_STEPS[first], others: OTHER_STEPS[second] };
    const fits = layOut(found.others, others, width).height <= left;
    if (fits && (found.others.format === 'full' || share < NOT_OK_SHARES[0])) {
      break;
    }
  }
  return width < PHONE ? { notOk: asRow(found.notOk, width), others: asRow(found.others, width) } : found;
}

/**
 * Returns a step with one named row for each monitor, instead of one with small tiles.
 * @param {Step} step
 * @param {number} width the available width, in pixels
 * @returns {Step}
 */
function asRow(step, width) {
  return step.format === 'full' ? step : { format: 'line', font: 16, width, height: ROW, gap: 4 };
}

/**
 * @param {Step[]} steps
 * @param {Shape} shape
 * @param {number} width
 * @param {number} height
 * @param {number} from the first index to try
 * @returns {number} the index of the first step that fits; if none fits, that of the cells for a page that scrolls
 */
function largest(steps, shape, width, height, from) {
  const fits = steps.findIndex(
    (step, i) => i >= from && step.width <= width && layOut(step, shape, width).height <= height,
  );
  return fits < 0 ? steps.findIndex(({ format, font }) => format === 'cell' && font === SCROLLED_CELL) : fits;
}

/** Returns the height of a group's heading above its tiles, in pixels. @param {Step} step */
const headHeight = ({ font }) => Math.max(28, Math.round(font * 1.4));

/** Returns the width of a group's heading in the cell format, in cells. @param {Step} step */
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
 * Places groups side by side. Tries every number of rows per group and returns the layout with the smallest total height.
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
 * Places groups next to each other. A group that does not fit starts the next shelf.
 * @param {number[]} spans
 * @param {number} columns
 * @returns {number[][]} the indices of the groups on each shelf
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
 * @param {HTMLElement} others the element with a section for each group
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
