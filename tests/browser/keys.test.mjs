import { expectNoViolations } from './axe.mjs';
import { tryAgain } from './fixtures.mjs';
import { clickInEndedSession, field } from './form.mjs';
import { button, expect, signIn, test } from './sign-in-fixtures.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/** @param {Page} page */
const section = (page) => page.getByRole('region', { name: 'API keys' });

/**
 * Signs in and opens the list of keys.
 * @param {Page} page
 */
async function openKeys(page) {
  await signIn(page);
  await page.getByRole('link', { name: 'Admin' }).click();
  await expect(page.getByText('No API keys yet.')).toBeVisible();
}

/**
 * Creates a key and returns it.
 * @param {Page} page
 * @param {string} name
 * @param {string} [scope]
 */
async function create(page, name, scope) {
  await field(page, 'Name').fill(name);
  if (scope) {
    await page.getByLabel(scope).check();
  }
  await button(page, 'Create key').click();
  await expect(page.getByText(`Key ${name} created. Copy it now: it is not shown again.`)).toBeVisible();
  const key = await page.getByTestId('key').innerText();
  expect(key).toMatch(/^nm_[\w-]{43}$/);
  return key;
}

/**
 * @param {Page} page
 * @param {string} name
 */
const keyRow = (page, name) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });

/**
 * Creates a monitor with a key and returns the HTTP status.
 * @param {NanoMon} nanomon
 * @param {string} key
 */
async function write(nanomon, key) {
  const body = JSON.stringify({ name: 'Shop', type: 'http', interval: '1h', target: 'http://127.0.0.1:1/' });
  const headers = { Authorization: `Bearer ${key}` };
  const { status } = await fetch(`${nanomon.url}/api/monitors`, { method: 'POST', headers, body });
  return status;
}

/**
 * Reports whether the API has recorded a use of the key.
 * @param {NanoMon} nanomon
 * @param {string} key a key with the scope admin
 * @param {string} name the name of the key to look up
 */
async function isUsed(nanomon, key, name) {
  const response = await fetch(`${nanomon.url}/api/keys`, { headers: { Authorization: `Bearer ${key}` } });
  /** @type {import('../../frontend/types/model').ApiKey[]} */
  const keys = await response.json();
  return keys.find((stored) => stored.name === name)?.lastUsed !== undefined;
}

test('a key is shown once, is limited to its scope, and is rejected after its revocation', async ({
  page,
  nanomon,
}) => {
  await openKeys(page);
  const reading = await create(page, 'Wall in the hall');
  await expect(button(page, 'Copy')).toBeFocused();
  const writing = await create(page, 'Nightly import', 'Read and change everything');
  await expect(page.getByText(reading)).toBeHidden();
  await expect(field(page, 'Name')).toHaveValue('');
  await expect(page.getByLabel('Read Monitors')).toBeChecked();
  await expect(keyRow(page, 'Wall in the hall').getByRole('cell').first()).toHaveText('Read');
  await expect(keyRow(page, 'Nightly import').getByRole('cell').first()).toHaveText('Read and change everything');
  await expect(keyRow(page, 'Nightly import')).toContainText('never');

  expect(await write(nanomon, reading)).toBe(403);
  expect(await write(nanomon, writing)).toBe(200);
  await expect.poll(() => isUsed(nanomon, writing, 'Nightly import')).toBe(true);

  await page.getByRole('link', { name: 'About' }).click();
  await expect(page.getByRole('heading', { name: 'About' })).toBeVisible();
  await page.goBack();
  await expect(keyRow(page, 'Nightly import')).toContainText(/just now|\d s ago/);
  const seen = (await page.content()) + (await page.evaluate(() => JSON.stringify([sessionStorage, localStorage])));
  expect(seen).not.toContain(reading);
  expect(seen).not.toContain(writing);

  await button(page, 'Revoke: Nightly import').click();
  const dialog = page.getByRole('dialog', { name: 'Revoke key Nightly import?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(keyRow(page, 'Nightly import')).toBeVisible();
  await button(page, 'Revoke: Nightly import').click();
  await dialog.getByRole('button', { name: 'Revoke key' }).click();
  await expect(page.getByText('Revoked Nightly import')).toBeVisible();
  await expect(keyRow(page, 'Nightly import')).toHaveCount(0);
  await expect(keyRow(page, 'Wall in the hall')).toBeVisible();
  await expect.poll(() => write(nanomon, writing)).toBe(401);
  expect(await write(nanomon, reading)).toBe(403);
});

test('a key can be copied and hidden', async ({ page, context, nanomon }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: nanomon.url });
  await openKeys(page);
  const name = '<img src=x onerror="document.title=1"> عربي';
  const key = await create(page, name);
  await button(page, 'Copy').click();
  await expect(page.getByText('Copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
  await button(page, 'Done').click();
  await expect(page.getByText(key)).toBeHidden();
  await expect(keyRow(page, name)).toBeVisible();
  await expect(page).toHaveTitle('Admin · NanoMon');
});

test('without a sign-in, asks to sign in and does not request the keys', async ({ page }) => {
  /** @type {string[]} */
  const requested = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await page.goto('/#admin');
  await expect(section(page)).toContainText('Sign in to view, create and revoke API keys.');
  await expect(section(page).getByRole('textbox')).toHaveCount(0);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  expect(requested).toContain('/api/events');
  expect(requested).not.toContain('/api/keys');
  await section(page).getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel('Name')).toBeVisible();
});

test.describe('with rejected requests', () => {
  test.use({ requestsFail: true });

  test('a missing name is shown at its field', async ({ page }) => {
    await openKeys(page);
    await button(page, 'Create key').click();
    await expect(field(page, 'Name')).toHaveAccessibleDescription('Name is missing: say what the key is for');
    await expect(field(page, 'Name')).toBeFocused();
    await expect(page.getByText('Please fix the highlighted fields.')).toBeVisible();
    await field(page, 'Name').fill('Wall');
    await expect(field(page, 'Name')).toHaveAccessibleDescription('');
    await create(page, 'Wall');
  });

  test('shows an error when keys can’t be loaded or changed, and can try again', async ({ page }) => {
    const unavailable = { status: 503, json: { detail: 'the store is unavailable' } };
    await openKeys(page);
    await create(page, 'Wall');
    await page.route('**/api/keys/*', (route) => route.fulfill(unavailable));
    await button(page, 'Revoke: Wall').click();
    await button(page, 'Revoke key').click();
    await expect(page.getByText('Key not revoked: the store is unavailable')).toBeVisible();
    await expect(section(page).getByRole('heading', { name: 'API keys' })).toBeFocused();
    await expect(keyRow(page, 'Wall')).toBeVisible();
    await page.route('**/api/keys', (route) => route.fulfill(unavailable));
    await field(page, 'Name').fill('Other');
    await button(page, 'Create key').click();
    await expect(section(page)).toContainText('Key not created: the store is unavailable');
    await expect(field(page, 'Name')).toHaveValue('Other');
    await field(page, 'Name').fill('');
    await page.getByRole('link', { name: 'About' }).click();
    await page.goBack();
    await expect(section(page).getByRole('alert').filter({ hasText: 'the store is unavailable' })).toBeVisible();
    await page.unroute('**/api/keys');
    await tryAgain(section(page).getByRole('button', { name: 'Try again' }));
    await expect(keyRow(page, 'Wall')).toBeVisible();
  });

  test('the entered values survive the end of the session', async ({ page, provider }) => {
    provider.lifetime = 30;
    await openKeys(page);
    await field(page, 'Name').fill('Nightly import');
    await page.getByLabel('Read and change everything').check();
    provider.ended = true;
    await clickInEndedSession(button(page, 'Create key'));
    await expect(page.getByRole('dialog', { name: 'Your session has expired' })).toBeVisible();
    await expect(section(page)).toContainText('Sign in to view');
    provider.ended = false;
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await expect(field(page, 'Name')).toHaveValue('Nightly import');
    await expect(page.getByLabel('Read and change everything')).toBeChecked();
  });
});

test.describe('checked by axe-core', () => {
  test.use({ bypassCSP: true });

  for (const width of [390, 1280]) {
    test(`the section has no serious violation at ${width} px`, async ({ page }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto('/#admin');
      await expect(section(page)).toContainText('Sign in to view');
      await expectNoViolations(page);
      await openKeys(page);
      await expectNoViolations(page);
      await create(page, 'Wall');
      await expect(keyRow(page, 'Wall')).toBeVisible();
      await expectNoViolations(page);
      await button(page, 'Revoke: Wall').click();
      await expectNoViolations(page);
    });
  }
});
