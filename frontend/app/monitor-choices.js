/** @import {ListedMonitor} from '../types/model' */

/**
 * Returns the choices of a field that selects a monitor by its name. A name that occurs more than once is followed by the id.
 * @param {readonly ListedMonitor[]} monitors
 */
export function monitorChoices(monitors) {
  const byName = Map.groupBy(monitors, (monitor) => monitor.name);
  return monitors.map(({ id, name }) => ({ id, name: byName.get(name)?.length === 1 ? name : `${name} (${id})` }));
}

/**
 * The field that filters a view by a monitor, which is entered by its name.
 * @param {{items: readonly ListedMonitor[]}} list
 */
export function monitorFilter(list) {
  /** The id and the name that the field has shown last. */
  let last = { id: '', name: '' };
  /** @type {HTMLInputElement | undefined} */
  let shownIn;

  return {
    /** Whether the entered name belongs to no monitor. */
    unknown: false,

    get choices() {
      return monitorChoices(list.items);
    },

    /**
     * Shows the name of the chosen monitor, which may be known later or change. Keeps what the user types until another
     * monitor is chosen.
     * @param {HTMLInputElement} field
     * @param {string} id of the chosen monitor; empty for all monitors
     */
    show(field, id) {
      const name = this.choices.find((choice) => choice.id === id)?.name ?? id;
      if (id !== last.id) {
        this.unknown = false;
        field.value = name;
      } else if (field.value === last.name) {
        field.value = name;
      }
      field.defaultValue = name; // A reload of an outdated page loses a text that is not the default.
      last = { id, name };
      shownIn = field;
    },

    /** Empties the field, also of a name that belongs to no monitor. The view then shows all monitors. */
    clear() {
      this.unknown = false;
      last = { id: '', name: '' };
      if (shownIn) {
        shownIn.value = '';
      }
    },

    /**
     * Returns the id of the monitor with a name.
     * @param {string} name of a choice; empty for all monitors
     * @returns {string | null} null if the name is unknown
     */
    find(name) {
      const chosen = this.choices.find((choice) => choice.name === name);
      this.unknown = name !== '' && !chosen;
      return this.unknown ? null : (chosen?.id ?? '');
    },
  };
}
