/** @import {App} from '../../app.js' */
/** @import {BarTip} from './bar-tip.js' */
/** @import {rowMenu} from './menu.js' */
/** @import {Route} from '../../router.js' */
/** @import {Settings, SortKey} from './settings.js' */
/** @import {Drawn, Line} from './windowing.js' */
import Alpine from '../../lib/alpine.js';
import { formatNumber } from '../../format.js';
import { labelsOf } from '../../labels.js';
import { describeCount, Order, shownKinds } from './arrange.js';
import { countKinds } from '../../status.js';
import { rememberSettings } from '../../router.js';
import { loadPart } from '../../views.js';
import { checkBoxes, loadActions } from './check-boxes.js';
import { drawRow, placeSection } from './row.js';
import { ariaSort, choicesOf, collapsedGroups, NO_FILTERS, readSettings, readSort } from './settings.js';
import { followBar, keepFocus, readHeights, rowKeys, untilDrawn, Windowing } from './windowing.js';

/**
 * The list view. It draws only the rows near the visible part of the page; see Windowing.
 * @param {App} app
 * @param {Route} route
 */
export function list(app, { params }) {
  const { monitors, clock } = app;
  const windowing = new Windowing();
  const order = new Order();
  let isPointerInTable = false;
  let destroyed = false;
  let arrangements = 0;
  let heights = { header: 0, heading: 0, row: 1 };
  /** @type {BarTip | undefined} */
  let tip;
  /** The functions that stop what init started. @type {(() => void)[]} */
  const cleanups = [];

  return {
    list: monitors.state,
    ...readSettings(params),
    ...checkBoxes(app, windowing),
    ...rowKeys(windowing),
    collapsed: collapsedGroups(),
    counts: countKinds([]),
    found: 0,
    shown: 0,
    /** How often the list was arranged. What depends on which monitors are shown reads it: their number may stay the same. */
    arranged: 0,
    /** @type {readonly string[]} */
    types: Object.freeze([]),
    /** The names of all groups. @type {readonly string[]} */
    groups: Object.freeze([]),
    /** The labels of all monitors, as key:value. @type {readonly string[]} */
    labels: Object.freeze([]),
    height: 0,
    rows: 1,
    /** @type {readonly Drawn[]} */
    sections: Object.freeze([]),
    /** The menu of a row and its actions; null until they are loaded. @type {ReturnType<typeof rowMenu> | null} */
    menu: null,

    init() {
      this.measure();
      cleanups.push(monitors.use());
      const effects = [Alpine.effect(() => this.arrange()), Alpine.effect(() => this.remember())];
      cleanups.push(() => effects.forEach(Alpine.release));
      this.listen('scroll', () => {
        this.closeMenu();
        tip?.hide();
        this.draw();
      });
      this.listen('resize', () => {
        this.measure();
        this.arrange();
      });
    },

    destroy() {
      destroyed = true;
      cleanups.forEach((cleanup) => cleanup());
      tip?.destroy();
    },

    /**
     * @param {string} event
     * @param {() => void} handle
     */
    listen(event, handle) {
      addEventListener(event, handle);
      cleanups.push(() => removeEventListener(event, handle));
    },

    /** @returns {boolean} */
    get isFiltered() {
      return Boolean(this.q.trim() || this.status || this.type || this.group || this.label);
    },

    /** @returns {boolean} */
    get isNoMatch() {
      return this.shown === 0 && this.list.items.length > 0;
    },

    /** @returns {string} */
    get countText() {
      return describeCount(this.list, this.shown, this.isFiltered);
    },

    /** @returns {{key: string, label: string}[]} */
    get kinds() {
      return shownKinds(this.list.items, this.status);
    },

    number: formatNumber,

    /** @param {string} name */
    ref(name) {
      return /** @type {any} */ (this).$refs[name];
    },

    measure() {
      heights = readHeights(this.ref('table'));
    },

    /** Stores the settings in the address. Alpine runs it, like arrange, whenever a value that it reads changes. */
    remember() {
      const { sort, ...filters } = this.settings;
      rememberSettings('#list', { ...filters, sort: sort === 'group' ? '' : sort });
    },

    /** @returns {Settings} */
    get settings() {
      const { q, status, type, group, label, sort } = this;
      return { q, status, type, group, label, sort };
    },

    arrange() {
      const { items } = this.list;
      const arranged = order.arrange(items, this.settings, this.isFiltered ? [] : this.collapsed.names);
      const labels = items.flatMap((monitor) => labelsOf(monitor).map(({ text }) => text));
      this.types = choicesOf([this.type, ...items.map((monitor) => monitor.type)], this.types);
      this.groups = choicesOf([this.group, ...items.map((monitor) => monitor.group)], this.groups);
      this.labels = choicesOf([this.label, ...labels], this.labels);
      Object.assign(this.counts, arranged.counts);
      this.found = arranged.found;
      this.shown = arranged.shown;
      this.collapsed.headings = Object.freeze(arranged.headings);
      windowing.setContent(arranged, heights);
      this.arranged = ++arrangements;
      this.height = windowing.height;
      this.rows = windowing.rows;
      this.draw();
      Alpine.nextTick(() => tip?.refresh(items));
    },

    /**
     * Updates a row. It shows the group unless the row is below the heading of its group.
     * @param {HTMLElement} row
     * @param {Line} line
     */
    drawLine(row, line) {
      const { group, target } = line.item;
      const grouped = readSort(this.sort).by === 'group';
      drawRow(
        row,
        line,
        group && !grouped ? `${group} · ${target}` : target,
        clock.now,
        this.selected.has(line.item.id),
      );
    },

    placeSection,

    /** Draws the visible rows, and those within half a screen above and below. */
    draw() {
      followBar(this.ref('table'));
      const { top } = this.ref('table').getBoundingClientRect();
      const active = this.menu?.openedBy() ?? document.activeElement;
      const line = active?.closest('.monitors [aria-rowindex]');
      const pinned = line?.getAttribute('data-id') ?? '';
      this.sections = windowing.range(-top - innerHeight / 2, -top + innerHeight * 1.5, pinned);
      if (active && line) {
        const { table, search } = /** @type {any} */ (this).$refs;
        const index = line.getAttribute('aria-rowindex');
        untilDrawn().then(() => keepFocus(table, search, /** @type {HTMLElement} */ (active), index));
      }
    },

    clear() {
      Object.assign(this, NO_FILTERS);
      this.ref('search').focus();
    },

    /** @param {SortKey} by */
    sortBy(by) {
      this.sort = this.sort === by ? `-${by}` : by;
    },

    /** @param {SortKey} by */
    ariaSort(by) {
      return ariaSort(this.sort, by);
    },

    /** Whether groups can be collapsed: not while a filter shows only some monitors. @returns {boolean} */
    get hasGroups() {
      return this.collapsed.headings.length > 0 && !this.isFiltered;
    },

    /** @param {PointerEvent} event */
    async onClick(event) {
      if (!tip && isTapOnBars(event)) {
        event.preventDefault();
        (await this.loadTip())?.showAt(event);
        return;
      }
      const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('.line button'));
      const id = button?.closest('.line')?.getAttribute('data-id');
      const monitor = this.list.items.find((item) => item.id === id);
      if (!button || !monitor) {
        return;
      }
      if (button.dataset.label) {
        this.label = button.dataset.label === this.label ? '' : button.dataset.label;
        return;
      }
      if (!this.menu) {
        await loadActions(app, () => this.loadMenu());
      }
      if (button.classList.contains('run')) {
        this.menu?.run(monitor);
      } else {
        this.menu?.toggle(this.ref('menu'), button, monitor);
      }
    },

    /** Loads the menu of the rows. */
    async loadMenu() {
      if (!this.menu) {
        const [{ rowMenu }, markup] = await Promise.all([import('./menu.js'), loadPart('list/menu')]);
        if (!this.menu && !destroyed) {
          this.menu = rowMenu(app, () => this.holdOrder());
          this.ref('menuHost').innerHTML = markup;
        }
      }
    },

    /** @param {boolean} isInside whether the pointer has entered the table, or left it */
    onPointer(isInside) {
      isPointerInTable = isInside;
      this.holdOrder();
      if (isInside) {
        this.prepare();
      }
    },

    /** Loads what is only needed while the pointer or the focus is in the table. */
    prepare() {
      return Promise.allSettled([this.loadMenu(), this.loadTip()]);
    },

    /** Keeps the rows where they are while the user is about to click one, or a menu is open. */
    holdOrder() {
      order.held = isPointerInTable || Boolean(this.menu?.openedBy());
      if (!order.held && !destroyed) {
        this.arrange();
      }
    },

    /** Loads the tooltip of the bars. Without it, each link leads to the latest check that is not OK. */
    async loadTip() {
      if (!tip) {
        const [{ BarTip }, markup] = await Promise.all([import('./bar-tip.js'), loadPart('list/bar-tip')]);
        if (!destroyed) {
          tip ??= new BarTip(this.ref('table'), this.ref('tipHost'), markup, this.list.items);
        }
      }
      return tip;
    },

    closeMenu() {
      this.ref('menu')?.hidePopover();
    },
  };
}

/**
 * Reports whether a finger has touched the bars of a row, which shows a tooltip instead of following the link.
 * @param {PointerEvent} event
 */
function isTapOnBars({ target, pointerType }) {
  return pointerType === 'touch' && /** @type {Element} */ (target).closest('.bars') !== null;
}
