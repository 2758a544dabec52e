/** @import {ListedMonitor} from '../types/model' */

/**
 * Returns the choices of a field that selects a monitor by its name. A name that occurs more than once is followed by the id.
 * @param {readonly ListedMonitor[]} monitors
 */
export function monitorChoices(monitors) {
  const byName = Map.groupBy(monitors, (monitor) => monitor.name);
  return monitors.map(({ id, name }) => ({ id, name: byName.get(name)?.length === 1 ? name : `${name} (${id})` }));
}
