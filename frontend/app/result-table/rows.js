/** @import {Result} from '../../types/model' */
/** @import {Row} from './changes.js' */
import { formatCount, formatExact, formatNumber, formatResult, formatShort } from '../format.js';
import { badgeOfStatus, markOf } from '../status.js';
import { lastedText, previousBadge } from './changes.js';

/** The maximum length of an output that is shown in full, in characters. */
const MAX_SHOWN = 300;
/** The maximum length of an output that shares its line with others, in characters. */
const MAX_NARROW = 60;

/**
 * What the rows of the table show, and which outputs are open.
 * @param {{now: number}} clock
 */
export function rowTexts(clock) {
  return {
    /** The ids of the results whose outputs are shown. @type {Record<string, boolean>} */
    open: {},
    /** The keys of the outputs that are shown in full. @type {Record<string, boolean>} */
    full: {},

    /** @param {string} id */
    toggle(id) {
      this.open[id] = !this.open[id];
    },

    /** @param {Result} result */
    outputs(result) {
      return Object.entries(result.outputs).map(([name, value]) => {
        const text = typeof value === 'number' ? formatNumber(value) : String(value);
        const key = `${result.id} ${name}`;
        const cut = text.length > MAX_SHOWN && !this.full[key];
        const size = text.length > MAX_NARROW ? 'wide' : '';
        return { key, name, size, text: cut ? `${text.slice(0, MAX_SHOWN)}…` : text, more: cut ? text.length : 0 };
      });
    },

    /** @param {{key: string}} output */
    showAll({ key }) {
      this.full[key] = true;
    },

    /** Returns the number of outputs as a text; empty if there are none. @param {Result} result */
    count(result) {
      const { length } = Object.keys(result.outputs);
      return length > 0 ? formatCount(length, 'output') : '';
    },

    badge: (/** @type {Result} */ result) => badgeOfStatus(result.status),
    mark: markOf,
    value: formatResult,
    date: formatShort,
    exactDate: formatExact,
    previous: previousBadge,
    lasted: (/** @type {Row} */ row) => lastedText(row, clock.now),
    message: (/** @type {Row} */ { expired, message }) => (expired ? 'The result has expired.' : message),
  };
}
