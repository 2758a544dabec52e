/** @import {Monitor, Spec} from '../../../types/model' */
/** @import {Draft, Version} from '../../api.js' */
/** @import {Review} from '../../review.js' */
/** @import {newOriginal} from './original.js' */
import { isSame } from '../../differences.js';
import { currentOf } from '../../documents.js';
import { monitorFields } from './compare.js';
import { draftOf } from './fields.js';

/**
 * The part of the form that changes by others concern.
 * @typedef {{
 *   readonly draft: Draft,
 *   fill: (draft: Draft) => void,
 *   types: Spec[],
 *   original: ReturnType<typeof newOriginal>,
 *   review: Review<Draft>,
 * }} Form
 */

/**
 * Compares a stored version with the form.
 * @param {Form} form
 * @param {Version<Monitor>} version
 */
export function compareVersion(form, version) {
  form.original.update(version, valuesOf(form, version), form.draft, (a, b) =>
    fieldsOf(form, a, b).every((field) => isSame(field, a, b)),
  );
}

/**
 * Shows the values that someone else changed. From now on, Save replaces their version.
 * @param {Form} form
 */
export function beginReview(form) {
  const { newer, text } = form.original;
  if (newer) {
    const current = valuesOf(form, newer);
    form.original.set(JSON.stringify(current), newer.tag);
    form.review.begin(form, fieldsOf(form, form.draft, current), JSON.parse(text), current);
  }
}

/**
 * Saves the form. If someone else changed the monitor, it begins a review and rejects. It saves again if the form has their
 * values already.
 * @param {Form} form
 * @returns {Promise<Monitor>}
 */
export async function saveForm(form) {
  try {
    return await form.original.save(form.draft);
  } catch (error) {
    const current = currentOf(error);
    if (!current) {
      throw error;
    }
    form.original.newer = current;
    beginReview(form);
    if (form.review.rows.length > 0) {
      throw error;
    }
    return saveForm(form);
  }
}

/**
 * @param {Form} form
 * @param {Version<Monitor>} version
 */
function valuesOf({ types }, { document }) {
  return draftOf(document, types.find(({ type }) => type === document.type) ?? null);
}

/**
 * @param {Form} form
 * @param {Draft[]} drafts
 */
function fieldsOf({ types }, ...drafts) {
  return monitorFields(types.filter(({ type }) => drafts.some((draft) => draft.type === type)));
}
