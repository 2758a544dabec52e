// The content of status pages and messages, without the page.
import { ApiError } from '../../frontend/app/api.js';
import { changesOf } from '../../frontend/app/differences.js';
import { PAGE_FIELDS } from '../../frontend/app/views/status-page-form/compare.js';
import {
  addressNote,
  draftOf,
  fieldErrorOf,
  missingOf,
  slugOf,
  valuesOf,
} from '../../frontend/app/views/status-page-form/draft.js';
import { logoProblem } from '../../frontend/app/views/status-page-form/logo.js';
import {
  describeEntry,
  moveEntry,
  moveItem,
  publicName,
  sourcesOf,
  withGroups,
} from '../../frontend/app/views/status-page-form/moves.js';
import * as messages from '../../frontend/app/views/status-page/message-draft.js';
import { badgeTexts } from '../../frontend/app/views/status-pages/urls.js';
import { expect, test } from '../../frontend/playwright-test.js';

/** @typedef {import('../../frontend/types/model').StatusPageDraft} StatusPageDraft */
/** @typedef {import('../../frontend/types/model').Monitor} Monitor */

const ID = '0123456789abcdef01234567';

/** @returns {StatusPageDraft} */
function newPage() {
  return {
    slug: 'shop',
    title: 'Shop',
    introduction: 'Hello',
    sections: [
      { title: 'Web', entries: [{ id: '00000001', name: 'Front page', monitor: ID }] },
      {
        entries: [
          { id: '00000002', name: 'Payments', group: 'Pay' },
          { id: '00000003', name: 'Data', label: 'team=data' },
        ],
      },
    ],
    show: { uptime: true, responseTime: false, incidents: true },
    visibility: 'public',
    hosts: ['status.example.com', 'www.example.org'],
    noindex: true,
    zone: 'UTC',
  };
}

/** @param {string} name @param {Partial<Monitor>} [members] @returns {any} */
const monitor = (name, members) => ({ id: name, name, target: '', ...members });

test('a slug has the letters and digits of the title', () => {
  expect(slugOf('Example Shop')).toBe('example-shop');
  expect(slugOf('  Straße & Café: 24/7! ')).toBe('strasse-cafe-24-7');
  expect(slugOf('日本')).toBe('');
  expect(slugOf(`${'a'.repeat(62)} b`)).toBe('a'.repeat(62));
});

test('a page keeps its content in the form', () => {
  const page = newPage();
  expect(JSON.parse(JSON.stringify(draftOf(valuesOf(page))))).toEqual(page);
  expect(changesOf(PAGE_FIELDS, page, draftOf(valuesOf(page)))).toEqual([]);
});

test('each field of a page is compared, described and taken over', () => {
  const [before, after] = [newPage(), newPage()];
  Object.assign(after, { slug: 's', title: 'T', introduction: '', logo: `data:image/png;base64,${'A'.repeat(4096)}` });
  Object.assign(after, { visibility: 'password', hosts: [], noindex: false, zone: 'Europe/Berlin' });
  after.show.uptime = false;
  after.sections.reverse();
  const changes = changesOf(PAGE_FIELDS, before, after);
  expect(changes.map(({ label }) => label)).toHaveLength(PAGE_FIELDS.length);
  expect(changes.find(({ label }) => label === 'Sections')).toMatchObject({
    before: 'Web: Front page\nPayments, Data',
    after: 'Payments, Data\nWeb: Front page',
  });
  PAGE_FIELDS.forEach((field) => field.set(before, field.get(after)));
  expect(changesOf(PAGE_FIELDS, before, after)).toEqual([]);
});

test('an error of the API belongs to its field', () => {
  const values = valuesOf(newPage());
  values.sections.unshift({ key: 'empty', title: ' ', entries: [] }); // It is not sent.
  const errorAt = (/** @type {string} */ detail) => fieldErrorOf(new ApiError(detail, 400), values);
  expect(errorAt('slug is missing')).toEqual({ field: 'slug', text: 'address is missing' });
  expect(errorAt('hosts must be host names, not "x y"')).toEqual({
    field: 'hosts',
    text: '"x y" is not a host name',
  });
  expect(errorAt('zone must be a time zone')).toEqual({ field: 'zone', text: 'time zone must be a time zone' });
  expect(errorAt('password must have 8 to 72 bytes').field).toBe('password');
  expect(errorAt('sections[1].entries[1].name is missing')).toEqual({
    field: values.sections[2].entries[1].key,
    text: 'public name is missing',
  });
  expect(errorAt('sections[0].title has 120 characters').field).toBe(values.sections[1].key);
  expect(errorAt('sections has 51 elements, at most 50 are allowed')).toEqual({
    field: 'sections',
    text: 'the page has 51 sections, at most 50 are allowed',
  });
  expect(errorAt('sections[0].entries[0] must have one of monitor, group and label').text).toContain('the entry must');
  expect(errorAt('hosts contains "a.b" twice').text).toBe('own host names contain "a.b" twice');
  expect(errorAt('logo is not valid base64').text).toMatch(/^the image can’t be read/);
  expect(errorAt('store unavailable')).toEqual({ field: '', text: 'store unavailable' });
});

test('all required fields that are empty have an error', () => {
  const page = { title: 'Shop', slug: 'shop', visibility: /** @type {const} */ ('public'), password: '' };
  expect(Object.keys(missingOf({ ...page, title: ' ', slug: '' }, false))).toEqual(['title', 'slug']);
  expect(missingOf({ ...page, slug: '' }, false)).toEqual({ slug: 'address is missing' });
  expect(missingOf(page, false)).toEqual({});
  expect(missingOf({ ...page, visibility: 'password' }, true)).toEqual({});
  expect(missingOf({ ...page, visibility: 'password' }, false)).toEqual({ password: 'password is missing' });
});

test('only another address of an existing page has a warning', () => {
  expect(addressNote('shop-2', { slug: 'shop' })).toContain('old address');
  expect(addressNote(' shop ', { slug: 'shop' })).toBe('');
  expect(addressNote('shop', null)).toBe('');
  expect(addressNote(' ', { slug: 'shop' })).toBe('');
});

test('sections and entries move by one place', () => {
  const { sections } = valuesOf(newPage());
  const names = (/** @type {typeof sections} */ all) =>
    all.map(({ entries }) => entries.map(({ name }) => name).join());
  const [[front], [payments, data]] = sections.map(({ entries }) => entries.map(({ key }) => key));
  expect(names(moveItem(sections, sections[0].key, 1))).toEqual(['Payments,Data', 'Front page']);
  expect(moveItem(sections, sections[0].key, -1)).toBe(sections);
  expect(names(moveEntry(sections, data, -1))).toEqual(['Front page', 'Data,Payments']);
  expect(names(moveEntry(sections, payments, -1))).toEqual(['Front page,Payments', 'Data']);
  expect(names(moveEntry(sections, front, 1))).toEqual(['', 'Front page,Payments,Data']);
  expect(moveEntry(sections, front, -1)).toBe(sections);
  expect(moveEntry(sections, data, 1)).toBe(sections);
  expect(moveEntry(sections, 'unknown', 1)).toBe(sections);
});

test('a section for each group has an entry for each monitor', () => {
  const all = [
    monitor('b10', { group: 'B' }),
    monitor('a', { group: 'A' }),
    monitor('b9', { group: 'B' }),
    monitor('c'),
  ];
  const { sections } = valuesOf({ ...newPage(), sections: [{ entries: [] }, { title: 'A', entries: [] }] });
  const added = withGroups(sections, all);
  expect(added.map(({ title, entries }) => [title, entries.map(({ name }) => name)])).toEqual([
    ['A', []],
    ['B', ['b10', 'b9']],
  ]);
});

test('an entry says what it stands for, and if nothing is left of it', () => {
  const all = [monitor('a', { group: 'G', labels: { team: 'x' } }), monitor('b', { labels: { team: 'y' } })];
  const sources = sourcesOf(all);
  const textOf = (/** @type {object} */ entry) => {
    const { text, isMissing } = describeEntry({ name: '', ...entry }, sources);
    return isMissing ? `! ${text}` : text;
  };
  expect(textOf({ monitor: 'a' })).toBe('Monitor a');
  expect(textOf({ monitor: ID })).toBe('! Deleted monitor: the page leaves the entry out');
  expect(textOf({ group: 'G' })).toBe('Group G · 1 monitor');
  expect(textOf({ label: 'team' })).toBe('Label team · 2 monitors');
  expect(textOf({ label: 'team=y' })).toBe('Label team=y · 1 monitor');
  expect(textOf({ label: 'team=z' })).toBe('! Label team=z: no monitor has it, so the page leaves the entry out');
  expect(publicName('label', 'team=web=1')).toBe('web=1');
  expect(publicName('label', 'team')).toBe('team');
  expect(publicName('group', 'a=b')).toBe('a=b');
});

test('a logo has a type and a size', () => {
  expect(logoProblem({ type: 'image/png', size: 65_536 })).toBe('');
  expect(logoProblem({ type: 'image/png', size: 65_537 })).toContain('at most 64 KB');
  expect(logoProblem({ type: 'image/svg+xml', size: 10 })).toContain('PNG');
});

test('the texts for badges are safe to paste', () => {
  const url = 'https://example.com/badges/s/e/uptime.svg?window=30d';
  const texts = badgeTexts(url, 'https://example.com/a.json?window=7d', 'https://example.com/status/s', '<a> "b" ]&*');
  expect(texts.map(({ format }) => format)).toEqual(['Markdown', 'HTML', 'URL', 'shields.io']);
  expect(texts.map(({ text }) => text)).toEqual([
    `[![\\<a\\> "b" \\]&\\*](${url})](https://example.com/status/s)`,
    `<a href="https://example.com/status/s"><img src="${url}" alt="&lt;a&gt; &quot;b&quot; ]&amp;*"></a>`,
    url,
    'https://img.shields.io/endpoint?url=https%3A%2F%2Fexample.com%2Fa.json%3Fwindow%3D7d',
  ]);
});

test('a message keeps its content in the form, and its errors belong to its fields', () => {
  const message = {
    title: 'Slow',
    entries: ['00000001'],
    updates: [
      { date: '2026-11-30T10:00:30.5Z', state: /** @type {const} */ ('investigating'), text: 'We look.' },
      { date: '2026-11-30T11:00:00Z', state: /** @type {const} */ ('resolved'), text: 'Done.' },
    ],
  };
  const values = messages.valuesOf(message);
  expect(messages.draftOf(values)).toEqual(message);
  expect(messages.stateOf(message)).toBe('resolved');
  const fields = messages.messageFields([{ id: '00000001', name: 'Front page' }]);
  expect(fields.map((field) => field.show(message).split('\n').length)).toEqual([1, 1, 2]);
  expect(changesOf(fields, message, /** @type {any} */ (messages.draftOf(values)))).toEqual([]);
  const errorAt = (/** @type {string} */ detail) => messages.fieldErrorOf(new ApiError(detail, 400), values.updates);
  expect(errorAt('title is missing').field).toBe('message-title');
  expect(errorAt('updates[0].text is missing')).toEqual({
    field: `text-${values.updates[0].key}`,
    text: 'text is missing',
  });
  expect(errorAt('text is missing').field).toBe(`text-${values.updates[1].key}`);
  expect(errorAt('updates[1].date must be between')).toEqual({
    field: `date-${values.updates[1].key}`,
    text: 'time must be between',
  });
  expect(errorAt('updates[5].text has 5001 characters').field).toBe(`text-${values.updates[1].key}`); // A new update.
  expect(errorAt('store unavailable').field).toBe('');
});

test('Markdown is shown without its marks', () => {
  const plain = messages.plainText;
  expect(plain('We see **bad *errors*** in the [*check*out](https://example.com/a_b).')).toBe(
    'We see bad errors in the checkout.',
  );
  expect(plain('# Head\n\n- one\n* two\n\n> quoted')).toBe('Head\n\n• one\n• two\n\nquoted');
  expect(plain('`a*b*` and a\\*b\\*, __c__, snake_case_name, 2 * 3 * 4')).toBe(
    'a*b* and a*b*, c, snake_case_name, 2 * 3 * 4',
  );
});
