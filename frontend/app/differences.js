/** @import {Version} from './api.js' */
/** @import {Documents} from './documents.js' */
import { currentOf } from './documents.js';

/**
 * A field of a document, for comparing versions. show returns its value as text, without secrets. isUsed reports whether a
 * document can have the field; without it, all documents can.
 * @template T
 * @typedef {{
 *   key: string, label: string, get: (document: T) => unknown, set: (document: T, value: any) => void, show: (document: T) => string,
 *   isUsed?: (document: T) => boolean,
 * }} Field
 */

/** A field that someone else changed: its label, and its values before and after as text. @typedef {{label: string, before: string, after: string}} Change */

/** What the API sends instead of a secret to clients that may not see it. */
export const MASK = '•••';

/** The text for a field without a value. */
export const NOT_SET = 'not set';

/**
 * Reports whether a field has the same value in two documents. A masked value equals each value that would be masked in the
 * same way.
 * @template T
 * @param {Field<T>} field
 * @param {T} a
 * @param {T} b
 */
export function isSame(field, a, b) {
  const texts = [a, b].map((document) => JSON.stringify(field.get(document) || ''));
  return texts[0] === texts[1] || (texts.some((text) => text.includes(MASK)) && field.show(a) === field.show(b));
}

/**
 * Returns the values of a field in two documents as texts. If only what the texts don't show differs, the second one says
 * so.
 * @template T
 * @param {Field<T>} field
 * @param {T} a
 * @param {T} b
 */
export function showBoth(field, a, b) {
  const [first, second] = [field.show(a), field.show(b)];
  const another = first.includes(MASK) ? 'another secret' : 'another value';
  return [first, first === second && !isSame(field, a, b) ? `${second} (${another})` : second];
}

/**
 * @template T
 * @param {Field<T>[]} fields
 * @param {T} before
 * @param {T} after
 * @returns {Change[]}
 */
export function changesOf(fields, before, after) {
  return fields
    .filter((field) => !isSame(field, before, after))
    .map((field) => {
      const [first, second] = showBoth(field, before, after);
      return { label: field.label, before: first, after: second };
    });
}

/**
 * Deletes a document, unless someone else changed it after it was shown to the user. Then it returns the current version and
 * what changed, otherwise null.
 * @template {{id: string, updated: string}} T
 * @param {Documents<T>} documents
 * @param {Version<T>} shown the shown document; its tag is empty if it is unknown
 * @param {(before: T, after: T) => Change[] | Promise<Change[]>} compare
 * @returns {Promise<(Version<T> & {changes: Change[]}) | null>}
 */
export async function removeShown(documents, shown, compare) {
  const { id } = shown.document;
  let current = shown.tag ? shown : await documents.read(id);
  for (;;) {
    const isShown = shown.document.updated === current.document.updated;
    const changes = isShown ? [] : await compare(shown.document, current.document);
    if (changes.length > 0) {
      return { ...current, changes };
    }
    try {
      await documents.remove(id, current.tag);
      return null;
    } catch (error) {
      const next = currentOf(error);
      if (!next || next.tag === current.tag) {
        throw error;
      }
      current = next;
    }
  }
}
