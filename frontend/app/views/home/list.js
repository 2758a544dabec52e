/** @import {ListedMonitor} from '../../../types/model' */
/** @import {Badge} from '../../format.js' */
import { badgeOf } from '../../format.js';

/**
 * Which monitors to show, and in which order. Empty means all; a sort that begins with - is reversed.
 * @typedef {{q: string, status: string, type: string, sort: string}} Settings
 */

/** @typedef {Badge['key']} StatusKey */

/**
 * Monitors that are shown together. Where they are sorted by group, and there are groups, each has a heading, which tells how
 * many there are, their worst status and how many have it. Those without a group have an empty name.
 * @typedef {{
 *   name: string, heading: boolean, open: boolean, items: ListedMonitor[], total: number, worst: StatusKey, verdict: string,
 * }} Section
 */

/** @typedef {{sections: Section[], counts: Record<StatusKey, number>, found: number, shown: number}} Arrangement */

/**
 * The statuses, worst first.
 * @type {{key: StatusKey, label: string}[]}
 */
export const STATUSES = [
  { key: 'failed', label: 'Failed' },
  { key: 'error', label: 'Error' },
  { key: 'ok', label: 'OK' },
  { key: 'pending', label: 'Not checked yet' },
  { key: 'disabled', label: 'Disabled' },
];

/** The sorts, and how each reads in a table's header. */
export const SORTS = /** @type {const} */ ({
  group: 'ascending',
  status: 'descending',
  name: 'ascending',
  value: 'descending',
  last: 'descending',
});

/** @typedef {keyof typeof SORTS} SortKey */

const SEVERITY = new Map(STATUSES.map(({ key }, i) => [key, i]));
const collator = new Intl.Collator(undefined, { numeric: true });

/**
 * What monitors are sorted by, least first. Those without a key come last, whichever way the others go.
 * @type {Record<'status' | 'value' | 'last', (monitor: ListedMonitor) => number | undefined>}
 */
const ORDERS = {
  status: (monitor) => SEVERITY.get(statusOf(monitor)),
  value: ({ latest }) => latest?.value && -latest.value,
  last: ({ latest }) => (latest ? -Date.parse(latest.date) : undefined),
};

/**
 * @param {URLSearchParams} params of the address; what they don't know is taken as not given
 * @returns {Settings}
 */
export function readSettings(params) {
  const status = params.get('status') ?? '';
  const sort = params.get('sort') ?? '';
  return {
    q: params.get('q') ?? '',
    status: SEVERITY.has(/** @type {StatusKey} */ (status)) ? status : '',
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
 * @param {readonly ListedMonitor[]} monitors
 * @param {Settings} settings
 * @param {readonly string[]} folded groups of which only the heading is shown
 * @returns {Arrangement}
 */
export function arrange(monitors, { q, status, type, sort }, folded) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = monitors.filter((monitor) => (!type || monitor.type === type) && holds(monitor, words));
  const counts = count(found);
  const shown = order(
    found.filter((monitor) => !status || statusOf(monitor) === status),
    sort,
  );
  return {
    sections: readSort(sort).by === 'group' ? groups(shown, folded) : [bare(shown)],
    counts,
    found: found.length,
    shown: shown.length,
  };
}

/** @param {ListedMonitor} monitor */
function statusOf(monitor) {
  return badgeOf(monitor, monitor.latest).key;
}

/** @type {WeakMap<ListedMonitor, string>} what is searched in each monitor */
const texts = new WeakMap();

/**
 * @param {ListedMonitor} monitor
 * @param {string[]} words
 */
function holds(monitor, words) {
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

/** @param {ListedMonitor[]} monitors */
function count(monitors) {
  const counts = { failed: 0, error: 0, ok: 0, pending: 0, disabled: 0 };
  for (const monitor of monitors) {
    counts[statusOf(monitor)]++;
  }
  return counts;
}

/**
 * @param {ListedMonitor[]} monitors
 * @param {string} sort
 */
function order(monitors, sort) {
  const { by, reversed } = readSort(sort);
  const named = monitors.sort((a, b) => collator.compare(a.name, b.name));
  if (by === 'name') {
    return reversed ? named.reverse() : named;
  }
  const keyOf = ORDERS[by === 'group' ? 'status' : by];
  const sign = reversed ? -1 : 1;
  return named
    .map((monitor) => ({ monitor, key: keyOf(monitor) }))
    .sort((a, b) =>
      a.key === undefined || b.key === undefined
        ? Number(a.key === undefined) - Number(b.key === undefined)
        : sign * (a.key - b.key),
    )
    .map(({ monitor }) => monitor);
}

/**
 * The monitors under their headings, groups in trouble first; of equals those without a group come last.
 * @param {ListedMonitor[]} monitors
 * @param {readonly string[]} folded
 */
function groups(monitors, folded) {
  const byGroup = Map.groupBy(monitors, (monitor) => monitor.group ?? '');
  if (byGroup.size === 1 && byGroup.has('')) {
    return [bare(monitors)];
  }
  return [...byGroup]
    .sort(([a, inA], [b, inB]) => trouble(inB) - trouble(inA) || Number(!a) - Number(!b) || collator.compare(a, b))
    .map(([name, items]) => group(name, items, !folded.includes(name)));
}

/**
 * How bad the worst of some monitors is: 2 for failed, 1 for error, else 0.
 * @param {ListedMonitor[]} monitors
 */
function trouble(monitors) {
  const { failed, error } = count(monitors);
  return failed ? 2 : Number(error > 0);
}

/**
 * @param {string} name
 * @param {ListedMonitor[]} items
 * @param {boolean} open
 * @returns {Section}
 */
function group(name, items, open) {
  const counts = count(items);
  const { key, label } = STATUSES.find((status) => counts[status.key] > 0) ?? STATUSES[2];
  const verdict = counts[key] === items.length ? label : `${counts[key]} ${label.toLowerCase()}`;
  return {
    ...bare(items),
    name,
    heading: true,
    open,
    items: open ? items : [],
    worst: key,
    verdict,
  };
}

/**
 * @param {ListedMonitor[]} items
 * @returns {Section} one without a heading
 */
function bare(items) {
  return {
    name: '',
    heading: false,
    open: true,
    items,
    total: items.length,
    worst: 'ok',
    verdict: '',
  };
}
