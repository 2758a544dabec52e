import { expectNoViolations } from './axe.mjs';
import { field } from './form.mjs';
import { button, enter, expect, test } from './sign-in-fixtures.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/** @param {Page} page */
const section = (page) => page.getByRole('region', { name: 'API keys' });

/**
 * Signs in, and shows the keys.
 * @param {Page} page
 */
async function begin(page) {
  await enter(page);
  await page.getByRole('link', { name: 'Admin' }).click();
  await expect(page.getByText('There are no keys yet.')).toBeVisible();
}

/**
 * Makes a key, and returns it.
 * @param {Page} page
 * @param {string} name
 * @param {string} [scope]
 */
async function make(page, name, scope) {
  await field(page, 'Name').fill(name);
  if (scope) {
    await page.getByLabel(scope).check();
  }
  await button(page, 'Make a key').click();
  await expect(page.getByText(`The new key ${name}. Copy it now: it is not shown again.`)).toBeVisible();
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
 * How the API answers who wants to make a monitor with a key.
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
 * Whether it is known when the key was used.
 * @param {NanoMon} nanomon
 * @param {string} key one that may administer
 * @param {string} name that of the key
 */
async function isUsed(nanomon, key, name) {
  const answer = await fetch(`${nanomon.url}/api/keys`, { headers: { Authorization: `Bearer ${key}` } });
  /** @type {import('../../frontend/types/model').ApiKey[]} */
  const keys = await answer.json();
  return keys.find((stored) => stored.name === name)?.lastUsed !== undefined;
}

test('a key is shown once, does what its scope allows, and is refused once it is revoked', async ({
  page,
  nanomon,
}) => {
  await begin(page);
  const reading = await make(page, 'Wall in the hall');
  await expect(button(page, 'Copy')).toBeFocused();
  const writing = await make(page, 'Nightly import', 'Read and change everything');
  await expect(page.getByText(reading)).toBeHidden();
  await expect(field(page, 'Name')).toHaveValue('');
  await expect(page.getByLabel('Read Sees')).toBeChecked();
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
  const dialog = page.getByRole('dialog', { name: 'Revoke the key Nightly import?' });
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(keyRow(page, 'Nightly import')).toBeVisible();
  await button(page, 'Revoke: Nightly import').click();
  await dialog.getByRole('button', { name: 'Revoke it' }).click();
  await expect(page.getByText('Revoked: Nightly import')).toBeVisible();
  await expect(keyRow(page, 'Nightly import')).toHaveCount(0);
  await expect(keyRow(page, 'Wall in the hall')).toBeVisible();
  await expect.poll(() => write(nanomon, writing), { timeout: 15_000 }).toBe(401);
  expect(await write(nanomon, reading)).toBe(403);
});

test('a key is copied, and put away', async ({ page, context, nanomon }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: nanomon.url });
  await begin(page);
  const name = '<img src=x onerror="document.title=1"> عربي';
  const key = await make(page, name);
  await button(page, 'Copy').click();
  await expect(page.getByText('Copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
  await button(page, 'Done').click();
  await expect(page.getByText(key)).toBeHidden();
  await expect(keyRow(page, name)).toBeVisible();
  await expect(page).toHaveTitle('Admin · NanoMon');
});

test('who is not signed in is asked to, and the API for nothing', async ({ page }) => {
  /** @type {string[]} */
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto('/#admin');
  await expect(section(page)).toContainText('Sign in first to see, make and revoke keys.');
  await expect(section(page).getByRole('textbox')).toHaveCount(0);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  expect(asked).toContain('/api/events');
  expect(asked).not.toContain('/api/keys');
  await section(page).getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel('Name')).toBeVisible();
});

test.describe('with refused requests', () => {
  test.use({ requestsFail: true });

  test('a key without a name is refused at its field', async ({ page }) => {
    await begin(page);
    await button(page, 'Make a key').click();
    await expect(field(page, 'Name')).toHaveAccessibleDescription('Name is missing: say what the key is for');
    await expect(field(page, 'Name')).toBeFocused();
    await expect(page.getByText('Not yet: please mend what is marked.')).toBeVisible();
    await field(page, 'Name').fill('Wall');
    await expect(field(page, 'Name')).toHaveAccessibleDescription('');
    await make(page, 'Wall');
  });

  test('keys that can’t be read or changed are a fault that can be tried again', async ({ page }) => {
    const away = { status: 503, json: { detail: 'the store is away' } };
    await begin(page);
    await make(page, 'Wall');
    await page.route('**/api/keys/*', (route) => route.fulfill(away));
    await button(page, 'Revoke: Wall').click();
    await button(page, 'Revoke it').click();
    await expect(page.getByText('Not revoked: the store is away')).toBeVisible();
    await expect(section(page).getByRole('heading', { name: 'API keys' })).toBeFocused();
    await expect(keyRow(page, 'Wall')).toBeVisible();
    await page.route('**/api/keys', (route) => route.fulfill(away));
    await field(page, 'Name').fill('Other');
    await button(page, 'Make a key').click();
    await expect(section(page)).toContainText('No key was made: the store is away');
    await expect(field(page, 'Name')).toHaveValue('Other');
    await field(page, 'Name').fill('');
    await page.getByRole('link', { name: 'About' }).click();
    await page.goBack();
    await expect(section(page).getByRole('alert').filter({ hasText: 'the store is away' })).toBeVisible();
    await page.unroute('**/api/keys');
    await section(page).getByRole('button', { name: 'Try again' }).click();
    await expect(keyRow(page, 'Wall')).toBeVisible();
  });

  test('what was typed is kept when the session ends', async ({ page, provider }) => {
    provider.lifetime = 30;
    await begin(page);
    await field(page, 'Name').fill('Nightly import');
    await page.getByLabel('Read and change everything').check();
    provider.ended = true;
    await button(page, 'Make a key').click();
    await expect(page.getByRole('dialog', { name: 'Your session has expired' })).toBeVisible();
    await expect(section(page)).toContainText('Sign in first');
    provider.ended = false;
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await expect(field(page, 'Name')).toHaveValue('Nightly import');
    await expect(page.getByLabel('Read and change everything')).toBeChecked();
  });
});

test.describe('looked at by axe-core', () => {
  test.use({ bypassCSP: true });

  for (const width of [390, 1280]) {
    test(`the section has no serious fault at ${width} px`, async ({ page }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto('/#admin');
      await expect(section(page)).toContainText('Sign in first');
      await expectNoViolations(page);
      await begin(page);
      await expectNoViolations(page);
      await make(page, 'Wall');
      await expect(keyRow(page, 'Wall')).toBeVisible();
      await expectNoViolations(page);
      await button(page, 'Revoke: Wall').click();
      await expectNoViolations(page);
    });
  }
});
