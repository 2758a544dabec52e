/** @import {App} from '../app.js' */
/** @import {Connection} from '../../types/model' */
import { IS_APPLE } from '../router.js';
import { loadMarkup } from '../views.js';
import { Palette } from './palette.js';

let markup = '';
/** @type {Palette | null} */
let palette = null;

/** Loads the markup of the dialogs. Rejects if the server does not answer. */
export async function load() {
  markup = await loadMarkup('./keyboard/keyboard.html');
}

/**
 * Opens the command palette or the list of shortcuts. Does nothing while a dialog is open.
 * @param {'palette' | 'shortcuts'} dialog
 * @param {App} app
 * @param {() => Connection} connection returns the state of the connection, which Alpine observes
 */
export function open(dialog, app, connection) {
  if (document.querySelector('dialog[open]')) {
    return;
  }
  palette ??= new Palette(app, connection, mount());
  if (dialog === 'palette') {
    palette.open();
  } else {
    /** @type {HTMLDialogElement} */ (document.querySelector('dialog.shortcuts')).showModal();
  }
}

/**
 * Adds the dialogs to the page. Returns the one of the command palette.
 * @returns {HTMLDialogElement}
 */
function mount() {
  const host = document.createElement('div');
  host.innerHTML = markup;
  for (const key of host.querySelectorAll('kbd.control')) {
    key.textContent = IS_APPLE ? '⌘' : 'Ctrl';
  }
  const shortcuts = /** @type {HTMLDialogElement} */ (host.querySelector('.shortcuts'));
  shortcuts.addEventListener('click', ({ target }) => {
    if (target === shortcuts || /** @type {Element} */ (target).closest('button')) {
      shortcuts.close();
    }
  });
  document.body.append(host);
  return /** @type {HTMLDialogElement} */ (host.querySelector('.palette'));
}
