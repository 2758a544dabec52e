/** The space between a menu, its button and the edges of the screen, in pixels. */
const GAP = 4;

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
