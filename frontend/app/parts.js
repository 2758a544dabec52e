import { mountMarkup } from './load-state.js';
import { loadMarkup } from './views.js';

/** The markup of parts of views that have their own files, by path. @type {Map<string, string>} */
const markups = new Map();

/**
 * Loads the markup of parts of views. Rejects if the server does not answer.
 * @param {...string} paths for example monitor/notifications
 */
export async function loadParts(...paths) {
  await Promise.all(paths.map(async (path) => markups.set(path, await loadMarkup(`./views/${path}.html`))));
}

/**
 * Shows a part in an element. Its markup uses the data of the view.
 * @param {HTMLElement} element
 * @param {string} path
 */
export function mountPart(element, path) {
  mountMarkup(element, markups.get(path) ?? '');
}
