/** @import {Row} from './fields.js' */
import Alpine from '../../lib/alpine.js';
import { newRow } from './fields.js';

const KEY = /^[a-z0-9][-a-z0-9_./]*$/i;

/** The labels of the monitor in the form. */
export function newLabels() {
  return {
    /** @type {Row[]} */
    rows: [],

    /** @param {Record<string, string> | undefined} labels */
    fill(labels) {
      this.rows = Object.entries(labels ?? {}).map(([key, value]) => newRow(key, value));
    },

    /** The labels to send. Rows without any text are ignored. @returns {Record<string, string>} */
    get values() {
      return Object.fromEntries(filled(this.rows).sort(([a], [b]) => (a < b ? -1 : 1)));
    },

    addRow() {
      const index = this.rows.push(newRow()) - 1;
      Alpine.nextTick(() => document.getElementById(`label-key-${index}`)?.focus());
    },

    /** @param {Row} row */
    removeRow(row) {
      this.rows = this.rows.filter(({ key }) => key !== row.key);
      Alpine.nextTick(() => document.getElementById('add-label')?.focus());
    },
  };
}

/**
 * Returns what is wrong with labels, empty if nothing is. The API checks lengths, the number of labels, and whether two keys
 * are the same in Prometheus.
 * @param {Row[]} rows
 */
export function labelsError(rows) {
  const labels = filled(rows);
  const keys = labels.map(([key]) => key);
  for (const [i, [key, value]] of labels.entries()) {
    if (!key) {
      return `label with the value "${value}" has no key`;
    }
    if (!KEY.test(key)) {
      return `label key "${key}" is invalid: use letters from A to Z, digits and _ - . /, beginning with a letter or a digit`;
    }
    if (!value) {
      return `label ${key} has no value`;
    }
    if (keys.indexOf(key) !== i) {
      return `label key ${key} is used twice`;
    }
  }
  return '';
}

/** @param {Row[]} rows */
function filled(rows) {
  const trimmed = rows.map(({ name, value }) => [name.trim(), value.trim()]);
  return trimmed.filter(([key, value]) => key || value);
}
