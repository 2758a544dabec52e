/** @import {ListedMonitor} from '../../../types/model' */
/** @import {Arrangement, Section} from './arrange.js' */
import { isSingleKey } from '../../router.js';

/** The heights of the table's header, a group's heading and a monitor's row, in pixels. */
/** @typedef {{header: number, heading: number, row: number}} Heights */

/** A row: the monitor, its position in its section in pixels, and its index among all rows of the table. */
/** @typedef {{item: ListedMonitor, top: number, index: number}} Line */

/**
 * A section with its drawn rows.
 * @typedef {Omit<Section, 'items'> & {top: number, height: number, index: number, lines: readonly Line[]}} Drawn
 */

/** How many rows are added at once while the user scrolls, so that not every pixel causes a redraw. */
const STEP = 4;

/**
 * Selects the rows of a long table to draw: those near the visible part. Unchanged rows stay the same objects, so they are
 * not redrawn.
 */
export class Windowing {
  /** All sections, near the visible part or not. @type {Section[]} */
  sections = [];
  /** @type {Arrangement['members']} */
  #members = new Map();
  /** @type {Heights} */
  #heights = { header: 0, heading: 0, row: 1 };
  /** @type {Map<string, Line>} */
  #lines = new Map();
  /** @type {Map<string, Drawn>} */
  #drawn = new Map();
  /** The height of the whole table, in pixels. */
  height = 0;
  /** The number of rows of the whole table, including its header. */
  rows = 1;

  /**
   * Sets the content of the table.
   * @param {Pick<Arrangement, 'sections' | 'members'>} arranged
   * @param {Heights} heights
   */
  setContent({ sections, members }, heights) {
    this.sections = sections;
    this.#members = members;
    this.#heights = heights;
    const { header, heading, row } = heights;
    this.height = header;
    this.rows = 1;
    for (const section of sections) {
      this.height += (section.heading ? heading : 0) + section.items.length * row;
      this.rows += Number(section.heading) + section.items.length;
    }
  }

  /** The monitors that match the filters, also those in collapsed groups. */
  get shown() {
    return [...this.#members.values()].flat();
  }

  /**
   * Returns the monitors of a section, also if it is collapsed.
   * @param {string} name
   */
  members(name) {
    return this.#members.get(name) ?? [];
  }

  /**
   * Returns the monitor in the row that is a number of rows below the row of a monitor, and the position of this row, in pixels
   * below the top of the table. Returns undefined if there is no such row.
   * @param {string | undefined} id undefined for the place above the first row
   * @param {number} step negative for a row above
   */
  neighbour(id, step) {
    const { header, heading, row } = this.#heights;
    const rows = [];
    let top = header;
    for (const section of this.sections) {
      top += section.heading ? heading : 0;
      for (const item of section.items) {
        rows.push({ id: item.id, top });
        top += row;
      }
    }
    return rows[(id === undefined ? -1 : rows.findIndex((it) => it.id === id)) + step];
  }

  /**
   * Returns the sections and rows in a range.
   * @param {number} from pixels below the top of the table
   * @param {number} to pixels below the top of the table
   * @param {string} pinned the id of a monitor to include even if it is out of range
   * @returns {readonly Drawn[]}
   */
  range(from, to, pinned) {
    const { header, heading, row } = this.#heights;
    /** @type {Map<string, Line>} */
    const lines = new Map();
    /** @type {Map<string, Drawn>} */
    const drawn = new Map();
    let top = header;
    let index = 2;
    for (const section of this.sections) {
      const above = section.heading ? heading : 0;
      const height = above + section.items.length * row;
      const first = index + Number(section.heading);
      const indices = between(section.items, from - top - above, to - top - above, row, pinned);
      if (indices.length > 0 || (top < to && top + height > from)) {
        for (const i of indices) {
          const item = section.items[i];
          lines.set(item.id, reuse(this.#lines.get(item.id), { item, top: above + i * row, index: first + i }));
        }
        const { items, ...rest } = section;
        const last = this.#drawn.get(section.name);
        const own = indices.map((i) => /** @type {Line} */ (lines.get(items[i].id)));
        drawn.set(section.name, reuse(last, { ...rest, top, height, index, lines: reuseAll(last?.lines, own) }));
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
 * Returns the indices of the items that are at least partly between from and to, and of the pinned item.
 * @param {ListedMonitor[]} items
 * @param {number} from
 * @param {number} to
 * @param {number} height the height of an item
 * @param {string} pinned
 */
function between(items, from, to, height, pinned) {
  const first = Math.max(0, Math.floor(from / height / STEP) * STEP);
  const end = Math.min(items.length, Math.ceil(to / height / STEP) * STEP);
  const indices = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  const pinnedIndex = pinned ? items.findIndex((item) => item.id === pinned) : -1;
  if (pinnedIndex >= 0 && pinnedIndex < first) {
    return [pinnedIndex, ...indices];
  }
  return pinnedIndex >= Math.max(first, end) ? [...indices, pinnedIndex] : indices;
}

/**
 * Returns next, frozen; or last if all fields are the same.
 * @template {object} T
 * @param {T | undefined} last
 * @param {T} next
 * @returns {T}
 */
function reuse(last, next) {
  const fields = /** @type {(keyof T)[]} */ (Object.keys(next));
  return last && fields.every((field) => last[field] === next[field]) ? last : Object.freeze(next);
}

/**
 * @template T
 * @param {readonly T[] | undefined} last
 * @param {T[]} next
 * @returns {readonly T[]}
 */
function reuseAll(last, next) {
  return last?.length === next.length ? reuse(last, next) : Object.freeze(next);
}

/**
 * Reads the heights from the styles, where they depend on the width of the screen.
 * @param {Element} table
 * @returns {Heights}
 */
export function readHeights(table) {
  const style = getComputedStyle(table);
  const pixels = (/** @type {string} */ name) => parseFloat(style.getPropertyValue(name));
  return { header: pixels('--header'), heading: pixels('--heading'), row: pixels('--row') };
}

/**
 * Tells the styles the height of the bar at the top of the page, below which the titles of the columns stay. The bar has more
 * than one line if the screen is narrow.
 * @param {HTMLElement} table
 */
export function followBar(table) {
  const height = `${document.querySelector('.bar')?.getBoundingClientRect().height ?? 0}px`;
  if (table.style.getPropertyValue('--bar') !== height) {
    table.style.setProperty('--bar', height);
  }
}

/**
 * Waits until Alpine has drawn a change. Unlike Alpine.nextTick, it does not wait for a timer: the browser could handle a key
 * before the timer, and the key would act on the row that had the focus before, or on none.
 */
export async function untilDrawn() {}

/**
 * Restores the focus after its row has moved, which removes the focus. If the row is gone, focuses the row that took its
 * position, or the search.
 * @param {HTMLElement} table
 * @param {HTMLElement} search
 * @param {HTMLElement} active
 * @param {string | null} index
 */
export function keepFocus(table, search, active, index) {
  if (document.activeElement !== document.body || !table.isConnected) {
    return; // The focus is elsewhere, or the view was left in the meantime.
  }
  const kind = active.matches('input') ? 'input' : ':is(a, button:not([tabindex]))';
  const sameIndex = /** @type {HTMLElement | null} */ (table.querySelector(`[aria-rowindex="${index}"] ${kind}`));
  (active.isConnected ? active : (sameIndex ?? search)).focus({ preventScroll: true });
}

/**
 * Creates the keys of the list, which are a part of the data of the view: they lead from the search to the rows, and from row to
 * row.
 * @param {Windowing} windowing
 */
export function rowKeys(windowing) {
  return {
    /**
     * Focuses the search for /.
     * @param {KeyboardEvent} event
     */
    onKey(event) {
      if (event.key === '/' && isSingleKey(event)) {
        event.preventDefault();
        /** @type {any} */ (this).$refs.search.focus();
      }
    },

    /**
     * Opens the first monitor that matches the search for Enter. The arrow keys lead to the rows.
     * @param {KeyboardEvent} event
     */
    onSearchKey(event) {
      const first = windowing.neighbour(undefined, 1);
      if (event.key !== 'Enter') {
        return this.onRowKey(event);
      }
      if (first && /** @type {any} */ (this).q.trim() && !event.isComposing) {
        location.hash = `#monitor/${first.id}`;
      }
    },

    /**
     * Moves the focus to the row below or above. Above the first row is the search.
     * @param {KeyboardEvent} event
     */
    async onRowKey(event) {
      const view = /** @type {any} */ (this);
      const target = /** @type {Element} */ (event.target);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
      if (!step || !isPlain || event.isComposing || target.matches('.pick input, .heading-row *')) {
        return;
      }
      const id = target.closest('.line')?.getAttribute('data-id') ?? undefined;
      const next = windowing.neighbour(id, step);
      event.preventDefault();
      if (next) {
        await focusRow(view.$refs.table, next, () => view.draw());
      } else if (id && step < 0) {
        view.$refs.search.focus();
        scrollTo(0, 0);
      }
    },
  };
}

/**
 * Focuses a row and scrolls to it.
 * @param {HTMLElement} table
 * @param {{id: string, top: number}} row
 * @param {() => void} draw draws the rows near the visible part of the page
 */
async function focusRow(table, { id, top }, draw) {
  const find = () => /** @type {HTMLElement | null} */ (table.querySelector(`[data-id="${id}"] .who a`));
  if (!find()) {
    scrollBy(0, table.getBoundingClientRect().top + top - innerHeight / 2);
    draw();
    await untilDrawn();
  }
  find()?.focus({ preventScroll: true });
  find()?.scrollIntoView({ block: 'nearest' });
}
