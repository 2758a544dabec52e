/** @import {ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Bulk} from './bulk.js' */
/** @import {Drawn, Windowing} from './windowing.js' */
import Alpine from '../../lib/alpine.js';
import { drawHeading } from './row.js';

/**
 * Creates the check boxes of the list, which is a part of the data of the view. What they do is loaded when the first one is
 * used.
 * @param {App} app
 * @param {Windowing} windowing
 */
export function checkBoxes(app, windowing) {
  /** @type {Promise<void> | null} */
  let loading = null;

  return {
    /** The ids of the selected monitors. @type {Set<string>} */
    selected: new Set(),
    /** The actions on them; null until they are loaded. @type {Bulk | null} */
    bulk: null,

    /** Whether there are check boxes: not if the user may only read. @returns {boolean} */
    get canSelect() {
      return app.session?.canWrite !== false;
    },

    /**
     * @param {HTMLElement} row
     * @param {Drawn} section
     */
    drawHeading(row, section) {
      drawHeading(row, section);
      drawSelection(row, windowing.members(section.name), this.selected);
    },

    /**
     * Updates the check box of all shown monitors.
     * @param {HTMLElement} row
     * @param {number} arranged see list
     */
    drawAll(row, arranged) {
      drawSelection(row, arranged ? windowing.shown : [], this.selected);
    },

    /** @param {MouseEvent} event */
    async onPick({ target, shiftKey }) {
      const input = /** @type {HTMLInputElement | null} */ (/** @type {Element} */ (target).closest('.pick input'));
      if (input) {
        const { checked } = input;
        const bulk = await this.loadBulk();
        bulk?.selection.pick(input, checked, shiftKey);
        input.checked &&= bulk !== null;
      }
    },

    /** @param {KeyboardEvent} event */
    async onPickKey(event) {
      if (/** @type {Element} */ (event.target).matches('.pick input') && /^Arrow(Up|Down)$/.test(event.key)) {
        event.preventDefault();
        (await this.loadBulk())?.selection.onKey(event);
      }
    },

    /**
     * Loads the actions on the selected monitors. Returns null and shows an error if the server does not respond. All calls
     * wait for the same load, so that clicks keep their order.
     */
    async loadBulk() {
      loading ??= loadActions(app, async () => {
        const { loadBulk } = await import('./bulk.js');
        const { bulk, show } = await loadBulk(app, /** @type {any} */ (this), windowing);
        this.bulk = bulk;
        show();
      });
      await loading;
      if (!this.bulk) {
        loading = null;
      }
      return this.bulk;
    },
  };
}

/**
 * Loads actions. Shows an error if the server does not respond.
 * @param {App} app
 * @param {() => Promise<void>} load
 */
export async function loadActions(app, load) {
  try {
    await load();
    await Alpine.nextTick();
  } catch {
    app.notify('Could not load the actions: the server does not respond.', 'failed');
  }
}

/**
 * Updates a check box that selects several monitors.
 * @param {Element} row
 * @param {readonly ListedMonitor[]} monitors
 * @param {Set<string>} selected the ids of the selected monitors
 */
function drawSelection(row, monitors, selected) {
  const count = selected.size && monitors.filter(({ id }) => selected.has(id)).length;
  const isPart = count > 0 && count < monitors.length;
  Object.assign(row.querySelector('.pick input') ?? {}, { checked: count > 0 && !isPart, indeterminate: isPart });
}
