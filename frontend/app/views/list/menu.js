/** @import {ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { canCheck } from '../../status.js';
import { monitorActions, monitorRemover, newRemoval, quote } from './actions.js';

/** The space between a menu, its button and the edges of the screen, in pixels. */
const GAP = 4;

/**
 * Creates the state of the menu of a row, and of the dialog that asks before a monitor is deleted. Their markup is menu.html.
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
    canCheck,

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
 * Opens a menu (a popover) below its button, or above it if there is no space below. Focuses the first item.
 * @param {HTMLElement} menu
 * @param {Element} button
 */
function openMenu(menu, button) {
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
function moveInMenu(menu, event) {
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
