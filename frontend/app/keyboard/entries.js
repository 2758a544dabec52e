/** @import {Connection, ListedMonitor} from '../../types/model' */
/** @import {Badge} from '../status.js' */
/** @import {Entry} from './search.js' */
import { formatCount } from '../format.js';
import { labelsOf } from '../labels.js';
import { badgeOf, drawBadge, newIcon } from '../status.js';

/**
 * What a row of the command palette shows.
 * @typedef {{verb: string, name: string, detail: string, kind: string, badge: Badge | null, hasActions: boolean}} Texts
 */

/** @param {Entry} entry */
export function keyOf({ monitor, action, ...rest }) {
  return monitor ? `${action?.name ?? ''} ${monitor.id}` : /** @type {any} */ (rest).command.name;
}

/**
 * Returns the texts of a row.
 * @param {Entry} entry
 * @param {string[]} words the words of the search
 * @param {boolean} isScoped whether all rows are actions on the same monitor
 * @returns {Texts}
 */
export function textsOf(entry, words, isScoped) {
  if (!entry.monitor) {
    const { name, kind } = entry.command;
    return { verb: '', name, detail: '', kind, badge: null, hasActions: false };
  }
  const { monitor, action } = entry;
  if (action && isScoped) {
    return { verb: '', name: action.name, detail: action.detail, kind: '', badge: null, hasActions: false };
  }
  return {
    verb: action?.name ?? '',
    name: monitor.name,
    detail: action ? action.detail : detailOf(monitor, words),
    kind: '',
    badge: badgeOf(monitor, monitor.latest),
    hasActions: !action,
  };
}

/**
 * Describes a monitor by its group, the label for which the search finds it, and its target.
 * @param {ListedMonitor} monitor
 * @param {string[]} words
 */
function detailOf(monitor, words) {
  const { name, group, target } = monitor;
  const shown = `${name}\n${group}\n${target}`.toLowerCase();
  const missing = words.filter((word) => !shown.includes(word));
  const label = labelsOf(monitor).find(({ text }) => missing.some((word) => text.toLowerCase().includes(word)));
  return [group, label?.text, target].filter(Boolean).join(' · ');
}

/**
 * Creates a row. Its attributes say whether it is the active one.
 * @param {Texts} texts
 * @param {number} index
 * @param {RegExp | null} pattern matches what the search has found; null without a search
 */
export function newRow({ verb, name, detail, kind, badge, hasActions }, index, pattern) {
  const row = document.createElement('li');
  row.id = `palette-${index}`;
  row.role = 'option';
  row.dataset.index = String(index);
  const what = newPart('what', []);
  what.append(...(verb ? [newPart('verb', [verb]), ' '] : []), newPart('name', marked(name, pattern)));
  row.append(
    what,
    ' ',
    newPart('detail', marked(detail, verb ? null : pattern)),
    ' ',
    badge ? newBadge(badge) : newPart('kind', [kind]),
  );
  if (hasActions) {
    const more = newPart('more', [newIcon('more')]);
    Object.assign(more, { title: 'Actions (Tab)', ariaHidden: 'true' });
    row.append(more);
  }
  return row;
}

/** @param {Badge} badge */
function newBadge(badge) {
  const part = newPart('badge', []);
  drawBadge(part, badge);
  return part;
}

/**
 * @param {string} className
 * @param {(string | Node)[]} content
 */
function newPart(className, content) {
  const part = document.createElement('span');
  part.className = className;
  part.dir = 'auto';
  part.append(...content);
  return part;
}

/**
 * Returns a text with marks around what the search has found.
 * @param {string} text
 * @param {RegExp | null} pattern
 */
function marked(text, pattern) {
  return text.split(pattern ?? '\0').map((part, i) => {
    const isFound = i % 2 === 1; // The pattern has one group, so every second part is a match.
    return isFound ? Object.assign(document.createElement('mark'), { textContent: part }) : part;
  });
}

/**
 * Returns a pattern that matches the words of a search; null if there are none.
 * @param {string[]} words
 */
export function patternOf(words) {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).sort((a, b) => b.length - a.length);
  return words.length > 0 ? new RegExp(`(${escaped.join('|')})`, 'i') : null;
}

/**
 * Returns what is wrong; empty if nothing is.
 * @param {Connection} connection
 * @param {boolean} canRead
 * @param {boolean} loaded
 * @param {string} error
 */
export function problemOf(connection, canRead, loaded, error) {
  if (!canRead) {
    return 'Sign in to see the monitors.';
  }
  if (!loaded && error) {
    return `Could not load monitors: ${error}`;
  }
  if (connection === 'disconnected') {
    return 'The API does not respond. What is shown may be outdated, and actions may fail.';
  }
  return connection === 'unavailable' ? 'The store is unavailable: changes can’t be saved.' : '';
}

/**
 * Describes how many monitors match.
 * @param {number} rows
 * @param {number} found how many monitors match
 * @param {number} shown how many of them are shown
 */
export function describeCount(rows, found, shown) {
  if (rows === 0) {
    return 'Nothing matches.';
  }
  const text = formatCount(found, 'monitor');
  return found > shown ? `${text}, the first ${shown} are shown` : found > 0 ? text : '';
}
