/** @import {ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Kind} from '../../status.js' */
/** @import {Settings, SortKey} from './arrange.js' */
/** @import {Route} from '../../router.js' */
/** @import {Drawn, Line} from './windowing.js' */
import Alpine from '../../lib/alpine.js';
import { formatNumber } from '../../format.js';
import { labelsOf } from '../../labels.js';
import { monitorActions, monitorRemover, moveInMenu, newRemoval, openMenu, quote } from './actions.js';
import { choicesOf, Order, readCollapsed, readSettings, readSort, SORTS, storeCollapsed } from './arrange.js';
import { countKinds, KINDS } from '../../status.js';
import { rememberSettings } from '../../router.js';
import { drawHeading, drawRow, keepFocus, placeSection } from './row.js';
import { Windowing } from './windowing.js';

/**
 * The list view. It draws only the rows near the visible part of the page; see Windowing.
 * @param {App} app
 * @param {Route} route
 */
export function list(app, { params }) {
  const { monitors, clock } = app;
  const actions = monitorActions(app);
  const windowing = new Windowing();
  const order = new Order();
  let isPointerInTable = false;
  let destroyed = false;
  let heights = { header: 0, heading: 0, row: 1 };
  /** The button of the open menu. @type {Element | null} */
  let menuButton = null;
  /** The functions that stop what init started. @type {(() => void)[]} */
  const cleanups = [];

  return {
    list: monitors.state,
    ...readSettings(params),
    collapsed: readCollapsed(),
    counts: countKinds([]),
    found: 0,
    shown: 0,
    /** @type {readonly string[]} */
    types: Object.freeze([]),
    /** The labels of all monitors, as key:value. @type {readonly string[]} */
    labels: Object.freeze([]),
    height: 0,
    rows: 1,
    /** @type {readonly Drawn[]} */
    sections: Object.freeze([]),
    /** The monitor of the open menu or dialog. */
    selected: /** @type {ListedMonitor} */ ({ id: '', name: '', enabled: true }),
    removal: newRemoval(app.notify, monitorRemover(app.api), ({ name }) => app.notify(`${quote(name)} deleted.`)),

    init() {
      this.measure();
      cleanups.push(monitors.use());
      const effects = [Alpine.effect(() => this.arrange()), Alpine.effect(() => this.remember())];
      cleanups.push(() => effects.forEach(Alpine.release));
      this.listen('scroll', () => {
        this.closeMenu();
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
      return Boolean(this.q.trim() || this.status || this.type || this.label);
    },

    /** @returns {boolean} */
    get isNoMatch() {
      return this.shown === 0 && this.list.items.length > 0;
    },

    /** @returns {string} */
    get countText() {
      const count = this.list.items.length;
      const all = `${formatNumber(count)} ${count === 1 ? 'monitor' : 'monitors'}`;
      if (!this.list.loaded) {
        return this.list.isLoading ? 'Loading monitors…' : 'Not loaded';
      }
      return this.isFiltered ? `${formatNumber(this.shown)} of ${all}` : all;
    },

    /** The kinds to filter by. Not checked is rare, so it is only shown if there is such a monitor. @returns {{key: Kind, label: string}[]} */
    get kinds() {
      return KINDS.filter(({ key }) => key !== 'unchecked' || this.counts.unchecked > 0 || this.status === key);
    },

    /** @returns {string} */
    get enableLabel() {
      return this.selected.enabled ? 'Disable' : 'Enable';
    },

    number: formatNumber,

    /** @param {string} name */
    ref(name) {
      return /** @type {any} */ (this).$refs[name];
    },

    /** Reads the heights from the styles, which depend on the width of the screen. */
    measure() {
      const style = getComputedStyle(this.ref('table'));
      const pixels = (/** @type {string} */ name) => parseFloat(style.getPropertyValue(name));
      heights = { header: pixels('--header'), heading: pixels('--heading'), row: pixels('--row') };
    },

    /** Stores the settings in the address. Alpine runs it, like arrange, whenever a value that it reads changes. */
    remember() {
      const { sort, ...filters } = this.settings;
      rememberSettings('#list', { ...filters, sort: sort === 'group' ? '' : sort });
    },

    /** @returns {Settings} */
    get settings() {
      const { q, status, type, label, sort } = this;
      return { q, status, type, label, sort };
    },

    arrange() {
      const { items } = this.list;
      const arranged = order.arrange(items, this.settings, this.isFiltered ? [] : this.collapsed);
      const labels = items.flatMap((monitor) => labelsOf(monitor).map(({ text }) => text));
      this.types = choicesOf([this.type, ...items.map((monitor) => monitor.type)], this.types);
      this.labels = choicesOf([this.label, ...labels], this.labels);
      Object.assign(this.counts, arranged.counts);
      this.found = arranged.found;
      this.shown = arranged.shown;
      windowing.setContent(arranged.sections, heights);
      this.height = windowing.height;
      this.rows = windowing.rows;
      this.draw();
    },

    /**
     * Updates a row. It shows the group unless the row is below the heading of its group.
     * @param {HTMLElement} row
     * @param {Line} line
     */
    drawLine(row, line) {
      const { group, target } = line.item;
      const grouped = readSort(this.sort).by === 'group';
      drawRow(row, line, group && !grouped ? `${group} · ${target}` : target, clock.now);
    },

    placeSection,
    drawHeading,

    /** Draws the visible rows, and those within half a screen above and below. */
    draw() {
      const { top } = this.ref('table').getBoundingClientRect();
      const active = menuButton ?? document.activeElement;
      const line = active?.closest('.monitors [aria-rowindex]');
      const pinned = line?.getAttribute('data-id') ?? '';
      this.sections = windowing.range(-top - innerHeight / 2, -top + innerHeight * 1.5, pinned);
      if (active && line) {
        const { table, search } = /** @type {any} */ (this).$refs;
        const index = line.getAttribute('aria-rowindex');
        Alpine.nextTick(() => keepFocus(table, search, /** @type {HTMLElement} */ (active), index));
      }
    },

    /** @param {KeyboardEvent} event */
    onKey(event) {
      const { key, target, ctrlKey, metaKey, altKey } = event;
      const typing = /** @type {Element} */ (target).closest('input, select, textarea, dialog');
      if (key === '/' && !typing && !ctrlKey && !metaKey && !altKey) {
        event.preventDefault();
        this.ref('search').focus();
      }
    },

    clear() {
      Object.assign(this, { q: '', status: '', type: '', label: '' });
      this.ref('search').focus();
    },

    /** @param {SortKey} by */
    sortBy(by) {
      this.sort = this.sort === by ? `-${by}` : by;
    },

    /** @param {SortKey} by */
    ariaSort(by) {
      const sort = readSort(this.sort);
      if (sort.by !== by) {
        return null;
      }
      return sort.reversed === (SORTS[by] === 'ascending') ? 'descending' : 'ascending';
    },

    /**
     * Collapses or expands a group.
     * @param {string} name
     */
    toggleGroup(name) {
      const { collapsed } = this;
      const others = collapsed.filter((it) => it !== name);
      this.collapsed = Object.freeze(collapsed.includes(name) ? others : [...collapsed, name]);
      storeCollapsed(this.collapsed);
    },

    /** @param {MouseEvent} event */
    onClick(event) {
      const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('.line button'));
      const id = button?.closest('.line')?.getAttribute('data-id');
      const monitor = this.list.items.find((item) => item.id === id);
      if (!button || !monitor) {
        return;
      }
      if (button.dataset.label) {
        this.label = button.dataset.label === this.label ? '' : button.dataset.label;
      } else if (button.classList.contains('run')) {
        actions.run(monitor);
      } else if (menuButton) {
        this.closeMenu();
      } else {
        menuButton = button;
        button.ariaExpanded = 'true';
        this.selected = monitor;
        this.holdOrder();
        openMenu(this.ref('menu'), button);
      }
    },

    /** @param {boolean} isInside whether the pointer has entered the table, or left it */
    onPointer(isInside) {
      isPointerInTable = isInside;
      this.holdOrder();
    },

    /** Keeps the rows where they are while the user is about to click one, or a menu is open. */
    holdOrder() {
      order.held = isPointerInTable || menuButton !== null;
      if (!order.held && !destroyed) {
        this.arrange();
      }
    },

    /** @param {KeyboardEvent} event */
    onMenuKey(event) {
      moveInMenu(this.ref('menu'), event);
    },

    /** @param {ToggleEvent} event */
    onMenuToggle({ newState }) {
      if (newState === 'closed' && menuButton) {
        menuButton.ariaExpanded = 'false';
        menuButton = null;
        this.holdOrder();
      }
    },

    closeMenu() {
      this.ref('menu').hidePopover();
    },

    setEnabled() {
      return actions.setEnabled(this.selected, !this.selected.enabled);
    },

    askRemove() {
      this.closeMenu();
      this.removal.ask(this.ref('remove'), this.selected);
    },
  };
}
