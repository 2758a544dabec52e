import { loadParts } from '../../parts.js';

/** Loads the view and its parts that have their own files. Rejects if the server does not answer. */
export async function loadPage() {
  const [{ statusPage }] = await Promise.all([
    import('./status-page.js'),
    loadParts('status-page/messages', 'status-page/message-form', 'status-page/badges'),
  ]);
  return statusPage;
}
