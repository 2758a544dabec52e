/** @import {Row} from './fields.js' */
import Alpine from '../../lib/alpine.js';
import { filled, newRow } from './fields.js';

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
