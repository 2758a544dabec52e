/** @import {MessageState, StatusEntry, StatusMessageDraft, StatusUpdate} from '../../../types/model' */
/** @import {Field} from '../../differences.js' */
import { ApiError, messageOf, withHint } from '../../api.js';
import { NOT_SET } from '../../differences.js';
import { formatDate } from '../../format.js';
import { dateOf, localTime } from '../maintenance-form/local-time.js';

/**
 * An update in the form. The date is a local time; an empty one is the time of saving. exact is the date from which it was
 * filled, which may have seconds.
 * @typedef {{key: string, date: string, exact?: string, state: MessageState, text: string}} FormUpdate
 * @typedef {{title: string, entries: Record<string, boolean>, updates: FormUpdate[]}} Values
 */

/** The states of a message: the name and the badge. */
export const STATES = /** @type {const} */ ([
  { state: 'investigating', label: 'Investigating', key: 'failed' },
  { state: 'identified', label: 'Identified', key: 'error' },
  { state: 'monitoring', label: 'Monitoring', key: 'warning' },
  { state: 'resolved', label: 'Resolved', key: 'ok' },
]);

/** Beginnings of the messages of the API, and what the form calls the same. */
const WORDS = /** @type {const} */ ([
  [/^updates has (\d+) elements/, 'the message has $1 updates'],
  [/^updates\[\d+\]\./, ''],
  [/^date\b/, 'time'],
]);
/** Marks of Markdown in a line: an escaped character, code, a link or image, and emphasis. */
const MARKS =
  /\\([!-/:-@[-`{-~])|`+([^`]+)`+|!?\[([^[\]]*)\]\([^()\s]*\)|(\*\*|\*)(?=\S)((?:\\.|[^\\])*?\S)\4(?!\*)|(?<!\w)(__|_)(?=\S)(.*?\S)\6(?!\w)/g;

let lastKey = 0;

/** @param {MessageState} state */
export function badgeOfState(state) {
  return STATES.find((one) => one.state === state) ?? STATES[0];
}

/**
 * Returns the state of a message.
 * @param {StatusMessageDraft} message
 * @returns {MessageState}
 */
export function stateOf({ updates }) {
  return updates.at(-1)?.state ?? 'investigating';
}

/**
 * @param {MessageState} state
 * @returns {FormUpdate}
 */
export function newUpdate(state) {
  return { key: `update-${++lastKey}`, date: '', state, text: '' };
}

/**
 * @param {StatusMessageDraft} message
 * @returns {Values}
 */
export function valuesOf({ title, entries, updates }) {
  return {
    title,
    entries: Object.fromEntries(entries.map((id) => [id, true])),
    updates: updates.map(({ date, state, text }) => ({
      ...newUpdate(state),
      date: date && localTime(date),
      exact: date,
      text,
    })),
  };
}

/**
 * Converts the content of the form to the format of the API. Only updates that are new have no date.
 * @param {Values} values
 * @returns {Omit<StatusMessageDraft, 'updates'> & {updates: (Omit<StatusUpdate, 'date'> & {date?: string})[]}}
 */
export function draftOf({ title, entries, updates }) {
  return {
    title: title.trim(),
    entries: Object.keys(entries).filter((id) => entries[id]),
    updates: updates.map(updateOf),
  };
}

/** @param {FormUpdate} update */
export function updateOf({ date, exact, state, text }) {
  return { date: dateOf(date, exact), state, text: text.trim() };
}

/**
 * Returns the fields of a message.
 * @param {StatusEntry[]} entries the entries of the page
 * @returns {Field<StatusMessageDraft>[]}
 */
export function messageFields(entries) {
  const names = new Map(entries.map(({ id, name }) => [id, name]));
  return [
    {
      key: 'title',
      label: 'Title',
      get: ({ title }) => title,
      set: (message, title) => (message.title = title),
      show: ({ title }) => title || NOT_SET,
    },
    {
      key: 'entries',
      label: 'Affected entries',
      get: (message) => message.entries.toSorted(),
      set: (message, ids) => (message.entries = ids),
      show: (message) => message.entries.map((id) => names.get(id) ?? 'removed entry').join(', ') || 'none',
    },
    {
      key: 'updates',
      label: 'Updates',
      get: ({ updates }) =>
        updates.map(({ date = '', state, text }) => [date && new Date(date).toISOString(), state, text]),
      set: (message, updates) =>
        (message.updates = updates.map((/** @type {[string, MessageState, string]} */ [date, state, text]) => ({
          date,
          state,
          text,
        }))),
      show: ({ updates }) =>
        updates.map(({ date, state, text }) => `${date && formatDate(date)} ${state}: ${text}`.trim()).join('\n'),
    },
  ];
}

/**
 * Returns Markdown without its marks.
 * @param {string} markdown
 */
export function plainText(markdown) {
  return withoutMarks(markdown.replace(/^ {0,3}(#{1,6}|>) +/gm, '').replace(/^( *)[*+-] +/gm, '$1• '));
}

/**
 * @param {string} text
 * @returns {string}
 */
function withoutMarks(text) {
  return text.replace(
    MARKS,
    (_, escaped, code, link, _star, strong, _line, emphasis) =>
      escaped ?? code ?? withoutMarks(link ?? strong ?? emphasis),
  );
}

/**
 * Returns the field of the form that an error of the API is about, and the text to show there. The field is empty if the
 * error names none.
 * @param {unknown} error
 * @param {FormUpdate[]} updates
 * @returns {{field: string, text: string}}
 */
export function fieldErrorOf(error, updates) {
  const detail = error instanceof ApiError ? error.message : messageOf(error);
  const [, field = ''] = /^(?:field ")?(title|entries)\b/.exec(detail) ?? [];
  const [, index = '', part = ''] = /^(?:field ")?(?:updates(?:\[(\d+)\])?\.?)?(date|state|text)\b/.exec(detail) ?? [];
  const update = updates[Number(index || NaN)] ?? updates.at(-1); // The form for one update has only this one.
  const name = field && `message-${field}`;
  return {
    field: part && update ? `${part === 'state' ? 'text' : part}-${update.key}` : name,
    text: withHint(
      WORDS.reduce((words, [pattern, label]) => words.replace(pattern, label), detail),
      error,
    ),
  };
}
