/** @import {Monitor, Spec} from '../../../types/model' */

/**
 * Returns the properties that are set, without the values of secrets and of properties that the type does not have.
 * @param {Readonly<Monitor> | null} monitor
 * @param {readonly Spec[]} types
 */
export function shownProperties(monitor, types) {
  const spec = types.find(({ type }) => type === monitor?.type);
  const shown = (spec?.properties ?? []).filter(({ secret }) => !secret).map(({ name }) => name);
  return Object.entries(monitor?.properties ?? {})
    .filter(([name, value]) => value !== '' && name !== 'dependsOn')
    .map(([name, value]) => ({ name, value: shown.includes(name) ? value : 'set' }));
}
