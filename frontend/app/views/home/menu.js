/** Room between a menu, its button and the edges of the window, in pixels. */
const GAP = 4;

/**
 * Opens a menu (a popover) below its button, or above where there is more room, and puts the focus on its first item.
 * @param {HTMLElement} menu
 * @param {Element} button
 */
export function openMenu(menu, button) {
  menu.showPopover();
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + GAP + height <= innerHeight;
  menu.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
  menu.style.left = `${Math.max(GAP, at.right - width)}px`;
  itemsOf(menu)[0].focus();
}

/**
 * Moves the focus in an open menu by the arrow keys, Home and End. Tab leaves it.
 * @param {HTMLElement} menu
 * @param {KeyboardEvent} event
 */
export function moveInMenu(menu, event) {
  const items = itemsOf(menu);
  const at = items.findIndex((item) => item === document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
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
