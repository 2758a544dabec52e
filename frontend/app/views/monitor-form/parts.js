import { loadParts } from '../../parts.js';

/** Loads the form and its parts that have their own files. Rejects if the server does not answer. */
export async function loadForm() {
  const [{ monitorForm }] = await Promise.all([
    import('./monitor-form.js'),
    loadParts('monitor-form/rule-words', 'monitor-form/schedule'),
  ]);
  return monitorForm;
}
