/** @import {ListedMonitor} from '../../../types/model' */
/** @import {Windowing} from './windowing.js' */

/**
 * Creates the functions that select monitors of the list. A selected monitor stays selected when the list is sorted or
 * filtered, or its row is out of view.
 * @param {Set<string>} selected the ids of the selected monitors, which Alpine observes
 * @param {Windowing} windowing
 */
export function newSelection(selected, windowing) {
  /** The monitor whose check box was used last: the start of a range. */
  let anchor = '';

  /**
   * @param {Iterable<ListedMonitor>} monitors
   * @param {boolean} checked
   */
  function set(monitors, checked) {
    for (const { id } of monitors) {
      if (checked) {
        selected.add(id);
      } else {
        selected.delete(id);
      }
    }
  }

  /**
   * Selects a monitor. With a range, also all visible ones between it and the one before.
   * @param {string} id
   * @param {boolean} checked
   * @param {boolean} isRange
   */
  function pickOne(id, checked, isRange) {
    const visible = windowing.sections.flatMap(({ items }) => items);
    const index = visible.findIndex((monitor) => monitor.id === id);
    const from = isRange ? visible.findIndex((monitor) => monitor.id === anchor) : -1;
    set(
      visible.slice(...(from < 0 ? [index, index + 1] : [Math.min(from, index), Math.max(from, index) + 1])),
      checked,
    );
    anchor = id;
  }

  return {
    /**
     * Handles a click on a check box: of a row, of the heading of a group, or of the header.
     * @param {HTMLInputElement} input
     * @param {boolean} checked
     * @param {boolean} isRange
     */
    pick(input, checked, isRange) {
      const row = /** @type {HTMLElement} */ (input.closest('tr'));
      if (row.dataset.id) {
        pickOne(row.dataset.id, checked, isRange);
      } else {
        set(
          row.classList.contains('heading-row') ? windowing.members(row.dataset.group ?? '') : windowing.shown,
          checked,
        );
      }
    },

    /**
     * Moves the focus to the check box above or below. With Shift, selects the monitors of both rows, but no whole group.
     * @param {KeyboardEvent} event
     */
    onKey({ target, key, shiftKey }) {
      const input = /** @type {HTMLInputElement} */ (target);
      const inputs = /** @type {HTMLInputElement[]} */ ([
        ...(input.closest('table')?.querySelectorAll('.pick input') ?? []),
      ]);
      const index = inputs.indexOf(input);
      const next = inputs[index + (key === 'ArrowUp' ? -1 : 1)];
      if (index < 0 || !next) {
        return;
      }
      if (shiftKey) {
        [input, next].filter((each) => each.closest('.line')).forEach((each) => this.pick(each, true, false));
      }
      next.focus();
    },

    selectShown() {
      set(windowing.shown, true);
    },

    clear() {
      selected.clear();
    },

    /** @param {Iterable<string>} ids */
    remove(ids) {
      for (const id of ids) {
        selected.delete(id);
      }
    },

    /**
     * Removes monitors that no longer exist.
     * @param {readonly ListedMonitor[]} monitors all monitors
     */
    prune(monitors) {
      const existing = new Set(monitors.map(({ id }) => id));
      this.remove([...selected].filter((id) => !existing.has(id)));
    },
  };
}
