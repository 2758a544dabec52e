/** @import {ListedMonitor} from '../../types/model' */
/** @import {Action, Command} from './commands.js' */
import { kindOf } from '../status.js';
import { textOf } from '../views/list/arrange.js';
import { collator } from '../views/list/settings.js';

/**
 * A row of the command palette: a monitor, an action on a monitor, or a command that needs no monitor.
 * @typedef {{monitor: ListedMonitor, action?: Action} | {command: Command, monitor?: undefined, action?: undefined}} Entry
 */

/** The maximum number of rows, and how many of them are monitors while there are others too. */
const MAX_ROWS = 50;
const MAX_MONITORS = 35;
/** How many monitors that are not OK are the first rows of an empty search. */
const MAX_PROBLEMS = 5;
/** So many letters of an action's name are enough for it. */
const MIN_LETTERS = 3;
/** How well a text can match: its first line begins with the search; words of it begin with words of the search; … */
const RANKS = 4;
const LETTER = /[\p{L}\p{N}]/u;

/** Sorts the monitors by name, as the list does. It sorts again only after a change of the names, because that takes long. */
export class NameOrder {
  #names = '';
  /** @type {number[]} */
  #indices = [];

  /** @param {readonly ListedMonitor[]} monitors */
  sort(monitors) {
    const names = monitors.map(({ name }) => name).join('\n');
    if (names !== this.#names) {
      this.#names = names;
      this.#indices = monitors.map((_, i) => i).sort((a, b) => collator.compare(monitors[a].name, monitors[b].name));
    }
    return this.#indices.map((i) => monitors[i]);
  }
}

/** @param {string} query */
export function wordsOf(query) {
  return query.toLowerCase().split(/\s+/).filter(Boolean);
}

/**
 * Finds monitors and commands, best match first, and then actions such as “pause shop”.
 * @param {string} query
 * @param {readonly ListedMonitor[]} monitors
 * @param {readonly Command[]} commands
 * @param {readonly Action[]} actions
 * @returns {{entries: Entry[], found: number}} the rows, and how many monitors match
 */
export function search(query, monitors, commands, actions) {
  const words = wordsOf(query);
  if (words.length === 0) {
    return { entries: suggest(monitors, commands), found: monitors.length };
  }
  const foundMonitors = rank(words, monitors, textOf);
  const foundCommands = rank(words, commands, ({ text }) => text);
  const found = foundMonitors.flat();
  const shown = new Set(found.slice(0, MAX_MONITORS));
  /** @type {Entry[]} */
  const entries = [];
  for (let i = 0; i < RANKS; i++) {
    entries.push(...foundMonitors[i].filter((monitor) => shown.has(monitor)).map((monitor) => ({ monitor })));
    entries.push(...foundCommands[i].map((command) => ({ command })));
  }
  entries.push(...findActions(words, monitors, actions));
  return { entries: entries.slice(0, MAX_ROWS), found: found.length };
}

/**
 * Returns the rows of an empty search: monitors that are not OK, worst first, the commands, and other monitors.
 * @param {readonly ListedMonitor[]} monitors
 * @param {readonly Command[]} commands
 * @returns {Entry[]}
 */
function suggest(monitors, commands) {
  const notOk = ['failed', 'error'].flatMap((kind) => monitors.filter((monitor) => kindOf(monitor) === kind));
  const problems = notOk.slice(0, MAX_PROBLEMS);
  const others = monitors.filter((monitor) => !problems.includes(monitor));
  const entries = [
    ...problems.map((monitor) => ({ monitor })),
    ...commands.map((command) => ({ command })),
    ...others.slice(0, MAX_ROWS).map((monitor) => ({ monitor })),
  ];
  return entries.slice(0, MAX_ROWS);
}

/**
 * Returns the actions that the first words of a search name, on the monitors that match its other words.
 * @param {string[]} words
 * @param {readonly ListedMonitor[]} monitors
 * @param {readonly Action[]} actions
 * @returns {Entry[]}
 */
function findActions(words, monitors, actions) {
  return actions.flatMap((action) => {
    const end = words.findIndex((word) => !names(action, word));
    const rest = end < 0 ? [] : words.slice(end);
    const matching = end === 0 ? [] : rank(rest, monitors, textOf).flat();
    return matching.filter((monitor) => action.fits(monitor)).map((monitor) => ({ monitor, action }));
  });
}

/**
 * @param {Action} action
 * @param {string} word
 */
function names({ words }, word) {
  return word.length >= MIN_LETTERS && words.some((name) => name.startsWith(word));
}

/**
 * Divides items by how well they match. Keeps their order.
 * @template T
 * @param {string[]} words
 * @param {readonly T[]} items
 * @param {(item: T) => string} text returns the text of an item in lower case; its first line is the name
 * @returns {T[][]} one list for each rank, best first
 */
function rank(words, items, text) {
  const ranked = /** @type {T[][]} */ (Array.from({ length: RANKS }, () => []));
  for (const item of items) {
    ranked[rankOf(words, text(item))]?.push(item);
  }
  return ranked;
}

/**
 * Returns how well a text matches: 0 if the name begins with the words, 1 if words of the name begin with them, 2 if the name
 * contains them, 3 if the text contains them, otherwise -1.
 * @param {string[]} words
 * @param {string} text
 */
function rankOf(words, text) {
  if (!words.every((word) => text.includes(word))) {
    return -1;
  }
  const end = text.indexOf('\n');
  const name = end < 0 ? text : text.slice(0, end);
  if (name.startsWith(words.join(' '))) {
    return 0;
  }
  if (words.every((word) => beginsWord(name, word))) {
    return 1;
  }
  return words.every((word) => name.includes(word)) ? 2 : 3;
}

/**
 * Reports whether a word of a name begins with a text.
 * @param {string} name
 * @param {string} text
 */
function beginsWord(name, text) {
  for (let i = name.indexOf(text); i >= 0; i = name.indexOf(text, i + 1)) {
    if (i === 0 || !LETTER.test(name[i - 1])) {
      return true;
    }
  }
  return false;
}
