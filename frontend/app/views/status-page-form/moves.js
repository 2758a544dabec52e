/** @import {Monitor, StatusEntry} from '../../../types/model' */
/** @import {FormEntry, FormSection} from './draft.js' */
import { formatCount } from '../../format.js';
import { newKey, newSection } from './draft.js';

/**
 * Moves an item of a list by one place, if there is one.
 * @template {{key: string}} T
 * @param {T[]} items
 * @param {string} key
 * @param {-1 | 1} step
 * @returns {T[]}
 */
export function moveItem(items, key, step) {
  const from = items.findIndex((item) => item.key === key);
  const to = from + step;
  return from < 0 || to < 0 || to >= items.length ? items : items.with(from, items[to]).with(to, items[from]);
}

/**
 * Moves an entry by one place. From the first or last place, it moves to the section above or below.
 * @param {FormSection[]} sections
 * @param {string} key
 * @param {-1 | 1} step
 * @returns {FormSection[]}
 */
export function moveEntry(sections, key, step) {
  const index = sections.findIndex(({ entries }) => entries.some((entry) => entry.key === key));
  const from = sections[index];
  if (!from) {
    return sections;
  }
  const entries = moveItem(from.entries, key, step);
  if (entries !== from.entries) {
    return sections.with(index, { ...from, entries });
  }
  const to = sections[index + step];
  const moved = from.entries.filter((entry) => entry.key === key);
  if (!to) {
    return sections;
  }
  return sections
    .with(index, withoutEntry(from, key))
    .with(index + step, { ...to, entries: step < 0 ? [...to.entries, ...moved] : [...moved, ...to.entries] });
}

/**
 * @param {FormSection} section
 * @param {string} key
 * @returns {FormSection}
 */
export function withoutEntry(section, key) {
  return { ...section, entries: section.entries.filter((entry) => entry.key !== key) };
}

/**
 * Adds a section for each group of monitors, unless there is one with its name, with an entry for each monitor. Empty
 * sections are replaced.
 * @param {FormSection[]} sections
 * @param {Monitor[]} monitors
 * @returns {FormSection[]}
 */
export function withGroups(sections, monitors) {
  const used = sections.filter(({ title, entries }) => title.trim() !== '' || entries.length > 0);
  const titles = new Set(used.map(({ title }) => title.trim()));
  const groups = new Set(monitors.map(({ group = '' }) => group));
  const added = [...groups]
    .filter((group) => group && !titles.has(group))
    .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
    .map((group) => ({
      ...newSection(group),
      entries: monitors
        .filter((monitor) => monitor.group === group)
        .map(({ id, name }) => ({ key: newKey(), name, monitor: id })),
    }));
  return [...used, ...added];
}

/**
 * Returns what the list of monitors shows as selected while entries are added to a section.
 * @param {FormSection} section
 */
export function selectionOf({ entries }) {
  const all = (/** @type {'monitor' | 'group' | 'label'} */ kind) =>
    entries.flatMap((entry) => (entry[kind] ? [entry[kind]] : []));
  return { monitors: all('monitor'), groups: all('group'), labels: all('label') };
}

/**
 * Returns the name that a new entry gets. That of a label is its value.
 * @param {'monitor' | 'group' | 'label'} kind
 * @param {string} name
 */
export function publicName(kind, name) {
  return kind === 'label' ? name.replace(/^[^=]*=/, '') : name;
}

/**
 * What the entries of a page can stand for: the names of the monitors, and the numbers of monitors of groups and labels.
 * @param {Monitor[]} monitors
 */
export function sourcesOf(monitors) {
  const count = (/** @type {(monitor: Monitor) => string[]} */ textsOf) => {
    const counts = /** @type {Map<string, number>} */ (new Map());
    monitors.flatMap(textsOf).forEach((text) => counts.set(text, (counts.get(text) ?? 0) + 1));
    return counts;
  };
  return {
    names: new Map(monitors.map(({ id, name }) => [id, name])),
    groups: count(({ group }) => (group ? [group] : [])),
    labels: count(({ labels = {} }) => Object.entries(labels).flatMap(([key, value]) => [key, `${key}=${value}`])),
  };
}

/**
 * Describes what an entry stands for, and whether that exists.
 * @param {StatusEntry} entry
 * @param {ReturnType<typeof sourcesOf>} sources
 * @returns {{text: string, isMissing: boolean}}
 */
export function describeEntry({ monitor, group, label }, { names, groups, labels }) {
  if (monitor) {
    const name = names.get(monitor);
    return name === undefined
      ? { text: 'Deleted monitor: the page leaves the entry out', isMissing: true }
      : { text: `Monitor ${name}`, isMissing: false };
  }
  const [kind, text, found] = group ? ['Group', group, groups] : ['Label', label ?? '', labels];
  const size = found.get(text) ?? 0;
  return size === 0
    ? { text: `${kind} ${text}: no monitor has it, so the page leaves the entry out`, isMissing: true }
    : { text: `${kind} ${text} · ${formatCount(size, 'monitor')}`, isMissing: false };
}

/** @param {FormEntry[]} entries */
export function entryCount(entries) {
  return entries.length === 1 ? '1 entry' : `${entries.length} entries`;
}
