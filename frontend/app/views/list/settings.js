/** @import {Kind} from '../../status.js' */
import { KINDS } from '../../status.js';

/**
 * The search, the filters and the sort order. An empty filter selects all; a label is key:value; a sort order that begins
 * with - is reversed.
 * @typedef {{q: string, status: string, type: string, group: string, label: string, sort: string}} Settings
 */

/** The sort orders, with the value of aria-sort for each. */
export const SORTS = /** @type {const} */ ({
  group: 'ascending',
  status: 'descending',
  name: 'ascending',
  uptime24h: 'ascending',
  uptime30d: 'ascending',
  p95: 'descending',
  value: 'descending',
  last: 'descending',
});

/** @typedef {keyof typeof SORTS} SortKey */

/** The local storage key of the collapsed groups. */
const COLLAPSED_KEY = 'folded-groups';

/** Compares names as people sort them: Monitor 2 is before Monitor 10. */
export const collator = new Intl.Collator(undefined, { numeric: true });

/** Without a search and filters. */
export const NO_FILTERS = { q: '', status: '', type: '', group: '', label: '' };

/**
 * Reads the settings from the page address. Ignores unknown values.
 * @param {URLSearchParams} params
 * @returns {Settings}
 */
export function readSettings(params) {
  const status = params.get('status') ?? '';
  const sort = params.get('sort') ?? '';
  return {
    q: params.get('q') ?? '',
    status: KINDS.some(({ key }) => key === /** @type {Kind} */ (status)) ? status : '',
    type: params.get('type') ?? '',
    group: params.get('group') ?? '',
    label: params.get('label') ?? '',
    sort: Object.hasOwn(SORTS, sort.replace(/^-/, '')) ? sort : 'group',
  };
}

/**
 * Returns the choices of a filter: the texts that are not empty, once each and sorted.
 * @param {(string | undefined)[]} texts
 * @param {readonly string[]} last the choices before; they are returned if they are the same
 */
export function choicesOf(texts, last) {
  const choices = new Set(texts.filter((text) => text !== undefined && text !== ''));
  const same = choices.size === last.length && last.every((text) => choices.has(text));
  return same ? last : Object.freeze(/** @type {string[]} */ ([...choices]).sort(collator.compare));
}

/**
 * @param {string} sort
 * @returns {{by: SortKey, reversed: boolean}}
 */
export function readSort(sort) {
  return {
    by: /** @type {SortKey} */ (sort.replace(/^-/, '')),
    reversed: sort.startsWith('-'),
  };
}

/**
 * Returns the value of aria-sort for a column.
 * @param {string} sort the sort order of the list
 * @param {SortKey} by the order of the column
 */
export function ariaSort(sort, by) {
  const { by: sorted, reversed } = readSort(sort);
  if (sorted !== by) {
    return null;
  }
  return reversed === (SORTS[by] === 'ascending') ? 'descending' : 'ascending';
}

/** Creates the state of the groups: which ones are shown without their monitors. The browser stores it. */
export function collapsedGroups() {
  return {
    /** The names of the collapsed groups. */
    names: readCollapsed(),
    /** The names of the groups with a heading. @type {readonly string[]} */
    headings: Object.freeze([]),

    get areAllCollapsed() {
      return this.headings.every((name) => this.names.includes(name));
    },

    get areAllExpanded() {
      return !this.headings.some((name) => this.names.includes(name));
    },

    /** @param {string} name the name of a group to collapse or expand */
    toggle(name) {
      const others = this.names.filter((it) => it !== name);
      this.set(others.length < this.names.length ? others : [...others, name]);
    },

    collapseAll() {
      this.set([...this.headings]);
    },

    expandAll() {
      this.set([]);
    },

    /** @param {string[]} names */
    set(names) {
      this.names = Object.freeze(names);
      try {
        localStorage.setItem(COLLAPSED_KEY, JSON.stringify(names));
      } catch {
        // Storage is blocked: the groups stay collapsed until the user opens another view.
      }
    },
  };
}

/** @returns {readonly string[]} */
function readCollapsed() {
  try {
    const names = JSON.parse(localStorage.getItem(COLLAPSED_KEY) ?? '[]');
    return Object.freeze(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return Object.freeze([]);
  }
}
