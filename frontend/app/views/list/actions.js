/** @import {ListedMonitor, Monitor} from '../../../types/model' */
/** @import {Api, Version} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Change} from '../../differences.js' */
import { messageOf } from '../../api.js';
import Alpine from '../../lib/alpine.js';
import { mountMarkup } from '../../load-state.js';

/** @typedef {Pick<Monitor, 'id' | 'name'>} Named */

/** The space between a menu, its button and the edges of the screen, in pixels. */
const GAP = 4;

const REMOVAL_MARKUP = `
  <div class="changes" role="status">
    <template x-if="removal.changes.length">
      <div>
        <p>Someone else has changed it in the meantime:</p>
        <dl>
          <template x-for="change in removal.changes" :key="change.label">
            <div>
              <dt x-text="change.label"></dt>
              <dd><bdi x-text="change.before"></bdi> <span aria-hidden="true">→</span> <bdi x-text="change.after"></bdi></dd>
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
 * Creates the state of the menu of a row, and of the dialog that asks before a monitor is deleted.
 * @param {App} app
 * @param {() => void} onToggle runs when the menu has been opened or closed
 */
export function rowMenu(app, onToggle) {
  const actions = monitorActions(app);
  /** The button of the open menu. @type {Element | null} */
  let button = null;

  return {
    monitor: /** @type {ListedMonitor} */ ({ id: '', name: '', enabled: true }),
    removal: newRemoval(app.notify, monitorRemover(app.api), ({ name }) => app.notify(`${quote(name)} deleted.`)),

    /** @returns {string} */
    get enableLabel() {
      return this.monitor.enabled ? 'Disable' : 'Enable';
    },

    moveInMenu,

    /** Returns the button of the open menu; null if no menu is open. */
    openedBy: () => button,

    /**
     * Opens the menu of a monitor. If a menu is open, closes it.
     * @param {HTMLElement} menu
     * @param {Element} clicked
     * @param {ListedMonitor} monitor
     */
    toggle(menu, clicked, monitor) {
      if (button) {
        menu.hidePopover();
        return;
      }
      button = clicked;
      button.ariaExpanded = 'true';
      this.monitor = monitor;
      onToggle();
      openMenu(menu, button);
    },

    /** @param {ToggleEvent} event */
    onToggled({ newState }) {
      if (newState === 'closed' && button) {
        button.ariaExpanded = 'false';
        button = null;
        onToggle();
      }
    },

    run: actions.run,

    setEnabled() {
      return actions.setEnabled(this.monitor, !this.monitor.enabled);
    },

    /**
     * @param {HTMLElement} menu
     * @param {HTMLDialogElement} dialog
     */
    askRemove(menu, dialog) {
      menu.hidePopover();
      this.removal.ask(dialog, this.monitor);
    },
  };
}

/**
 * Puts a name in quotes, isolated from the writing direction of the sentence.
 * @param {string} name
 */
export function quote(name) {
  return `“\u2068${name}\u2069”`;
}

/**
 * Opens a menu (a popover) below its button, or above it if there is no space below. Focuses the first item.
 * @param {HTMLElement} menu
 * @param {Element} button
 */
export function openMenu(menu, button) {
  menu.showPopover();
  const box = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = box.bottom + GAP + height <= innerHeight;
  menu.style.top = `${below ? box.bottom + GAP : Math.max(GAP, box.top - GAP - height)}px`;
  menu.style.left = `${Math.max(GAP, box.right - width)}px`;
  itemsOf(menu)[0].focus();
}

/**
 * Moves the focus in an open menu for the arrow keys, Home and End. Tab closes the menu.
 * @param {HTMLElement} menu
 * @param {KeyboardEvent} event
 */
export function moveInMenu(menu, event) {
  const items = itemsOf(menu);
  const index = items.findIndex((item) => item === document.activeElement);
  const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    items.at(next % items.length)?.focus();
  } else if (event.key === 'Tab') {
    menu.hidePopover();
  }
}

/**
 * Returns the items of a menu. Some are hidden on a wide screen.
 * @param {HTMLElement} menu
 */
function itemsOf(menu) {
  const items = [.../** @type {NodeListOf<HTMLElement>} */ (menu.querySelectorAll('[role=menuitem]'))];
  return items.filter((item) => item.checkVisibility());
}
