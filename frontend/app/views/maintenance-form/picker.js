/** @import {Monitor} from '../../../types/model' */
import Alpine from '../../lib/alpine.js';
import { formatCount, formatNumber } from '../../format.js';
import { mountMarkup } from '../../load-state.js';

/**
 * A monitor, a group or a label to select.
 * @typedef {{key: string, id: string, kind: 'monitor' | 'group' | 'label', name: string, group: string, note: string}} Entry
 */

/**
 * The ids of monitors, and the names of groups and labels. They may be deleted. Without a list of labels, labels can't be
 * selected.
 * @typedef {{monitors: string[], groups: string[], labels?: string[]}} Selection
 */

/** How many entries are shown at first, and added by Show more. */
const PAGE = 100;
const collator = new Intl.Collator(undefined, { numeric: true });

const MARKUP = `
  <input
    type="search"
    :aria-label="'Search ' + picker.what"
    placeholder="Search name, target, group"
    autocomplete="off"
    spellcheck="false"
    x-model="picker.q"
    @input="picker.search()"
    @keydown.enter.prevent=""
  />
  <ul role="list" :aria-label="picker.what" x-show="!picker.isNoMatch">
    <template x-for="entry in picker.shown" :key="entry.key">
      <li>
        <label>
          <input type="checkbox" :checked="picker.has(entry)" @change="picker.set(entry, $event.target.checked)" />
          <span>
            <span dir="auto" x-text="entry.name"></span>
            <span class="muted" dir="auto" x-text="picker.note(entry)"></span>
          </span>
        </label>
      </li>
    </template>
    <li x-show="picker.more">
      <button type="button" class="chip" @click="picker.showMore()">Show more (<span x-text="picker.more"></span> left)</button>
    </li>
  </ul>
  <p class="message" x-show="picker.isNoMatch">Nothing matches.</p>`;

/**
 * Creates the selection of monitors, groups and labels: a searchable list with the selected entries first.
 * @param {(entry: Entry, on: boolean) => void} [onChange] called when the user selects or deselects an entry
 */
export function newPicker(onChange = () => {}) {
  /** Groups, then labels, then monitors, each sorted by name. @type {readonly Readonly<Entry>[]} */
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
    what: 'monitors and groups',

    /** @param {HTMLElement} element */
    mount(element) {
      Alpine.addScopeToNode(element, { picker: this });
      mountMarkup(element, MARKUP);
    },

    /**
     * Sets the entries and the selection.
     * @param {Monitor[]} monitors
     * @param {Selection} selected
     */
    setContent(monitors, selected) {
      this.what = selected.labels ? 'monitors, groups and labels' : 'monitors and groups';
      all = Object.freeze(entriesOf(monitors, selected).map((entry) => Object.freeze(entry)));
      const keys = [...selected.groups.map(groupKey), ...(selected.labels ?? []).map(labelKey), ...selected.monitors];
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
    set(entry, on) {
      this.selected[entry.key] = on;
      onChange(entry, on);
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
export function groupKey(group) {
  return `group ${group}`;
}

/** @param {string} label */
export function labelKey(label) {
  return `label ${label}`;
}

/**
 * @param {Monitor[]} monitors
 * @param {Selection} selected
 * @returns {Entry[]}
 */
function entriesOf(monitors, selected) {
  const sizes = new Map(selected.groups.map((group) => [group, 0]));
  monitors.forEach(({ group }) => group && sizes.set(group, (sizes.get(group) ?? 0) + 1));
  const existing = new Set(monitors.map(({ id }) => id));
  const deleted = selected.monitors.filter((id) => !existing.has(id));
  return [
    ...[...sizes].map(groupEntry).sort(byName),
    ...[...labelSizes(monitors, selected.labels)].map(labelEntry).sort(byName),
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
 * Returns the number of monitors with each label, and with each key that has several values.
 * @param {Monitor[]} monitors
 * @param {string[] | undefined} selected labels that are listed even if no monitor has them
 */
function labelSizes(monitors, selected) {
  const sizes = new Map((selected ?? []).map((label) => [label, 0]));
  if (selected) {
    const all = monitors.flatMap(({ labels = {} }) => Object.entries(labels));
    const byKey = Map.groupBy(all, ([key]) => key);
    byKey.forEach((pairs, key) => {
      const byValue = Map.groupBy(pairs, ([, value]) => value);
      byValue.forEach((same, value) => sizes.set(`${key}=${value}`, same.length));
      if (byValue.size > 1) {
        sizes.set(key, pairs.length);
      }
    });
  }
  return sizes;
}

/**
 * @param {[string, number]} label the text and the number of monitors
 * @returns {Entry}
 */
function labelEntry([name, size]) {
  const note = `Label · ${formatCount(size, 'monitor')}`;
  return { key: labelKey(name), id: name, kind: 'label', name, group: '', note };
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
