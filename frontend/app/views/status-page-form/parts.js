import { loadParts } from '../../parts.js';

/** Loads the form and its part that has an own file. Rejects if the server does not answer. */
export async function loadForm() {
  const [{ statusPageForm }] = await Promise.all([
    import('./status-page-form.js'),
    loadParts('status-page-form/sections'),
  ]);
  return statusPageForm;
}
