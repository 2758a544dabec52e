import { mountMarkup } from '../../load-state.js';
import { loadMarkup } from '../../views.js';
import { loadHeatmap } from './heatmap.js';

let notifications = '';

/** Loads the markup of the parts of the view that have their own files. Rejects if the server does not answer. */
export async function loadParts() {
  [notifications] = await Promise.all([loadMarkup('./views/monitor/notifications.html'), loadHeatmap()]);
}

/**
 * Shows the notifications in an element. The markup expects the object of notifications.js as notifications.
 * @param {HTMLElement} element
 */
export function mountNotifications(element) {
  mountMarkup(element, notifications);
}
