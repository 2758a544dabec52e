/** @import {ListedMonitor} from '../../../types/model' */
/** @import {Section} from './list.js' */

/** Heights in pixels: of the table's header, a group's heading and a monitor's row. */
/** @typedef {{header: number, heading: number, row: number}} Heights */

/** A row: the monitor, where it lies in its section in pixels, and its place among all rows of the table. */
/** @typedef {{item: ListedMonitor, top: number, index: number}} Line */

/**
 * A section with the lines of it that are drawn.
 * @typedef {Omit<Section, 'items'> & {top: number, height: number, index: number, lines: readonly Line[]}} Drawn
 */

/** How many rows more than needed are drawn at once, so that not every pixel of scrolling draws. */
const STEP = 4;

/**
 * Of a long table only the rows near the window are drawn, at their places. Rows that stay as they were stay the same
 * objects, so nothing is drawn twice.
 */
export class Windowing {
  /** @type {Section[]} */
  #sections = [];
  /** @type {Heights} */
  #heights = { header: 0, heading: 0, row: 1 };
  /** @type {Map<string, Line>} */
  #lines = new Map();
  /** @type {Map<string, Drawn>} */
  #drawn = new Map();
  /** Of the whole table, in pixels. */
  height = 0;
  /** How many rows the whole table has, with its header. */
  rows = 1;

  /**
   * @param {Section[]} sections
   * @param {Heights} heights
   */
  place(sections, heights) {
    this.#sections = sections;
    this.#heights = heights;
    const { header, heading, row } = heights;
    this.height = header;
    this.rows = 1;
    for (const section of sections) {
      this.height += (section.heading ? heading : 0) + section.items.length * row;
      this.rows += Number(section.heading) + section.items.length;
    }
  }

  /**
   * @param {number} from pixels below the top of the table
   * @param {number} to
   * @param {string} pinned the id of a monitor that is drawn wherever it is
   * @returns {readonly Drawn[]}
   */
  cut(from, to, pinned) {
    const { header, heading, row } = this.#heights;
    /** @type {Map<string, Line>} */
    const lines = new Map();
    /** @type {Map<string, Drawn>} */
    const drawn = new Map();
    let top = header;
    let index = 2;
    for (const section of this.#sections) {
      const above = section.heading ? heading : 0;
      const height = above + section.items.length * row;
      const first = index + Number(section.heading);
      const wanted = between(section.items, from - top - above, to - top - above, row, pinned);
      if (wanted.length > 0 || (top < to && top + height > from)) {
        for (const i of wanted) {
          const item = section.items[i];
          lines.set(item.id, keep(this.#lines.get(item.id), { item, top: above + i * row, index: first + i }));
        }
        const { items, ...rest } = section;
        const last = this.#drawn.get(section.name);
        const own = wanted.map((i) => /** @type {Line} */ (lines.get(items[i].id)));
        drawn.set(section.name, keep(last, { ...rest, top, height, index, lines: keepAll(last?.lines, own) }));
      }
      top += height;
      index = first + section.items.length;
    }
    this.#lines = lines;
    this.#drawn = drawn;
    return Object.freeze([...drawn.values()]);
  }
}

/**
 * The indices of the items that lie, at least in part, between from and to, and that of the pinned one.
 * @param {ListedMonitor[]} items
 * @param {number} from
 * @param {number} to
 * @param {number} height of an item
 * @param {string} pinned
 */
function between(items, from, to, height, pinned) {
  const first = Math.max(0, Math.floor(from / height / STEP) * STEP);
  const end = Math.min(items.length, Math.ceil(to / height / STEP) * STEP);
  const indices = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  const at = pinned ? items.findIndex((item) => item.id === pinned) : -1;
  if (at >= 0 && at < first) {
    return [at, ...indices];
  }
  return at >= Math.max(first, end) ? [...indices, at] : indices;
}

/**
 * The next, frozen; or the last where both have the same fields.
 * @template {object} T
 * @param {T | undefined} last
 * @param {T} next
 * @returns {T}
 */
function keep(last, next) {
  const fields = /** @type {(keyof T)[]} */ (Object.keys(next));
  return last && fields.every((field) => last[field] === next[field]) ? last : Object.freeze(next);
}

/**
 * @template T
 * @param {readonly T[] | undefined} last
 * @param {T[]} next
 * @returns {readonly T[]}
 */
function keepAll(last, next) {
  return last?.length === next.length ? keep(last, next) : Object.freeze(next);
}
