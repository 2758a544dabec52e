/** @import {Monitor} from '../../../types/model' */
/** @import {FormEntry, FormSection} from './draft.js' */
/** @import {Entry} from '../maintenance-form/picker.js' */
import Alpine from '../../lib/alpine.js';
import { formatCount } from '../../format.js';
import { newPicker } from '../maintenance-form/picker.js';
import { newKey, newSection } from './draft.js';
import { describeEntry, entryCount, moveEntry, moveItem, publicName, selectionOf, sourcesOf } from './moves.js';
import { withGroups, withoutEntry } from './moves.js';

/** The sections of the page in the form: adding, naming, moving and removing them and their entries. */
export function newSections() {
  /** @type {Monitor[]} */
  let monitors = [];
  let sources = sourcesOf([]);
  /** Adds what was removed last. @type {(sections: FormSection[]) => FormSection[]} */
  let restore = (sections) => sections;
  /** The id of the input that undoing it focuses. */
  let removedInput = '';

  return {
    /** @type {FormSection[]} */
    items: [],
    /** The key of the section to which the user adds entries; empty if the user adds none. */
    open: '',
    picker: newPicker(),
    hasGroups: false,
    hasMonitors: false,
    /** What was done last, for screen readers. */
    done: '',
    /** What was removed last; empty if it can't be added again. */
    removed: '',

    init() {
      this.picker = newPicker((entry, on) => this.pick(entry, on));
    },

    /** @param {Monitor[]} all */
    setMonitors(all) {
      monitors = all;
      sources = sourcesOf(all);
      this.hasMonitors = all.length > 0;
      this.hasGroups = all.some(({ group }) => group);
    },

    /** @param {FormSection[]} sections */
    fill(sections) {
      this.items = sections;
      this.open = this.done = this.removed = '';
    },

    add() {
      const section = newSection();
      this.items = [...this.items, section];
      this.show(section.key);
      focusSoon(`title-${section.key}`);
    },

    /** Adds a section for each group of monitors. */
    addGroups() {
      this.items = withGroups(this.items, monitors);
      this.open = this.removed = '';
      this.done = `The page has ${formatCount(this.items.length, 'section')}.`;
    },

    /** @param {FormSection} section */
    remove(section) {
      const { key, title, entries } = section;
      const name = title.trim() || 'the section';
      const what = entries.length ? `${name} with ${entryCount(entries)}` : name;
      const index = this.items.findIndex((one) => one.key === key);
      this.keep(`Removed ${what}.`, `title-${key}`, (sections) => sections.toSpliced(index, 0, section));
      this.items = this.items.filter((one) => one.key !== key);
    },

    /**
     * @param {FormSection} section
     * @param {FormEntry} entry
     */
    removeEntry({ key, entries }, entry) {
      const index = entries.findIndex((one) => one.key === entry.key);
      const restored = (/** @type {FormSection} */ section) => ({
        ...section,
        entries: section.entries.toSpliced(index, 0, entry),
      });
      this.keep(`Removed ${entry.name || 'the entry'}.`, `name-${entry.key}`, (sections) =>
        sections.map((section) => (section.key === key ? restored(section) : section)),
      );
      this.items = this.items.map((section) => (section.key === key ? withoutEntry(section, entry.key) : section));
      this.show(this.open);
    },

    /**
     * Makes it possible to undo a removal. Other changes since then stay.
     * @param {string} text
     * @param {string} input the id of an input of the removed part
     * @param {typeof restore} undo adds the removed part
     */
    keep(text, input, undo) {
      restore = undo;
      removedInput = input;
      this.removed = text;
      this.done = '';
      focusSoon('undo');
    },

    undo() {
      this.items = restore(this.items);
      this.removed = '';
      this.done = 'It is back.';
      this.show(this.open);
      focusSoon(removedInput);
    },

    /**
     * @param {FormSection} section
     * @param {-1 | 1} step
     */
    move({ key, title }, step) {
      this.items = moveItem(this.items, key, step);
      const index = this.items.findIndex((section) => section.key === key);
      this.done = `${title.trim() || 'The section'} is section ${index + 1} of ${this.items.length}.`;
      keepFocus(key, step, index === 0, index === this.items.length - 1);
    },

    /**
     * Moves an entry, also to the section above or below.
     * @param {FormEntry} entry
     * @param {-1 | 1} step
     */
    moveEntry({ key, name }, step) {
      this.items = moveEntry(this.items, key, step);
      const index = this.items.findIndex(({ entries }) => entries.some((entry) => entry.key === key));
      const { title, entries } = this.items[index];
      const place = entries.findIndex((entry) => entry.key === key) + 1;
      this.done = `${name} is entry ${place} of ${entries.length} in ${title.trim() || `section ${index + 1}`}.`;
      keepFocus(key, step, this.isFirst(key), this.isLast(key));
      this.show(this.open);
    },

    /** @param {string} key of an entry */
    isFirst(key) {
      return this.items[0]?.entries[0]?.key === key;
    },

    /** The key of the entry that has a hint about public names. */
    get hinted() {
      return this.items.flatMap(({ entries }) => entries)[0]?.key;
    },

    /** @param {string} key of an entry */
    isLast(key) {
      return this.items.at(-1)?.entries.at(-1)?.key === key;
    },

    /** @param {FormEntry} entry */
    describe: (entry) => describeEntry(entry, sources),

    /**
     * Opens the list from which entries are added to a section, or closes it.
     * @param {FormSection} section
     */
    toggle({ key }) {
      this.show(this.open === key ? '' : key);
    },

    /** @param {string} key of the section whose list is open; empty for none */
    show(key) {
      const section = this.items.find((one) => one.key === key);
      this.picker.q = this.open === key ? this.picker.q : '';
      this.open = section ? key : '';
      if (section) {
        this.picker.setContent(monitors, selectionOf(section));
      }
    },

    /**
     * Adds an entry to the open section, or removes it.
     * @param {Entry} picked
     * @param {boolean} on
     */
    pick({ kind, id, name }, on) {
      const entry = { key: newKey(), name: publicName(kind, name), [kind]: id };
      this.items = this.items.map((section) => {
        const others = section.entries.filter((one) => one[kind] !== id);
        return section.key === this.open ? { ...section, entries: on ? [...others, entry] : others } : section;
      });
      this.removed = '';
      this.done = on ? `Added ${name}.` : `Removed ${name}.`;
    },
  };
}

/**
 * Focuses the control that has moved something, which is at another place now. A button that can't move it any further
 * leaves the focus to the one beside it.
 * @param {string} key
 * @param {-1 | 1} step
 * @param {boolean} isFirst
 * @param {boolean} isLast
 */
function keepFocus(key, step, isFirst, isLast) {
  const id = document.activeElement?.id ?? '';
  const button = (step < 0 && !isFirst) || isLast ? 'up' : 'down';
  focusSoon(/^(up|down)-/.test(id) ? `${button}-${key}` : id);
}

/** @param {string} id */
function focusSoon(id) {
  Alpine.nextTick(() => document.getElementById(id)?.focus());
}
