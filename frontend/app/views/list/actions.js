/** @import {ListedMonitor, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';

/** @typedef {Pick<Monitor, 'id' | 'name'>} Named */

/** The space between a menu, its button and the edges of the screen, in pixels. */
const GAP = 4;

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
 * @param {HTMLElement} menu
 * @returns {HTMLElement[]}
 */
function itemsOf(menu) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (menu.querySelectorAll('[role=menuitem]'))];
}
