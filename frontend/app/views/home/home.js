/** @import {App} from '../../app.js' */
/** @import {SortKey} from './list.js' */
/** @import {Route} from '../../router.js' */
/** @import {Drawn, Line} from './windowing.js' */
import Alpine from '../../lib/alpine.js';
import { monitorActions } from './actions.js';
import { readFolded, rememberFolded } from './folded.js';
import { arrange, readSettings, readSort, SORTS, STATUSES } from './list.js';
import { moveInMenu, openMenu } from './menu.js';
import { rememberSettings } from '../../router.js';
import { drawHeading, drawRow, placeSection } from './row.js';
import { Windowing } from './windowing.js';

const counted = new Intl.NumberFormat('en');

/**
 * The list of monitors. Rows are drawn only near the window; see Windowing.
 * @param {App} app
 * @param {Route} route
 */
export function home(app, { params }) {
  const { monitors, clock } = app;
  const actions = monitorActions(app);
  const windowing = new Windowing();
  let heights = { header: 0, heading: 0, row: 1 };
  /** @type {Element | null} the button whose menu is open */
  let menuButton = null;
  /** @type {(() => void)[]} */
  const ends = [];

  return {
    list: monitors.state,
    ...readSettings(params),
    folded: readFolded(),
    statuses: STATUSES,
    counts: { failed: 0, error: 0, ok: 0, pending: 0, disabled: 0 },
    found: 0,
    shown: 0,
    /** @type {readonly string[]} */
    types: Object.freeze([]),
    height: 0,
    rows: 1,
    /** @type {readonly Drawn[]} */
    sections: Object.freeze([]),
    /** The monitor that the menu and the dialog are about. */
    chosen: { id: '', name: '', enabled: true },
    busy: false,

    init() {
      this.measure();
      ends.push(monitors.use());
      const effects = [Alpine.effect(() => this.arrange()), Alpine.effect(() => this.remember())];
      ends.push(() => effects.forEach(Alpine.release));
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
      ends.forEach((end) => end());
    },

    /**
     * @param {string} event
     * @param {() => void} handle
     */
    listen(event, handle) {
      addEventListener(event, handle);
      ends.push(() => removeEventListener(event, handle));
    },

    load: () => monitors.load(),

    /** @returns {boolean} */
    get isEmpty() {
      return this.list.loaded && this.list.items.length === 0;
    },

    /** @returns {boolean} */
    get isLoading() {
      return !this.list.loaded && !this.list.error;
    },

    /** @returns {boolean} */
    get isFiltered() {
      return Boolean(this.q.trim() || this.status || this.type);
    },

    /** @returns {boolean} */
    get isNoMatch() {
      return this.shown === 0 && this.list.items.length > 0;
    },

    /** @returns {string} */
    get countText() {
      const all = counted.format(this.list.items.length);
      if (!this.list.loaded) {
        return this.isLoading ? 'Loading the monitors…' : 'Not loaded';
      }
      return this.isFiltered ? `${counted.format(this.shown)} of ${all}` : `${all} in all`;
    },

    /** @returns {string} */
    get enableLabel() {
      return this.chosen.enabled ? 'Disable' : 'Enable';
    },

    /** @param {number} count */
    number: (count) => counted.format(count),

    /** @param {string} name */
    ref(name) {
      return /** @type {any} */ (this).$refs[name];
    },

    /** Takes the heights from the styles, which have others for a narrow window. */
    measure() {
      const style = getComputedStyle(this.ref('table'));
      const pixels = (/** @type {string} */ name) => parseFloat(style.getPropertyValue(name));
      heights = { header: pixels('--header'), heading: pixels('--heading'), row: pixels('--row') };
    },

    /** This and arrange run whenever something changes of what they read. */
    remember() {
      const { q, status, type, sort } = this;
      rememberSettings('#home', { q, status, type, sort: sort === 'group' ? '' : sort });
    },

    arrange() {
      const { items } = this.list;
      const { q, status, type, sort } = this;
      const arranged = arrange(items, { q, status, type, sort }, this.isFiltered ? [] : this.folded);
      const types = new Set(items.map((monitor) => monitor.type));
      this.types = Object.freeze([...(type ? types.add(type) : types)].sort());
      Object.assign(this.counts, arranged.counts);
      this.found = arranged.found;
      this.shown = arranged.shown;
      windowing.place(arranged.sections, heights);
      this.height = windowing.height;
      this.rows = windowing.rows;
      this.draw();
    },

    /**
     * Where a row doesn't lie below its group's heading the group is named in it.
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

    /** Draws the rows that are within half a window's height of the window. */
    draw() {
      const { top } = this.ref('table').getBoundingClientRect();
      const active = menuButton ?? document.activeElement;
      const line = active?.closest('.monitors [aria-rowindex]');
      const pinned = line?.getAttribute('data-id') ?? '';
      this.sections = windowing.cut(-top - innerHeight / 2, -top + innerHeight * 1.5, pinned);
      if (active && line) {
        Alpine.nextTick(() => this.keepFocus(/** @type {HTMLElement} */ (active), line.getAttribute('aria-rowindex')));
      }
    },

    /**
     * Where a row with the focus was moved, which takes the focus away, it gets it back; where it is gone the one in its
     * place gets it.
     * @param {HTMLElement} active
     * @param {string | null} index
     */
    keepFocus(active, index) {
      if (document.activeElement !== document.body) {
        return;
      }
      const place = this.ref('table').querySelector(`[aria-rowindex="${index}"] :is(a, button)`);
      (active.isConnected ? active : (place ?? this.ref('search'))).focus({ preventScroll: true });
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

    clearSearch() {
      this.q = '';
    },

    clear() {
      Object.assign(this, { q: '', status: '', type: '' });
      this.ref('search').focus();
    },

    /** @param {string} status */
    setStatus(status) {
      this.status = status;
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

    /** @param {string} name of a group */
    fold(name) {
      const { folded } = this;
      this.folded = Object.freeze(folded.includes(name) ? folded.filter((it) => it !== name) : [...folded, name]);
      rememberFolded(this.folded);
    },

    /** @param {MouseEvent} event */
    onClick(event) {
      const button = /** @type {Element} */ (event.target).closest('.line button');
      const id = button?.closest('.line')?.getAttribute('data-id');
      const monitor = this.list.items.find((item) => item.id === id);
      if (!button || !monitor) {
        return;
      }
      if (button.classList.contains('run')) {
        actions.run(monitor);
      } else if (menuButton) {
        this.closeMenu();
      } else {
        menuButton = button;
        button.ariaExpanded = 'true';
        this.chosen = monitor;
        openMenu(this.ref('menu'), button);
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
      }
    },

    closeMenu() {
      this.ref('menu').hidePopover();
    },

    setEnabled() {
      return actions.setEnabled(this.chosen, !this.chosen.enabled);
    },

    askRemove() {
      this.closeMenu();
      this.ref('remove').showModal();
    },

    closeRemove() {
      this.ref('remove').close();
    },

    async remove() {
      this.busy = true;
      await actions.remove(this.chosen);
      this.busy = false;
      this.closeRemove();
    },
  };
}
