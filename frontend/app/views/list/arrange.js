/** @import {ListedMonitor} from '../../../types/model' */
/** @import {Kind} from '../../status.js' */
/** @import {Settings, SortKey} from './settings.js' */
import { formatCount, formatNumber } from '../../format.js';
import { labelsOf } from '../../labels.js';
import { countKinds, formatKind, kindOf, KINDS } from '../../status.js';
import { collator, readSort } from './settings.js';

/**
 * A section of the list. Without groups, or in another sort order, the list has one section without a heading. Otherwise each
 * group is a section; its heading shows the number of monitors and a summary of their worst status. The section of
 * monitors without a group has an empty name.
 * @typedef {{
 *   name: string, heading: boolean, open: boolean, items: ListedMonitor[], total: number, worst: Kind, summary: string,
 * }} Section
 */

/**
 * The sections of the list. The counts per status and found ignore the status filter, and shown includes it. ids are those
 * of all shown monitors in their order, also in collapsed groups. headings are the names of the groups.
 * members are all shown monitors by the name of their section, also those in collapsed groups.
 * @typedef {{
 *   sections: Section[], members: Map<string, ListedMonitor[]>, headings: string[], counts: Record<Kind, number>, found: number, shown: number, ids: string[],
 * }} Arrangement
 */

const SEVERITY = new Map(KINDS.map(({ key }, i) => [key, i]));

/**
 * The sort keys, smallest first. Monitors without a key come last, also in the reversed order.
 * @type {Record<Exclude<SortKey, 'group' | 'name'>, (monitor: ListedMonitor) => number | undefined>}
 */
const ORDERS = {
  status: (monitor) => SEVERITY.get(kindOf(monitor)),
  uptime24h: ({ summary }) => summary?.uptime24h ?? undefined,
  uptime30d: ({ summary }) => summary?.uptime30d ?? undefined,
  p95: ({ summary }) => negative(summary?.p95),
  value: ({ latest }) => negative(latest?.value),
  last: ({ latest }) => (latest ? -Date.parse(latest.date) : undefined),
};

/** @param {number | null | undefined} value */
function negative(value) {
  return value === null || value === undefined ? undefined : -value;
}

/** Arranges the monitors. While the order is held, all rows stay where they are, unless the settings change. */
export class Order {
  held = false;
  #settings = '';
  /** The positions of the shown monitors by id. @type {Ranks} */
  #ranks = new Map();

  /**
   * @param {readonly ListedMonitor[]} monitors
   * @param {Settings} settings
   * @param {readonly string[]} collapsed the names of groups to show without their monitors
   */
  arrange(monitors, settings, collapsed) {
    const text = JSON.stringify(settings);
    const arranged = arrange(monitors, settings, collapsed, this.held && text === this.#settings ? this.#ranks : null);
    this.#settings = text;
    this.#ranks = new Map(arranged.ids.map((id, i) => [id, i]));
    return arranged;
  }
}

/** @typedef {Map<string, number>} Ranks */

/**
 * Filters, sorts and groups the monitors.
 * @param {readonly ListedMonitor[]} monitors
 * @param {Settings} settings
 * @param {readonly string[]} collapsed
 * @param {Ranks | null} held the positions to keep; new monitors come last
 * @returns {Arrangement}
 */
function arrange(monitors, { q, status, type, group: groupName, label, sort }, collapsed, held) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = monitors.filter(
    (monitor) =>
      (!type || monitor.type === type) &&
      (!groupName || monitor.group === groupName) &&
      (!label || labelsOf(monitor).some(({ text }) => text === label)) &&
      words.every((word) => textOf(monitor).includes(word)),
  );
  const counts = countKinds(found);
  const shown = order(
    found.filter((monitor) => !status || kindOf(monitor) === status || held?.has(monitor.id)),
    sort,
    held,
  );
  const grouped = readSort(sort).by === 'group' ? groups(shown, held) : [];
  return {
    sections: grouped.length
      ? grouped.map(([name, items]) => group(name, items, !collapsed.includes(name)))
      : [sectionWithoutHeading(shown)],
    members: new Map(grouped.length ? grouped : [['', shown]]),
    headings: grouped.map(([name]) => name),
    ids: (grouped.length ? grouped.flatMap(([, items]) => items) : shown).map(({ id }) => id),
    counts,
    found: found.length,
    shown: shown.length,
  };
}

/** The searchable text of each monitor. @type {WeakMap<ListedMonitor, string>} */
const texts = new WeakMap();

/**
 * Returns the searchable text of a monitor in lower case. Its first line is the name.
 * @param {ListedMonitor} monitor
 */
export function textOf(monitor) {
  let text = texts.get(monitor);
  if (text === undefined) {
    const labels = labelsOf(monitor).map((label) => label.text);
    text = [monitor.name, monitor.target, monitor.group, monitor.type, ...labels].join('\n').toLowerCase();
    texts.set(monitor, text);
  }
  return text;
}

/**
 * Sorts the monitors in place. Monitors with the same key are sorted by name.
 * @param {ListedMonitor[]} monitors
 * @param {string} sort
 * @param {Ranks | null} held
 */
function order(monitors, sort, held) {
  if (held) {
    const rank = (/** @type {ListedMonitor} */ { id }) => held.get(id) ?? held.size;
    return monitors.sort((a, b) => rank(a) - rank(b));
  }
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
 * those with the same status. Without any group, the result is empty.
 * @param {ListedMonitor[]} monitors
 * @param {Ranks | null} held if the monitors are in the order to keep
 * @returns {[string, ListedMonitor[]][]}
 */
function groups(monitors, held) {
  const byGroup = Map.groupBy(monitors, (monitor) => monitor.group ?? '');
  if (byGroup.size === 1 && byGroup.has('')) {
    return [];
  }
  return held
    ? [...byGroup]
    : [...byGroup].sort(
        ([a, inA], [b, inB]) => severity(inB) - severity(inA) || Number(!a) - Number(!b) || collator.compare(a, b),
      );
}

/**
 * Returns the severity of the worst monitor: 4 for failed, 3 for error, 2 for not checked, 1 for a warning, otherwise 0.
 * @param {ListedMonitor[]} monitors
 */
function severity(monitors) {
  const { failed, error, unchecked, warning } = countKinds(monitors);
  return failed ? 4 : error ? 3 : unchecked ? 2 : Number(warning > 0);
}

/**
 * @param {string} name
 * @param {ListedMonitor[]} items
 * @param {boolean} open
 * @returns {Section}
 */
function group(name, items, open) {
  const counts = countKinds(items);
  const kind = KINDS.find(({ key }) => counts[key] > 0) ?? KINDS[6];
  const { key, label } = kind;
  const summary = counts[key] === items.length ? label : formatKind(counts[key], kind);
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

/** The statuses for which there is always a button. @type {Kind[]} */
const ALWAYS_SHOWN = ['failed', 'error', 'ok'];

/**
 * Returns the statuses to filter by: OK, error and failed, and others if there is such a monitor.
 * @param {readonly ListedMonitor[]} monitors
 * @param {string} selected the current filter
 */
export function shownKinds(monitors, selected) {
  const counts = countKinds(monitors);
  return KINDS.filter(({ key }) => ALWAYS_SHOWN.includes(key) || counts[key] > 0 || key === selected);
}

/**
 * Describes how many monitors there are.
 * @param {{items: readonly ListedMonitor[], loaded: boolean, isLoading: boolean}} list
 * @param {number} shown
 * @param {boolean} isFiltered
 */
export function describeCount({ items, loaded, isLoading }, shown, isFiltered) {
  if (!loaded) {
    return isLoading ? '' : 'Not loaded'; // A text for the time of loading would move afterwards.
  }
  const all = formatCount(items.length, 'monitor');
  return isFiltered ? `${formatNumber(shown)} of ${all}` : all;
}
