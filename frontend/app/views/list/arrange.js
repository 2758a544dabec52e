/** @import {ListedMonitor} from '../../../types/model' */
/** @import {Kind} from '../../status.js' */
import { countKinds, kindOf, KINDS } from '../../status.js';

/**
 * The search, the filters and the sort order. An empty filter selects all; a sort order that begins with - is reversed.
 * @typedef {{q: string, status: string, type: string, sort: string}} Settings
 */

/**
 * A section of the list. Without groups, or in another sort order, the list has one section without a heading. Otherwise each
 * group is a section; its heading shows the number of monitors and a summary of their worst status. The section of
 * monitors without a group has an empty name.
 * @typedef {{
 *   name: string, heading: boolean, open: boolean, items: ListedMonitor[], total: number, worst: Kind, summary: string,
 * }} Section
 */

/**
 * The sections of the list. The counts per status and found ignore the status filter, and shown includes it.
 * @typedef {{sections: Section[], counts: Record<Kind, number>, found: number, shown: number}} Arrangement
 */

/** The sort orders, with the value of aria-sort for each. */
export const SORTS = /** @type {const} */ ({
  group: 'ascending',
  status: 'descending',
  name: 'ascending',
  value: 'descending',
  last: 'descending',
});

/** @typedef {keyof typeof SORTS} SortKey */

const SEVERITY = new Map(KINDS.map(({ key }, i) => [key, i]));
const collator = new Intl.Collator(undefined, { numeric: true });

/**
 * The sort keys, smallest first. Monitors without a key come last, also in the reversed order.
 * @type {Record<'status' | 'value' | 'last', (monitor: ListedMonitor) => number | undefined>}
 */
const ORDERS = {
  status: (monitor) => SEVERITY.get(kindOf(monitor)),
  value: ({ latest }) => latest?.value && -latest.value,
  last: ({ latest }) => (latest ? -Date.parse(latest.date) : undefined),
};

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
    status: SEVERITY.has(/** @type {Kind} */ (status)) ? status : '',
    type: params.get('type') ?? '',
    sort: Object.hasOwn(SORTS, sort.replace(/^-/, '')) ? sort : 'group',
  };
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
 * Filters, sorts and groups the monitors.
 * @param {readonly ListedMonitor[]} monitors
 * @param {Settings} settings
 * @param {readonly string[]} collapsed the names of groups to show without their monitors
 * @returns {Arrangement}
 */
export function arrange(monitors, { q, status, type, sort }, collapsed) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = monitors.filter((monitor) => (!type || monitor.type === type) && matches(monitor, words));
  const counts = countKinds(found);
  const shown = order(
    found.filter((monitor) => !status || kindOf(monitor) === status),
    sort,
  );
  return {
    sections: readSort(sort).by === 'group' ? groups(shown, collapsed) : [sectionWithoutHeading(shown)],
    counts,
    found: found.length,
    shown: shown.length,
  };
}

/** The searchable text of each monitor. @type {WeakMap<ListedMonitor, string>} */
const texts = new WeakMap();

/**
 * @param {ListedMonitor} monitor
 * @param {string[]} words
 */
function matches(monitor, words) {
  if (words.length === 0) {
    return true;
  }
  let text = texts.get(monitor);
  if (text === undefined) {
    text = [monitor.name, monitor.target, monitor.group, monitor.type].join('\n').toLowerCase();
    texts.set(monitor, text);
  }
  return words.every((word) => text.includes(word));
}

/**
 * Sorts the monitors in place. Monitors with the same key are sorted by name.
 * @param {ListedMonitor[]} monitors
 * @param {string} sort
 */
function order(monitors, sort) {
  const { by, reversed } = readSort(sort);
  const byName = monitors.sort((a, b) => collator.compare(a.name, b.name));
  if (by === 'name') {
    return reversed ? byName.reverse() : byName;
  }
  const keyOf = ORDERS[by === 'group' ? 'status' : by];
  const sign = reversed ? -1 : 1;
  return byName
    .map((monitor) => ({ monitor, key: keyOf(monitor) }))
    .sort((a, b) =>
      a.key === undefined || b.key === undefined
        ? Number(a.key === undefined) - Number(b.key === undefined)
        : sign * (a.key - b.key),
    )
    .map(({ monitor }) => monitor);
}

/**
 * Groups the monitors. Groups with the worst status come first, then by name; the section without a group comes last among
 * those with the same status.
 * @param {ListedMonitor[]} monitors
 * @param {readonly string[]} collapsed
 */
function groups(monitors, collapsed) {
  const byGroup = Map.groupBy(monitors, (monitor) => monitor.group ?? '');
  if (byGroup.size === 1 && byGroup.has('')) {
    return [sectionWithoutHeading(monitors)];
  }
  return [...byGroup]
    .sort(([a, inA], [b, inB]) => severity(inB) - severity(inA) || Number(!a) - Number(!b) || collator.compare(a, b))
    .map(([name, items]) => group(name, items, !collapsed.includes(name)));
}

/**
 * Returns the severity of the worst monitor: 3 for failed, 2 for error, 1 for not checked, otherwise 0.
 * @param {ListedMonitor[]} monitors
 */
function severity(monitors) {
  const { failed, error, unchecked } = countKinds(monitors);
  return failed ? 3 : error ? 2 : Number(unchecked > 0);
}

/**
 * @param {string} name
 * @param {ListedMonitor[]} items
 * @param {boolean} open
 * @returns {Section}
 */
function group(name, items, open) {
  const counts = countKinds(items);
  const { key, label } = KINDS.find((status) => counts[status.key] > 0) ?? KINDS[5];
  const summary = counts[key] === items.length ? label : `${counts[key]} ${label.toLowerCase()}`;
  return {
    ...sectionWithoutHeading(items),
    name,
    heading: true,
    open,
    items: open ? items : [],
    worst: key,
    summary,
  };
}

/**
 * @param {ListedMonitor[]} items
 * @returns {Section}
 */
function sectionWithoutHeading(items) {
  return {
    name: '',
    heading: false,
    open: true,
    items,
    total: items.length,
    worst: 'ok',
    summary: '',
  };
}

/** The local storage key of the collapsed groups. */
const COLLAPSED_KEY = 'folded-groups';

/**
 * Returns the names of the collapsed groups.
 * @returns {readonly string[]}
 */
export function readCollapsed() {
  try {
    const names = JSON.parse(localStorage.getItem(COLLAPSED_KEY) ?? '[]');
    return Object.freeze(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return Object.freeze([]);
  }
}

/** @param {readonly string[]} names */
export function storeCollapsed(names) {
  try {
    localStorage.setItem(COLLAPSED_KEY, JSON.stringify(names));
  } catch {
    // Storage is blocked: the groups stay collapsed until the user opens another view.
  }
}
