/** @import {StatusEntry, StatusPageDraft, StatusSection} from '../../../types/model' */
import { ApiError, messageOf, withHint } from '../../api.js';

/**
 * A section and an entry in the form. The keys identify them while they move.
 * @typedef {StatusEntry & {key: string}} FormEntry
 * @typedef {{key: string, title: string, entries: FormEntry[]}} FormSection
 */

/** What the form contains. The host names are separated by spaces or lines. @typedef {ReturnType<typeof valuesOf>} Values */

const MAX_SLUG = 63;
/** The fields of the API that have an own field in the form. */
const FIELD = /^(?:field ")?(slug|title|introduction|logo|zone|visibility|password|hosts|sections)\b(\S*?)"?(?: |:|$)/;
/** Beginnings of the messages of the API, and what the form calls the same. */
const WORDS = /** @type {const} */ ([
  [/^logo (must|is) .*/s, 'the image can’t be read. Choose another PNG, JPEG, GIF or WebP image'],
  [/^hosts must be host names, not (.*)/s, '$1 is not a host name'],
  [/^hosts contains\b/, 'own host names contain'],
  [/^hosts has (\d+) elements/, 'the page has $1 own host names'],
  [/^sections has (\d+) elements/, 'the page has $1 sections'],
  [/^sections has (\d+) entries/, 'the page has $1 entries'],
  [/^sections\S*\.name\b/, 'public name'],
  [/^sections\S*\] /, 'the entry '],
  [/^sections\S*\./, ''],
  [/^slug\b/, 'address'],
  [/^hosts\b/, 'own host names'],
  [/^zone\b/, 'time zone'],
]);
let lastKey = 0;

/** Returns a key that no other section or entry has. */
export function newKey() {
  return `k${++lastKey}`;
}

/** @returns {FormSection} */
export function newSection(title = '') {
  return { key: newKey(), title, entries: [] };
}

/** The content of a new status page. @type {StatusPageDraft} */
export const EMPTY = Object.freeze({
  slug: '',
  title: '',
  sections: [{ entries: [] }],
  show: { uptime: true, responseTime: true, incidents: true },
  visibility: 'public',
  hosts: [],
  noindex: false,
  zone: 'UTC',
});

/** @param {StatusPageDraft} page */
export function valuesOf(page) {
  return {
    slug: page.slug,
    title: page.title,
    introduction: page.introduction ?? '',
    logo: page.logo ?? '',
    /** @type {FormSection[]} */
    sections: page.sections.map(({ title = '', entries }) => ({
      key: newKey(),
      title,
      entries: entries.map((entry) => ({ ...entry, key: newKey() })),
    })),
    show: { ...page.show },
    visibility: page.visibility,
    /** Empty to keep the current one. */
    password: '',
    hosts: page.hosts.join('\n'),
    noindex: page.noindex,
    zone: page.zone,
  };
}

/**
 * Converts the content of the form to the format of the API. Sections without a title and entries are left out.
 * @param {Values} values
 * @returns {StatusPageDraft}
 */
export function draftOf(values) {
  return {
    slug: values.slug.trim(),
    title: values.title.trim(),
    introduction: values.introduction.trim() || undefined,
    logo: values.logo || undefined,
    sections: values.sections.filter(isUsed).map(sectionOf),
    show: { ...values.show },
    visibility: values.visibility,
    hosts: values.hosts.split(/[\s,;]+/).filter(Boolean),
    noindex: values.noindex,
    zone: values.zone.trim(),
  };
}

/** @param {FormSection} section */
function isUsed({ title, entries }) {
  return title.trim() !== '' || entries.length > 0;
}

/**
 * @param {FormSection} section
 * @returns {StatusSection}
 */
function sectionOf({ title, entries }) {
  return {
    title: title.trim() || undefined,
    entries: entries.map(({ id, name, monitor, group, label }) => ({ id, name: name.trim(), monitor, group, label })),
  };
}

/**
 * Returns a slug for a title: its letters and digits without accents, joined by hyphens.
 * @param {string} title
 */
export function slugOf(title) {
  const plain = title.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss').toLowerCase();
  const slug = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-/, '');
  return slug.slice(0, MAX_SLUG).replace(/-$/, '');
}

/**
 * Returns a warning if saving gives a page another address; empty if not.
 * @param {string} slug the new one
 * @param {{slug: string} | null} stored the page; null for a new one
 */
export function addressNote(slug, stored) {
  const isMoved = stored && slug.trim() && slug.trim() !== stored.slug;
  return isMoved ? 'The old address and its badges stop working when you save.' : '';
}

/**
 * Returns the errors of the required fields that are empty.
 * @param {Pick<Values, 'title' | 'slug' | 'visibility' | 'password'>} values
 * @param {boolean} hasPassword whether the stored page has a password, which may stay
 * @returns {Record<string, string>}
 */
export function missingOf({ title, slug, visibility, password }, hasPassword) {
  const needsPassword = visibility === 'password' && !hasPassword && !password;
  return {
    ...(title.trim() ? {} : { title: 'title is missing' }),
    ...(slug.trim() ? {} : { slug: 'address is missing' }),
    ...(needsPassword ? { password: 'password is missing' } : {}),
  };
}

/**
 * Returns the field of the form that an error of the API is about, and the text to show there. The field is empty if the
 * error names none.
 * @param {unknown} error
 * @param {Values} values
 * @returns {{field: string, text: string}}
 */
export function fieldErrorOf(error, values) {
  const detail = error instanceof ApiError ? error.message : messageOf(error);
  const [, field = '', path = ''] = FIELD.exec(detail) ?? [];
  const part = field === 'sections' ? partOf(path, values) : '';
  return { field: part || field, text: textOf(error) };
}

/**
 * Returns the text of an error in the words of the form.
 * @param {unknown} error
 */
export function textOf(error) {
  const detail = error instanceof ApiError ? error.message : messageOf(error);
  const text = WORDS.reduce((words, [pattern, label]) => words.replace(pattern, label), detail);
  return withHint(text, error);
}

/**
 * Returns the field of a section or of an entry; empty if the path names none.
 * @param {string} path for example [0].entries[2].name
 * @param {Values} values
 */
function partOf(path, { sections }) {
  const [, section, entry] = /^\[(\d+)\](?:\.entries\[(\d+)\])?/.exec(path) ?? [];
  const found = sections.filter(isUsed)[Number(section)];
  return (entry === undefined ? found?.key : found?.entries[Number(entry)]?.key) ?? '';
}
