/** @import {ListedMonitor} from '../../../types/model' */
import { monitorChoices } from '../../monitor-choices.js';

/** How many choices are offered at once. */
const MAX_CHOICES = 100;

/** The field in which a monitor is chosen by its name. */
export function monitorPicker() {
  return {
    name: '',
    error: '',

    /**
     * Returns the choices that contain what was entered.
     * @param {readonly ListedMonitor[]} monitors
     */
    choices(monitors) {
      const text = this.name.trim().toLowerCase();
      const found = monitors.filter(({ name }) => name.toLowerCase().includes(text));
      return monitorChoices(found.slice(0, MAX_CHOICES));
    },

    /**
     * Returns the id of the monitor with the entered name, and clears the field. Returns nothing if no monitor has it.
     * @param {readonly ListedMonitor[]} monitors
     */
    pick(monitors) {
      const text = this.name.trim().toLowerCase();
      const chosen = monitorChoices(monitors).find(({ name }) => name.toLowerCase() === text);
      this.error = chosen ? '' : 'No other monitor has this name. Choose one from the list.';
      this.name = chosen ? '' : this.name;
      return chosen?.id;
    },
  };
}
