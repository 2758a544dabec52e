/** @import {Monitor} from '../../../types/model' */

/** A monitor or a group that can be chosen. @typedef {{key: string, id: string, kind: 'monitor' | 'group', name: string, group: string, note: string}} Entry */

/** How many are listed before more are asked for. */
const PAGE = 100;
const collator = new Intl.Collator(undefined, { numeric: true });
const counted = new Intl.NumberFormat('en');

/** The monitors and groups that a window is for: a list to search, of which the chosen ones come first. */
export function newPicker() {
  /** @type {readonly Readonly<Entry>[]} groups, then monitors, by name */
  let all = [];
  /** @type {readonly Readonly<Entry>[]} those that match */
  let found = [];

  return {
    q: '',
    /** @type {Record<string, boolean>} by the key */
    chosen: {},
    limit: PAGE,
    /** @type {readonly Readonly<Entry>[]} */
    shown: Object.freeze([]),
    more: 0,

    /**
     * @param {Monitor[]} monitors
     * @param {{monitors: string[], groups: string[]}} chosen may hold what is there no more
     */
    enter(monitors, chosen) {
      all = Object.freeze(entriesOf(monitors, chosen).map((entry) => Object.freeze(entry)));
      const keys = [...chosen.groups.map(groupKey), ...chosen.monitors];
      this.chosen = Object.fromEntries(keys.map((key) => [key, true]));
      this.search();
    },

    search() {
      this.limit = PAGE;
      const words = this.q.toLowerCase().split(/\s+/).filter(Boolean);
      const matching = all.filter((entry) => words.every((word) => textOf(entry).includes(word)));
      found = matching.sort((a, b) => Number(this.has(b)) - Number(this.has(a)));
      this.cut();
    },

    showMore() {
      this.limit += PAGE;
      this.cut();
    },

    cut() {
      this.shown = Object.freeze(found.slice(0, this.limit));
      this.more = Math.max(0, found.length - this.limit);
    },

    /** @param {Entry} entry */
    has({ key }) {
      return this.chosen[key] === true;
    },

    /**
     * @param {Entry} entry
     * @param {boolean} on
     */
    set({ key }, on) {
      this.chosen[key] = on;
    },

    /** @param {Entry} entry */
    note({ kind, group, note }) {
      return kind === 'monitor' && group && this.chosen[groupKey(group)] ? `${note} · with its group` : note;
    },

    /** What is chosen, as a window has it. */
    get picked() {
      const picked = all.filter((entry) => this.has(entry));
      const names = (/** @type {Entry['kind']} */ kind) =>
        picked.filter((entry) => entry.kind === kind).map(({ id }) => id);
      return { monitors: names('monitor'), groups: names('group') };
    },

    get summary() {
      const { monitors, groups } = this.picked;
      const [own, of] = [new Set(monitors), new Set(groups)];
      const covered = all.filter(({ kind, id, group }) => kind === 'monitor' && (own.has(id) || of.has(group))).length;
      const sum = `${counted.format(covered)} ${covered === 1 ? 'monitor' : 'monitors'} in all`;
      return own.size + of.size === 0 ? 'Nothing chosen yet' : `${counted.format(own.size + of.size)} chosen: ${sum}`;
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
 * @param {{monitors: string[], groups: string[]}} chosen
 * @returns {Entry[]}
 */
function entriesOf(monitors, chosen) {
  const sizes = new Map(chosen.groups.map((group) => [group, 0]));
  monitors.forEach(({ group }) => group && sizes.set(group, (sizes.get(group) ?? 0) + 1));
  const known = new Set(monitors.map(({ id }) => id));
  const gone = chosen.monitors.filter((id) => !known.has(id));
  return [
    ...[...sizes].map(groupEntry).sort(byName),
    ...monitors.map(monitorEntry).sort(byName),
    ...gone.map((id) => monitorEntry({ id, name: `Deleted monitor ${id}`, target: '' })),
  ];
}

/**
 * @param {[string, number]} group its name and how many it has
 * @returns {Entry}
 */
function groupEntry([name, size]) {
  const note = `Group · ${size} ${size === 1 ? 'monitor' : 'monitors'}`;
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
