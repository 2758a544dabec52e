/** @import {ListedMonitor, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { badgeOf } from '../../status.js';

/**
 * The monitor that the shown monitor depends on.
 * @param {App} app
 */
export function dependencyPanel({ monitors }) {
  let release = () => {};
  let following = false;

  return {
    list: monitors.state,

    destroy() {
      release();
    },

    /**
     * Loads the list of monitors if the monitor has a dependency, and keeps it up to date until destroy.
     * @param {Monitor} monitor
     */
    follow({ properties }) {
      if (properties.dependsOn && !following) {
        following = true;
        release = monitors.use();
      }
    },

    /**
     * Finds the dependency of a monitor by its id, otherwise by its name.
     * @param {Monitor} monitor
     * @returns {ListedMonitor | null}
     */
    find({ properties }) {
      const idOrName = properties.dependsOn ?? '';
      const { items } = this.list;
      return (
        items.find(({ id }) => id === idOrName.toLowerCase()) ?? items.find(({ name }) => name === idOrName) ?? null
      );
    },

    /** @param {ListedMonitor} dependency */
    badge: (dependency) => badgeOf(dependency, dependency.latest),

    /**
     * Explains a dependency that has no effect.
     * @param {Monitor} monitor
     */
    note(monitor) {
      const dependency = this.find(monitor);
      if (!dependency) {
        return this.list.loaded ? 'No monitor has this id or name.' : '';
      }
      return dependency.enabled ? '' : 'It is disabled, so the dependency is ignored.';
    },
  };
}
