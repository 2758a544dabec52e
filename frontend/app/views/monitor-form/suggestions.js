/** @import {Api} from '../../api.js' */
/** @import {MonitorList} from '../../monitors.js' */

/**
 * The groups and names of the other monitors, for autocompletion. Errors are ignored: there are then no suggestions.
 * @param {Api} api
 * @param {MonitorList} monitors
 * @param {string} id the monitor in the form, empty for a new one
 */
export function newSuggestions(api, monitors, id) {
  return {
    /** @type {string[]} */
    groups: [],
    /** @type {string[]} */
    names: [],

    async load() {
      const all = monitors.state.loaded ? monitors.state.items : await api.exportMonitors().catch(() => []);
      this.groups = [...new Set(all.map(({ group = '' }) => group))].filter(Boolean).sort();
      this.names = [...new Set(all.filter((other) => other.id !== id).map(({ name }) => name))];
    },
  };
}
