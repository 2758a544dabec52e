/** @import {Monitor} from '../../../types/model' */
import { formatCount, formatNumber } from '../../format.js';

/**
 * A monitor or a group to select.
 * @typedef {{key: string, id: string, kind: 'monitor' | 'group', name: string, group: string, note: string}} Entry
 */

/** How many entries are shown at first, and added by Show more. */
const PAGE = 100;
const collator = new Intl.Collator(undefined, { numeric: true });

/** Creates the selection of monitors and groups for a window: a searchable list with the selected entries first. */
export function newPicker() {
  /** Groups, then monitors, each sorted by name. @type {readonly Readonly<Entry>[]} */
  let all = [];
  /** The entries that match the search. @type {readonly Readonly<Entry>[]} */
  let found = [];

  return {
    q: '',
    /** Whether an entry is selected, by key. @type {Record<string, boolean>} */
    selected: {},
    limit: PAGE,
    /** @type {readonly Readonly<Entry>[]} */
    shown: Object.freeze([]),
    more: 0,

    /**
     * Sets the entries and the selection.
     * @param {Monitor[]} monitors
     * @param {{monitors: string[], groups: string[]}} selected may include deleted monitors and groups
     */
    setContent(monitors, selected) {
      all = Object.freeze(entriesOf(monitors, selected).map((entry) => Object.freeze(entry)));
      const keys = [...selected.groups.map(groupKey), ...selected.monitors];
      this.selected = Object.fromEntries(keys.map((key) => [key, true]));
      this.search();
    },

    search() {
      this.limit = PAGE;
      const words = this.q.toLowerCase().split(/\s+/).filter(Boolean);
      const matching = all.filter((entry) => words.every((word) => textOf(entry).includes(word)));
      found = matching.sort((a, b) => Number(this.has(b)) - Number(this.has(a)));
      this.updateShown();
    },

    showMore() {
      this.limit += PAGE;
      this.updateShown();
    },

    updateShown() {
      this.shown = Object.freeze(found.slice(0, this.limit));
      this.more = Math.max(0, found.length - this.limit);
    },

    /** @param {Entry} entry */
    has({ key }) {
      return this.selected[key] === true;
    },

    /**
     * @param {Entry} entry
     * @param {boolean} on
     */
    set({ key }, on) {
      this.selected[key] = on;
    },

    /** @param {Entry} entry */
    note({ kind, group, note }) {
      return kind === 'monitor' && group && this.selected[groupKey(group)] ? `${note} · included by its group` : note;
    },

    /** The selected monitors and groups, in the format of a window. */
    get picked() {
      const picked = all.filter((entry) => this.has(entry));
      const idsOf = (/** @type {Entry['kind']} */ kind) =>
        picked.filter((entry) => entry.kind === kind).map(({ id }) => id);
      return { monitors: idsOf('monitor'), groups: idsOf('group') };
    },

    get summary() {
      const { monitors, groups } = this.picked;
      const [ids, names] = [new Set(monitors), new Set(groups)];
      const covered = all.filter(
        ({ kind, id, group }) => kind === 'monitor' && (ids.has(id) || names.has(group)),
      ).length;
      const count = ids.size + names.size;
      return count === 0 ? 'Nothing selected' : `${formatNumber(count)} selected: ${formatCount(covered, 'monitor')}`;
    },

    get isNoMatch() {
      return this.shown.length === 0;
    },
  };
}

/** @param {string} group */
function groupKey(group) {
  return `group ${group}`;
}

/**
 * @param {Monitor[]} monitors
 * @param {{monitors: string[], groups: string[]}} selected
 * @returns {Entry[]}
 */
function entriesOf(monitors, selected) {
  const sizes = new Map(selected.groups.map((group) => [group, 0]));
  monitors.forEach(({ group }) => group && sizes.set(group, (sizes.get(group) ?? 0) + 1));
  const existing = new Set(monitors.map(({ id }) => id));
  const deleted = selected.monitors.filter((id) => !existing.has(id));
  return [
    ...[...sizes].map(groupEntry).sort(byName),
    ...monitors.map(monitorEntry).sort(byName),
    ...deleted.map((id) => monitorEntry({ id, name: `Deleted monitor ${id}`, target: '' })),
  ];
}

/**
 * @param {[string, number]} group the name and the number of monitors
 * @returns {Entry}
 */
function groupEntry([name, size]) {
  const note = `Group · ${formatCount(size, 'monitor')}`;
  return { key: groupKey(name), id: name, kind: 'group', name, group: name, note };
}

/**
 * @param {Pick<Monitor, 'id' | 'name' | 'target' | 'group'>} monitor
 * @returns {Entry}
 */
function monitorEntry({ id, name, target, group = '' }) {
  return { key: id, id, kind: 'monitor', name, group, note: [group, target].filter(Boolean).join(' · ') };
}

/**
 * @param {Entry} a
 * @param {Entry} b
 */
function byName(a, b) {
  return collator.compare(a.name, b.name);
}

/** @param {Entry} entry */
function textOf({ name, note }) {
  return `${name}\n${note}`.toLowerCase();
}
