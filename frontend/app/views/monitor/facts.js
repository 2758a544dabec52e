/** @import {Monitor, Spec} from '../../../types/model' */
import { labelsOf } from '../../labels.js';

/** What the page shows about a monitor besides its results. */
export const facts = Object.freeze({
  /** @param {Readonly<Monitor>} monitor */
  labels: (monitor) => labelsOf(monitor),

  /** @param {Readonly<Monitor>} monitor */
  isLink: ({ target }) => /^https?:\/\//i.test(target),

  /**
   * Returns the target without the user and password of its URL.
   * @param {Readonly<Monitor>} monitor
   */
  target: ({ target }) => target.replace(/^(https?:\/\/)[^/?#]*@/i, '$1'),

  /**
   * Returns the properties that are set, without the values of secrets and of properties that the type does not have.
   * @param {Readonly<Monitor>} monitor
   * @param {readonly Spec[]} types
   */
  properties({ type, properties }, types) {
    const spec = types.find((other) => other.type === type);
    const shown = (spec?.properties ?? []).filter(({ secret }) => !secret).map(({ name }) => name);
    return Object.entries(properties)
      .filter(([name, value]) => value !== '' && name !== 'dependsOn')
      .map(([name, value]) => ({ name, value: shown.includes(name) ? value : 'set' }));
  },
});
