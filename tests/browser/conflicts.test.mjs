// Two people change the same monitor or maintenance window.
import { expectNoViolations } from './axe.mjs';
import { expect, test } from './fixtures.mjs';
import { field, open, put, save, saved, stored } from './form.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

// The browser reports the responses with the status 412 as failed.
// axe needs a page without the content security policy.
test.use({ requestsFail: true, bypassCSP: true, timezoneId: 'UTC' });

/** The review of what someone else changed. @param {Page} page */
function review(page) {
  return page.getByRole('region', { name: 'Someone else changed this' });
}

/**
 * @param {Page} page
 * @param {string} label
 */
function choices(page, label) {
  return review(page).getByRole('group', { name: label });
}

/**
 * Opens the form in a page that gets no events, so that it detects changes when it saves.
 * @param {Page} page
 * @param {string} id
 */
async function openWithoutEvents(page, id) {
  await page.route('**/api/events', (route) => route.abort());
  await open(page, id);
}

test('two pages edit the same monitor and no change is lost', async ({ page, context, nanomon, target }) => {
  const properties = { timeout: '4s', headers: '{"Authorization":"secret one"}' };
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h', properties });
  const other = await context.newPage();
  await openWithoutEvents(page, id);
  await openWithoutEvents(other, id);

  await field(other, 'Name').fill('Theirs');
  await field(other, 'Group').fill('Public');
  await field(other, 'Headers 1: value').fill('secret two');
  await save(other);
  await saved(other, 'Theirs');

  await field(page, 'Name').fill('Mine');
  await field(page, 'Timeout').fill('7s');
  await save(page);
  await expect(page.getByText('Someone else has made changes in the meantime.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Someone else changed this monitor' })).toBeFocused();
  await expect(review(page).getByRole('group')).toHaveCount(3);
  await expect(choices(page, 'Name').getByLabel('Yours Mine')).toBeChecked();
  await expect(choices(page, 'Group').getByLabel('Saved by someone else Public')).toBeChecked();
  await expect(choices(page, 'Headers')).toContainText('Authorization: ••• (another secret)');
  await expect(review(page)).not.toContainText('secret one');
  await expect(review(page)).not.toContainText('secret two');
  await expect(field(page, 'Name')).toHaveValue('Mine');
  await expect(field(page, 'Group')).toHaveValue('Public');
  await expectNoViolations(page);

  await choices(page, 'Name').getByLabel('Saved by someone else').check();
  await expect(field(page, 'Name')).toHaveValue('Theirs');
  await choices(page, 'Name').getByLabel('Yours').check();
  await expect(field(page, 'Name')).toHaveValue('Mine');
  await choices(page, 'Group').getByLabel('Yours').check();
  await expect(field(page, 'Group')).toHaveValue('');
  await save(page);
  await saved(page, 'Mine');
  const monitor = await stored(nanomon, id);
  expect(monitor).toMatchObject({ name: 'Mine' });
  expect(monitor.group).toBeUndefined();
  expect(monitor.properties).toEqual({ timeout: '7s', headers: '{"Authorization":"secret two"}' });
});

test('a change during the review continues it', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await openWithoutEvents(page, id);
  await field(page, 'Name').fill('Mine');
  await put(nanomon, id, { name: 'Theirs', target: target.url, interval: '1h' });
  await save(page);
  await choices(page, 'Name').getByLabel('Saved by someone else').check();
  await put(nanomon, id, { name: 'Theirs 2', target: target.url, interval: '2h' });
  await save(page);
  await expect(choices(page, 'Interval')).toContainText('2h');
  await expect(field(page, 'Name')).toHaveValue('Theirs 2');
  await choices(page, 'Name').getByLabel('Yours Mine').check();
  await save(page);
  await saved(page, 'Mine');
  expect(await stored(nanomon, id)).toMatchObject({ name: 'Mine', interval: '2h' });
});

test('the own changes can be discarded', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await openWithoutEvents(page, id);
  await field(page, 'Name').fill('Mine');
  await field(page, 'Group').fill('Mine');
  await put(nanomon, id, { name: 'Theirs', target: target.url, interval: '1h' });
  await save(page);
  await review(page).getByRole('button', { name: 'Discard my changes' }).click();
  await expect(review(page)).toBeHidden();
  await expect(field(page, 'Name')).toHaveValue('Theirs');
  await expect(field(page, 'Group')).toHaveValue('');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await expect(page.getByRole('heading', { name: 'Theirs', exact: true })).toBeVisible();
});

test('the same change by both needs no review', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await openWithoutEvents(page, id);
  await field(page, 'Name').fill('Both');
  await field(page, 'Group').fill('Mine');
  const theirs = [{ name: 'Both' }, { name: 'Both', group: 'Mine' }];
  await page.route(`**/api/monitors/${id}`, async (route) => {
    const change = route.request().method() === 'PUT' && theirs.shift();
    if (change) {
      await put(nanomon, id, { ...change, target: target.url, interval: '1h' });
    }
    await route.continue();
  });
  await save(page);
  await saved(page, 'Both');
  expect(theirs).toEqual([]);
  expect(await stored(nanomon, id)).toMatchObject({ name: 'Both', group: 'Mine' });
});

test('someone else changes the type', async ({ page, nanomon, target }) => {
  test.setTimeout(60_000);
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h', properties: { bodyRegex: 'ok' } });
  await openWithoutEvents(page, id);
  await field(page, 'Method').selectOption('POST');
  await field(page, 'Timeout').fill('7s');
  const properties = { timeout: '9s' };
  await put(nanomon, id, { name: 'Shop', type: 'tcp', target: 'localhost:1', interval: '1h', properties });
  await save(page);
  await expect(choices(page, 'Monitor type').getByLabel('Saved by someone else tcp')).toBeChecked();
  await expect(choices(page, 'Timeout').getByLabel('Yours 7s')).toBeChecked();
  await expect(choices(page, 'Body regex')).toBeHidden(); // The current type does not have it.
  await choices(page, 'Monitor type').getByLabel('Yours http').check();
  await choices(page, 'Target').getByLabel('Yours').check();
  await expect(field(page, 'Method')).toHaveValue('POST');
  await expect(choices(page, 'Body regex').getByLabel('Saved by someone else not set')).toBeChecked();
  await choices(page, 'Body regex').getByLabel('Yours ok').check();
  await save(page);
  await saved(page, 'Shop');
  expect(await stored(nanomon, id)).toMatchObject({
    type: 'http',
    target: target.url,
    properties: { method: 'POST', timeout: '7s', bodyRegex: 'ok' },
  });
});

test('a change that an event reports can be reviewed before saving', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await open(page, id);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await field(page, 'Name').fill('Mine');
  await put(nanomon, id, { name: 'Theirs', target: target.url, interval: '2h' });
  await page.getByRole('button', { name: 'Review the changes' }).click();
  await expect(field(page, 'Name')).toHaveValue('Mine');
  await expect(field(page, 'Interval')).toHaveValue('2h');
  await save(page);
  await saved(page, 'Mine');
  expect(await stored(nanomon, id)).toMatchObject({ name: 'Mine', interval: '2h' });
});

test('a proxy that marks entity tags does not prevent saving', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  for (const mark of [
    (/** @type {string} */ tag) => `W/${tag}`,
    (/** @type {string} */ tag) => tag.replace(/"$/, '-gzip"'),
  ]) {
    await page.route(`**/api/monitors/${id}`, async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      await route.fulfill({ response, headers: headers.etag ? { ...headers, etag: mark(headers.etag) } : headers });
    });
    await openWithoutEvents(page, id);
    await field(page, 'Name').fill(`Shop ${mark('"')}`);
    await save(page);
    await saved(page, `Shop ${mark('"')}`);
    await page.unrouteAll();
  }
});

test('the switch in the list keeps what someone else changes at the same time', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await page.goto('/');
  let changes = 0;
  await page.route(`**/api/monitors/${id}`, async (route) => {
    if (route.request().method() === 'PUT' && changes++ === 0) {
      await put(nanomon, id, { name: 'Shop', target: target.url, interval: '2h', group: 'Public' });
    }
    await route.continue();
  });
  await page.getByRole('button', { name: 'More actions: Shop' }).click();
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  await expect(page.getByText('disabled.')).toBeVisible();
  expect(await stored(nanomon, id)).toMatchObject({ enabled: false, interval: '2h', group: 'Public' });
});

test('deleting a changed monitor asks again', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await page.goto('/');
  await page.getByRole('button', { name: 'More actions: Shop' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await put(nanomon, id, { name: 'Shop', target: `${target.url}?key=hidden`, interval: '2h' });
  const dialog = page.getByRole('dialog', { name: 'Delete Shop?' });
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(dialog).toContainText('Someone else has changed it in the meantime');
  await expect(dialog.getByRole('definition').filter({ hasText: '2h' })).toContainText('1h');
  await expect(dialog).toContainText('?key=•••');
  await expectNoViolations(page);
  await put(nanomon, id, { name: 'Shop', target: target.url, interval: '3h' });
  await dialog.getByRole('button', { name: 'Delete anyway' }).click();
  await expect(dialog).toContainText('3h');
  await dialog.getByRole('button', { name: 'Delete anyway' }).click();
  await expect(page.getByText('No monitors yet')).toBeVisible();
});

test('two pages edit the same maintenance window', async ({ page, context, nanomon }) => {
  const body = {
    name: 'Disks',
    groups: ['Shop'],
    weekly: { days: ['sunday', 'monday'], at: '02:00', duration: '1h', zone: 'UTC' },
  };
  const created = await fetch(`${nanomon.url}/api/maintenance`, { method: 'POST', body: JSON.stringify(body) });
  const { id } = await created.json();
  const other = await context.newPage();
  for (const tab of [page, other]) {
    await tab.goto(`/#maintenance/${id}`);
    await expect(field(tab, 'Name')).toHaveValue('Disks');
  }
  await field(other, 'Starts at').fill('03:00');
  await field(other, 'Name').fill('Theirs');
  await save(other);
  await expect(other.getByText('Saved Theirs')).toBeVisible();

  await field(page, 'Name').fill('Mine');
  await save(page);
  await expect(choices(page, 'Schedule')).toContainText('03:00');
  await expect(field(page, 'Starts at')).toHaveValue('03:00');
  await expectNoViolations(page);
  await save(page);
  await expect(page.getByText('Saved Mine')).toBeVisible();
  const window = await (await fetch(`${nanomon.url}/api/maintenance/${id}`)).json();
  expect(window).toMatchObject({ name: 'Mine', weekly: { at: '03:00', days: ['monday', 'sunday'] } });
});

test('a date that only someone else changed gets the current value', async ({ page, nanomon }) => {
  const body = { name: 'Disks', groups: ['Shop'], start: '2031-05-01T10:00:30Z', end: '2031-05-01T12:00:00Z' };
  const created = await fetch(`${nanomon.url}/api/maintenance`, { method: 'POST', body: JSON.stringify(body) });
  const { id } = await created.json();
  const theirs = { ...body, end: '2031-05-01T13:00:00Z' };
  for (const mine of ['Mine', 'Mine 2']) {
    await page.goto(`/#maintenance/${id}`);
    await expect(field(page, 'Name')).toBeVisible();
    await field(page, 'Name').fill(mine);
    if (mine === 'Mine 2') {
      theirs.end = '2031-05-01T14:00:00Z';
      await field(page, 'End').fill('2031-05-01T14:00'); // the same as the other person
    }
    await fetch(`${nanomon.url}/api/maintenance/${id}`, { method: 'PUT', body: JSON.stringify(theirs) });
    await save(page);
    if (mine === 'Mine') {
      await expect(choices(page, 'Schedule').getByLabel('Saved by someone else')).toBeChecked();
      await save(page);
    }
    await expect(page.getByText(`Saved ${mine}`, { exact: true })).toBeVisible();
    const window = await (await fetch(`${nanomon.url}/api/maintenance/${id}`)).json();
    expect(window).toMatchObject({ name: mine, start: body.start });
    expect(Date.parse(window.end)).toBe(Date.parse(theirs.end));
    theirs.name = mine;
  }
});

test('deleting a changed maintenance window asks again', async ({ page, nanomon }) => {
  const body = {
    name: 'Disks',
    groups: ['Shop'],
    weekly: { days: ['sunday'], at: '02:00', duration: '1h', zone: 'UTC' },
  };
  const created = await fetch(`${nanomon.url}/api/maintenance`, { method: 'POST', body: JSON.stringify(body) });
  const { id } = await created.json();
  const change = (/** @type {object} */ members) =>
    fetch(`${nanomon.url}/api/maintenance/${id}`, { method: 'PUT', body: JSON.stringify({ ...body, ...members }) });
  for (const [address, name] of [
    [`/#maintenance/${id}`, 'Delete…'],
    ['/#maintenance', 'Delete: Disks'],
  ]) {
    await page.goto(address);
    await page.getByRole('button', { name }).click();
    await change({ groups: [`Bank ${name}`] });
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(page.getByRole('dialog')).toContainText(`Bank ${name}`);
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  }
  await page.reload();
  await page.getByRole('button', { name: 'Delete: Disks' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('No maintenance windows yet')).toBeVisible();
});
