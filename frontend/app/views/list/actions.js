/** @import {ListedMonitor, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';

/** @typedef {Pick<Monitor, 'id' | 'name'>} Named */

/**
 * Creates the actions on a monitor of the list. Each shows a message when it is done or has failed, and never rejects.
 * @param {App} app
 */
export function monitorActions({ api, notify }) {
  /**
   * @param {string} success a message
   * @param {string} failure a message, to which the error is added
   * @param {() => Promise<unknown>} work
   * @param {'done' | 'failed'} [kind] of the message of success
   */
  async function attempt(success, failure, work, kind) {
    try {
      await work();
      notify(success, kind);
    } catch (error) {
      notify(`${failure}: ${messageOf(error)}`, 'failed');
    }
  }

  return {
    /** @param {ListedMonitor} monitor */
    run: ({ id, name, notChecked }) =>
      attempt(
        notChecked
          ? `Check of ${quote(name)} requested. The last one was not made: ${notChecked.reason}.`
          : `Checking ${quote(name)}…`,
        `Could not check ${quote(name)}`,
        () => api.run(id),
        notChecked && 'failed',
      ),

    /**
     * @param {Named} monitor
     * @param {boolean} enabled
     */
    setEnabled({ id, name }, enabled) {
      const action = enabled ? 'enable' : 'disable';
      return attempt(`${quote(name)} ${action}d.`, `Could not ${action} ${quote(name)}`, async () =>
        api.save({ ...(await api.monitor(id)), enabled }),
      );
    },

    /** @param {Named} monitor */
    remove: ({ id, name }) =>
      attempt(`${quote(name)} deleted.`, `Could not delete ${quote(name)}`, () => api.remove(id)),
  };
}

/**
 * Puts a name in quotes, isolated from the writing direction of the sentence.
 * @param {string} name
 */
function quote(name) {
  return `“\u2068${name}\u2069”`;
}
