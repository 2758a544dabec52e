/** @import {Api} from '../../api.js' */
/** @import {MonitorList} from '../../monitors.js' */

/**
 * The groups, labels and names of the other monitors, for autocompletion. Errors are ignored: there are then no suggestions.
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
    /** The labels in use, by key. @type {Map<string, [string, string][]>} */
    labels: new Map(),

    get labelKeys() {
      return [...this.labels.keys()].sort();
    },

    /** @param {string} key */
    labelValues(key) {
      return [...new Set((this.labels.get(key.trim()) ?? []).map(([, value]) => value))].sort();
    },

    async load() {
      const all = monitors.state.loaded ? monitors.state.items : await api.exportMonitors().catch(() => []);
      this.groups = [...new Set(all.map(({ group = '' }) => group))].filter(Boolean).sort();
      this.labels = Map.groupBy(
        all.flatMap(({ labels = {} }) => Object.entries(labels)),
        ([key]) => key,
      );
      this.names = [...new Set(all.filter((other) => other.id !== id).map(({ name }) => name))];
    },
  };
}
