/** @import {Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';

/** @typedef {Pick<Monitor, 'id' | 'name'>} Named */

/**
 * What can be done to a monitor of the list. Each tells the reader how it went, and never rejects.
 * @param {App} app
 */
export function monitorActions({ api, notify }) {
  /**
   * @param {string} done
   * @param {string} failure
   * @param {() => Promise<unknown>} work
   */
  async function attempt(done, failure, work) {
    try {
      await work();
      notify(done);
    } catch (error) {
      notify(`${failure}: ${messageOf(error)}`, 'failed');
    }
  }

  return {
    /** @param {Named} monitor */
    run: ({ id, name }) =>
      attempt(`${quote(name)} is being checked.`, `${quote(name)} could not be run`, () => api.run(id)),

    /**
     * @param {Named} monitor
     * @param {boolean} enabled
     */
    setEnabled({ id, name }, enabled) {
      const done = enabled ? 'enabled' : 'disabled';
      return attempt(`${quote(name)} is ${done}.`, `${quote(name)} could not be ${done}`, async () =>
        api.save({ ...(await api.monitor(id)), enabled }),
      );
    },

    /** @param {Named} monitor */
    remove: ({ id, name }) =>
      attempt(`${quote(name)} is deleted.`, `${quote(name)} could not be deleted`, () => api.remove(id)),
  };
}

/**
 * A name in a sentence, whichever way it is written.
 * @param {string} name
 */
function quote(name) {
  return `“\u2068${name}\u2069”`;
}
