/** @import {Api} from '../../api.js' */
/** @import {MonitorList} from '../../monitors.js' */

/**
 * What other monitors are grouped by and called. Where that can't be read there is nothing to suggest, and no harm.
 * @param {Api} api
 * @param {MonitorList} monitors
 * @param {string} id of the monitor that isn't another one
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
