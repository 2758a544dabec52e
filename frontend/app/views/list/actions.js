/** @import {ListedMonitor, Monitor} from '../../../types/model' */
/** @import {Api, Version} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Change} from '../../differences.js' */
import { messageOf } from '../../api.js';
import Alpine from '../../lib/alpine.js';
import { mountMarkup } from '../../load-state.js';

/** @typedef {Pick<Monitor, 'id' | 'name'>} Named */

const REMOVAL_MARKUP = `
  <div class="changes" role="status">
    <template x-if="removal.changes.length">
      <div>
        <p>Someone else has changed it in the meantime:</p>
        <dl>
          <template x-for="change in removal.changes" :key="change.label">
            <div>
              <dt x-text="change.label"></dt>
              <dd><bdi x-text="change.before"></bdi> <svg class="icon right" viewBox="0 0 16 16" aria-hidden="true"><use href="#icon-arrow" /></svg> <bdi x-text="change.after"></bdi></dd>
            </div>
          </template>
        </dl>
      </div>
    </template>
  </div>
  <div class="actions">
    <button type="button" @click="$el.closest('dialog').close()">Cancel</button>
    <button
      type="button"
      class="danger"
      :disabled="removal.busy"
      @click="removal.confirm($el.closest('dialog'))"
      x-text="removal.label"
    ></button>
  </div>`;

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
      return attempt(`${quote(name)} ${action}d.`, `Could not ${action} ${quote(name)}`, async () => {
        const documents = await import('../../documents.js');
        await documents.setEnabled(api, id, enabled);
      });
    },
  };
}

/**
 * Creates the state of a dialog that asks before a document is deleted. If someone else changed the document after it was
 * shown to the user, the dialog asks again with what changed. It closes also after an error, because it covers the message.
 * @template {{id: string, name: string}} T
 * @param {App['notify']} notify
 * @param {(shown: Version<T>) => Promise<(Version<T> & {changes: Change[]}) | null>} remove see removeShown
 * @param {(document: T) => void} onDeleted
 */
export function newRemoval(notify, remove, onDeleted) {
  /** @type {Version<T> | null} */
  let shown = null;

  return {
    busy: false,
    /** @type {Change[]} */
    changes: [],

    /**
     * Opens the dialog.
     * @param {HTMLDialogElement} dialog
     * @param {T} document as the user sees it
     * @param {string} [tag] its entity tag; empty if it is unknown
     */
    ask(dialog, document, tag = '') {
      shown = { document, tag };
      this.changes = [];
      dialog.showModal();
    },

    /**
     * Adds the changes and the buttons to the dialog.
     * @param {HTMLElement} element
     */
    mount(element) {
      Alpine.addScopeToNode(element, { removal: this });
      mountMarkup(element, REMOVAL_MARKUP);
    },

    get label() {
      return this.changes.length > 0 ? 'Delete anyway' : 'Delete';
    },

    /** @param {HTMLDialogElement} dialog */
    async confirm(dialog) {
      if (!shown) {
        return;
      }
      const { document } = shown;
      this.busy = true;
      try {
        const current = await remove(shown);
        this.changes = current?.changes ?? [];
        shown = current;
        if (!current) {
          onDeleted(document);
        }
      } catch (error) {
        this.changes = [];
        notify(`Could not delete ${quote(document.name)}: ${messageOf(error)}`, 'failed');
      } finally {
        this.busy = false;
      }
      if (this.changes.length === 0) {
        dialog.close();
      }
    },
  };
}

/**
 * Returns a function that deletes a monitor, for newRemoval. The first load of the page does not contain what it needs.
 * @param {Api} api
 * @returns {(shown: Version<Monitor>) => Promise<(Version<Monitor> & {changes: Change[]}) | null>}
 */
export function monitorRemover(api) {
  return async (shown) => {
    const [{ monitorsOf }, { removeShown }, { compareMonitors }] = await Promise.all([
      import('../../documents.js'),
      import('../../differences.js'),
      import('../monitor-form/compare.js'),
    ]);
    const compare = async (/** @type {Monitor} */ before, /** @type {Monitor} */ after) =>
      compareMonitors(await api.types(), before, after);
    return removeShown(monitorsOf(api), shown, compare);
  };
}

/**
 * Puts a name in quotes, isolated from the writing direction of the sentence.
 * @param {string} name
 */
export function quote(name) {
  return `“\u2068${name}\u2069”`;
}
