/** @import {Config, Connection} from '../types/model' */
/** @import {Live} from './events.js' */
import Alpine from './lib/alpine.js';
import { formatTime } from './format.js';
import { drawBadge } from './status.js';

/** The time between two attempts to load the configuration, in milliseconds. */
const RETRY_DELAY = 2000;

/**
 * Data that a view loads.
 * - error explains why it could not be loaded; empty if there is no error. load tries again.
 * - isLoading, isEmpty and missing: it is not loaded yet, it has no content, or it does not exist.
 * @typedef {{error: string, load: () => unknown, isLoading?: boolean, isEmpty?: boolean, missing?: boolean}} Loadable
 */

/**
 * Adds the directives x-badge, which writes a status into an element, and x-load-state.
 *
 * x-load-state shows why a Loadable has no content: an error with a button to try again, or the child
 * elements whose attribute slot is "loading", "empty" or "missing". Children for the slot "error" replace the text of the
 * error, and those for the slot "action" are shown beside the button. The markup is the template load-state in index.html.
 *
 * Alpine hides a slot one frame after the change. A child whose place is taken by other content has to be a template with
 * x-if, which Alpine removes at once; otherwise the layout shifts.
 *
 * After an error it loads the data again as soon as the server responds.
 * @param {Live} live
 */
export function addDirectives(live) {
  Alpine.directive('badge', (element, { expression }, { effect, evaluateLater }) => {
    const badge = evaluateLater(expression);
    effect(() => badge((/** @type {any} */ value) => drawBadge(element, value)));
  });
  Alpine.directive('load-state', (element, { expression }, { evaluate, cleanup }) => {
    const state = /** @type {Loadable} */ (evaluate(expression));
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById('load-state'));
    const block = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    Alpine.addScopeToNode(element, { state });
    cleanup(live.subscribe({ stale: () => state.error && state.load() }));
    Alpine.mutateDom(() => block.querySelectorAll('slot').forEach((slot) => fill(slot, element)));
    replaceContent(element, [block]);
  });
}

/**
 * Puts markup into an element, in place of its content.
 * @param {Element} element
 * @param {string} markup
 */
export function mountMarkup(element, markup) {
  const template = document.createElement('template');
  template.innerHTML = markup;
  replaceContent(element, [...template.content.children]);
}

/**
 * @param {Element} element
 * @param {Node[]} content with directives of Alpine
 */
function replaceContent(element, content) {
  Alpine.mutateDom(() => element.replaceChildren(...content));
  [...element.children].forEach((child) => Alpine.initTree(/** @type {HTMLElement} */ (child)));
}

/**
 * Moves the children for a slot into it. Without any, the slot keeps its own content.
 * @param {HTMLSlotElement} slot
 * @param {Element} element
 */
function fill(slot, element) {
  const children = [...element.children].filter((child) => child.slot === slot.name);
  if (children.length > 0) {
    slot.replaceChildren(...children);
  }
}

/**
 * Loads the configuration. Tries again until the server responds.
 * @param {(text: string) => void} show shows what the page is waiting for
 * @returns {Promise<Config>}
 */
export async function loadConfig(show) {
  for (;;) {
    try {
      const response = await fetch('./config.json', { signal: AbortSignal.timeout(10_000) });
      if (response.ok) {
        const config = await response.json();
        show('Loading…');
        return config;
      }
      show(`Could not load NanoMon: the server responded with ${response.status}. Trying again…`);
    } catch {
      show('Could not load NanoMon: the server did not respond. Trying again…');
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
  }
}

/**
 * Describes the connection.
 * @param {Connection} connection
 * @param {number} since in milliseconds since 1970
 */
export function describeConnection(connection, since) {
  return {
    connecting: { key: 'pending', label: 'Connecting…', detail: '', hint: null },
    live: { key: 'ok', label: 'Live', detail: '', hint: null },
    polling: { key: 'error', label: 'Refreshing', detail: 'every 10 seconds', hint: 'There is no event stream.' },
    unavailable: { key: 'failed', label: 'Store unavailable', detail: '', hint: null },
    disconnected: {
      key: 'failed',
      label: 'Disconnected',
      detail: `since ${formatTime(since)}`,
      hint: 'The API does not respond. The page tries again; its data may be outdated.',
    },
  }[connection];
}
