/** @import {StatusEntry, StatusPage, StatusPageDraft} from '../../../types/model' */
/** @import {Api, Version} from '../../api.js' */
/** @import {Field} from '../../differences.js' */
import { NOT_SET, changesOf, removeShown } from '../../differences.js';
import { statusPagesOf } from '../../documents.js';

const SHOWN = /** @type {const} */ ([
  ['uptime', 'uptime'],
  ['responseTime', 'response time'],
  ['incidents', 'past incidents'],
]);

/** The fields of a status page. The password is not among them, because the API does not return it. @type {Field<StatusPageDraft>[]} */
export const PAGE_FIELDS = [
  text('title', 'Title'),
  text('slug', 'Address'),
  text('introduction', 'Introduction'),
  {
    key: 'logo',
    label: 'Logo',
    get: ({ logo }) => logo ?? '',
    set: (page, logo) => (page.logo = logo || undefined),
    show: ({ logo }) => (logo ? `image of ${Math.ceil((logo.length * 3) / 4096)} KB` : NOT_SET),
  },
  {
    key: 'sections',
    label: 'Sections',
    get: ({ sections }) =>
      sections.map(({ title = '', entries }) => [
        title,
        entries.map(({ id = '', name, monitor = '', group = '', label = '' }) => [id, name, monitor, group, label]),
      ]),
    set: (page, sections) => (page.sections = sections.map(sectionOf)),
    show: ({ sections }) =>
      sections.map(({ title, entries }) => [title, namesOf(entries)].filter(Boolean).join(': ')).join('\n') || NOT_SET,
  },
  {
    key: 'show',
    label: 'Shows',
    get: ({ show }) => SHOWN.map(([key]) => show[key]),
    set: (page, values) => (page.show = { uptime: values[0], responseTime: values[1], incidents: values[2] }),
    show: ({ show }) => ['current status', ...SHOWN.filter(([key]) => show[key]).map(([, name]) => name)].join(', '),
  },
  {
    key: 'visibility',
    label: 'Visible to',
    get: ({ visibility }) => visibility,
    set: (page, visibility) => (page.visibility = visibility),
    show: ({ visibility }) => (visibility === 'password' ? 'people with the password' : 'everyone'),
  },
  {
    key: 'hosts',
    label: 'Own host names',
    get: ({ hosts }) => hosts,
    set: (page, hosts) => (page.hosts = hosts),
    show: ({ hosts }) => hosts.join(', ') || NOT_SET,
  },
  {
    key: 'noindex',
    label: 'Search engines',
    get: ({ noindex }) => noindex,
    set: (page, noindex) => (page.noindex = noindex),
    show: ({ noindex }) => (noindex ? 'asked not to list the page' : 'may list the page'),
  },
  text('zone', 'Time zone'),
];

/**
 * Returns a field whose value is a text.
 * @param {'title' | 'slug' | 'introduction' | 'zone'} key
 * @param {string} label
 * @returns {Field<StatusPageDraft>}
 */
function text(key, label) {
  return {
    key,
    label,
    get: (page) => page[key] ?? '',
    set: (page, value) => (page[key] = value),
    show: (page) => page[key] || NOT_SET,
  };
}

/** @param {[string, string[][]]} section as get returns it */
function sectionOf([title, entries]) {
  return {
    title: title || undefined,
    entries: entries.map(([id, name, monitor, group, label]) => ({
      id: id || undefined,
      name,
      monitor: monitor || undefined,
      group: group || undefined,
      label: label || undefined,
    })),
  };
}

/** @param {StatusEntry[]} entries */
function namesOf(entries) {
  return entries.map(({ name }) => name).join(', ') || 'no entries';
}

/**
 * Adds the name under which messages mention a page.
 * @param {StatusPage} page
 */
export function withName(page) {
  return { ...page, name: page.title };
}

/**
 * Returns a function that deletes a status page, for newRemoval.
 * @param {Api} api
 */
export function pageRemover(api) {
  return async (/** @type {Version<ReturnType<typeof withName>>} */ shown) => {
    const current = await removeShown(statusPagesOf(api), /** @type {Version<StatusPage>} */ (shown), (before, after) =>
      changesOf(PAGE_FIELDS, before, after),
    );
    return current && { ...current, document: withName(current.document) };
  };
}
