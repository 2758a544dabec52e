/** @import {App} from './app.js' */
import { parseRoute } from './router.js';
import { localTime } from './time-range.js';

/** How often an outdated page tries to reload, in milliseconds. */
const INTERVAL = 10_000;
/** How long a click or a key counts as use of the page, in milliseconds. It may just have begun something. */
const USE_TIME = 5000;
/** A field with text. */
const TEXT_FIELD = 'textarea, input:not([type=checkbox], [type=radio])';
/**
 * What a reload would close or lose: dialogs such as the command palette, menus and tooltips, messages, and what a view has
 * marked. It counts only while it is visible.
 */
const UNSAVED = 'dialog[open], :popover-open, .toast:not(.update), main [aria-busy=true], [data-unsaved]';

/**
 * Returns a function that reloads the page because there is another build: now or soon, if this loses nothing and interrupts
 * nobody, and otherwise when another view opens. Until then, the page offers it. Without the server, the page stays.
 * @param {App} app
 * @param {() => boolean} isDisconnected
 */
export function reloader(app, isDisconnected) {
  const writes = countWrites(app.api);
  let usedAt = 0;
  let isOutdated = false;
  /** Whether the page reloads instead of opening another view. Until then, it shows the last view at the new address. */
  let isLeaving = false;
  let isOffered = false;

  const canReload = () => !isDisconnected() && writes() === 0;

  function renew() {
    isLeaving = canReload();
    if (isLeaving) {
      location.reload();
    }
    return isLeaving;
  }

  // The browser may lose a reload. The page can be in use again before the next one.
  function tryAgain() {
    const isUsed = Date.now() < usedAt + USE_TIME;
    if (canReload() && (isLeaving || (!isUsed && isIdle(app)))) {
      location.reload();
    } else if (!isDisconnected() && !isOffered) {
      isOffered = true;
      offerReload();
    }
  }

  for (const event of ['pointerdown', 'keydown']) {
    addEventListener(event, () => (usedAt = Date.now()), true);
  }
  return () => {
    if (!isOutdated) {
      isOutdated = true;
      app.renew = renew;
      setInterval(tryAgain, INTERVAL);
      document.addEventListener('visibilitychange', tryAgain);
    }
    // Also when a new service worker reports its build: Chromium loses a reload that it begins while it replaces the old one.
    tryAgain();
  };
}

/**
 * Counts the requests that change something and have no response yet.
 * @param {App['api']} api
 * @returns {() => number}
 */
function countWrites(api) {
  const { fetch } = api;
  let count = 0;
  api.fetch = async (url, options) => {
    const isWrite = Number(options.method !== undefined);
    count += isWrite;
    try {
      return await fetch(url, options);
    } finally {
      count -= isWrite;
    }
  };
  return () => count;
}

/**
 * Reports whether a reload loses nothing and interrupts nobody.
 * @param {App} app
 */
function isIdle(app) {
  const { activeElement, fullscreenElement } = document;
  const isTyping = activeElement?.matches(`select, ${TEXT_FIELD}`);
  const isPressed = document.querySelector(':active') !== null;
  const isSelected = getSelection()?.isCollapsed === false;
  if (app.unsaved() || isTyping || isPressed || isSelected || fullscreenElement) {
    return false;
  }
  const params = [...parseRoute(location.hash).params.values()];
  const kept = ['', ...params, ...params.map(localTime)]; // A reload keeps what is in the address.
  const fields = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll(TEXT_FIELD)]);
  const typed = fields.filter(({ value, defaultValue }) => value !== defaultValue && !kept.includes(value));
  return ![...document.querySelectorAll(UNSAVED), ...typed].some((element) => element.checkVisibility());
}

/** Shows a message with a button that reloads the page. */
function offerReload() {
  const offer = document.createElement('div');
  offer.className = 'toast update';
  offer.innerHTML = `<p>A new version of NanoMon is ready.</p>
    <div><button type="button">Reload</button> <button type="button" class="icon">Later</button></div>`;
  offer.style.alignItems = 'center';
  const [buttons, reload, later] = /** @type {HTMLElement[]} */ ([...offer.querySelectorAll('div, button')]);
  buttons.style.flex = 'none';
  reload.addEventListener('click', () => location.reload());
  later.addEventListener('click', () => {
    offer.remove();
    document.querySelector('main')?.focus({ preventScroll: true });
  });
  document.querySelector('.toasts')?.append(offer);
}
