import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/**
 * @param {NanoMon} nanomon
 * @returns {Promise<any[]>}
 */
const stored = async (nanomon) => (await fetch(`${nanomon.url}/api/monitors`)).json();

/**
 * @param {Page} page
 * @param {unknown} content a text, or a value to convert to JSON
 */
const choose = (page, content) =>
  page.getByLabel('Choose a file').setInputFiles({
    name: 'monitors.json',
    mimeType: 'application/json',
    buffer: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
  });

const monitor = (/** @type {string} */ name, more = {}) => ({
  name,
  type: 'http',
  interval: '1h',
  target: 'http://127.0.0.1:1/',
  ...more,
});

test('an export has the current date in its name and can be imported', async ({ page, nanomon }) => {
  await nanomon.add(monitor('Shop', { group: 'Core', rule: 'status == 200', properties: { timeout: '3s' } }));
  await nanomon.add(monitor('Mill', { enabled: false }));
  await page.goto('/#admin');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export 2 monitors' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toMatch(/^nanomon-\d{4}-\d\d-\d\d\.json$/);
  await expect(
    page.getByRole('status').filter({ hasText: /^Exported 2 monitors to nanomon-.*\.json \(\d+ B\)\.$/ }),
  ).toBeVisible();
  const text = await readFile(await download.path(), 'utf8');
  expect(JSON.parse(text)).toEqual(await stored(nanomon));

  await choose(page, text);
  await expect(page.getByText('0 added, 0 changed, 0 removed, 2 unchanged')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Import', exact: true })).toBeDisabled();
});

test('an import shows a preview and asks before it removes monitors', async ({ page, nanomon }) => {
  for (const name of ['Gone', 'Lost', 'Same', 'Other']) {
    await nanomon.add(monitor(name));
  }
  const before = await stored(nanomon);
  await page.goto('/#admin');
  await choose(page, [monitor('Same'), monitor('Other', { interval: '2h', rule: 'status == 200' }), monitor('New')]);
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview).toContainText('1 added, 1 changed, 2 removed, 1 unchanged');
  await expect(preview.getByRole('listitem')).toHaveCount(0);
  await preview.getByText('Changed (1)').click();
  await expect(preview.getByRole('listitem')).toContainText(/Other http\s+· interval, rule/);
  await preview.getByText('Removed (2)').click();
  await expect(preview.getByRole('listitem').filter({ hasText: 'Gone' })).toBeVisible();
  expect(await stored(nanomon)).toEqual(before);

  await preview.getByRole('button', { name: 'Import' }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove 2 monitors?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
  expect(await stored(nanomon)).toEqual(before);

  await preview.getByRole('button', { name: 'Import' }).click();
  await dialog.getByRole('button', { name: 'Remove 2 monitors and import' }).click();
  await expect(page.getByText('Imported monitors.json: 1 added, 1 changed, 2 removed')).toBeVisible();
  await expect(preview).toBeHidden();
  await expect(page.getByRole('button', { name: 'Export 3 monitors' })).toBeVisible();
  expect((await stored(nanomon)).map(({ name, interval }) => `${name} ${interval}`)).toEqual([
    'New 1h',
    'Other 2h',
    'Same 1h',
  ]);
});

test('an import that removes nothing does not ask, and can be cancelled', async ({ page, nanomon }) => {
  await page.goto('/#admin');
  await choose(page, [monitor('New')]);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('region', { name: 'Preview' })).toBeHidden();
  expect(await stored(nanomon)).toEqual([]);
  await choose(page, [monitor('New')]);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByText('Imported monitors.json: 1 added')).toBeVisible();
  expect(await stored(nanomon)).toHaveLength(1);
});

test('the preview of an import names the properties that it ignores', async ({ page }) => {
  await page.goto('/#admin');
  await choose(page, [monitor('New', { properties: { count: '3' } })]);
  await expect(page.getByRole('region', { name: 'Preview' }).getByRole('listitem')).toHaveText(
    'monitor 1 "New": ignored the properties count, which the type http does not have',
  );
});

/**
 * Drops a file on the page.
 * @param {Page} page
 * @param {string} text
 * @param {number} length the size of the file, filled up with spaces
 */
async function drop(page, text, length = text.length) {
  await expect(page.getByRole('heading', { name: 'Import' })).toBeVisible();
  const dataTransfer = await page.evaluateHandle(([text, length]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text.padEnd(length)], 'dropped.json'));
    return transfer;
  }, /** @type {[string, number]} */ ([text, length]));
  await page.dispatchEvent('main', 'drop', { dataTransfer });
}

test('a file can be dropped on the page', async ({ page }) => {
  await page.goto('/#admin');
  await drop(page, JSON.stringify([monitor('New')]));
  await expect(page.getByRole('region', { name: 'Preview' })).toContainText('dropped.json');
  await expect(page.getByText('1 added, 0 changed')).toBeVisible();
});

test('a file that is too large for the API is rejected in the browser', async ({ page }) => {
  await page.goto('/#admin');
  await drop(page, '[]', (16 << 20) + 1);
  await expect(page.getByRole('alert').filter({ hasText: 'dropped.json is too large: 16.0 MiB' })).toBeVisible();
});

test('a preview of thousands of monitors is shown in parts', async ({ page }) => {
  await page.goto('/#admin');
  await choose(
    page,
    Array.from({ length: 3000 }, (_, i) => monitor(`Monitor ${i}`)),
  );
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview).toContainText('3000 added');
  await expect(preview.getByRole('listitem')).toHaveCount(0);
  await preview.getByText('Added (3000)').click();
  await expect(preview.getByRole('listitem')).toHaveCount(100);
  await preview.getByRole('button', { name: 'Show more (2900 left)' }).click();
  await expect(preview.getByRole('listitem')).toHaveCount(200);
});

for (const { what, content, error } of [
  { what: 'invalid JSON', content: '[{', error: /monitors\.json is not valid JSON: .*Choose an exported file/ },
  { what: 'one object', content: { name: 'Shop' }, error: 'expected an array, found one object' },
  { what: 'a string', content: '"Shop"', error: 'expected an array, found a string' },
  { what: 'null', content: 'null', error: 'expected an array, found null' },
]) {
  test(`a file with ${what} is rejected in the browser`, async ({ page }) => {
    await page.goto('/#admin');
    await choose(page, content);
    await expect(page.getByRole('alert').filter({ hasText: 'Nothing was changed.' })).toContainText(error);
    await expect(page.getByRole('region', { name: 'Preview' })).toHaveCount(0);
  });
}

test.describe('with rejected requests', () => {
  test.use({ requestsFail: true });

  test('an import with invalid monitors lists each of them and changes nothing', async ({ page, nanomon }) => {
    await nanomon.add(monitor('Shop'));
    const before = await stored(nanomon);
    await page.goto('/#admin');
    await choose(page, [
      monitor('Good'),
      monitor(''),
      monitor('<img src=x onerror="document.title=1">', { rule: 'nonsense > 1' }),
    ]);
    const alert = page.getByRole('alert').filter({ hasText: '2 monitors in monitors.json can’t be imported' });
    await expect(alert).toContainText('Nothing was changed.');
    await expect(alert.getByRole('listitem').nth(0)).toHaveText('monitor 2 "": missing monitor name');
    await expect(alert.getByRole('listitem').nth(1)).toContainText('<img src=x');
    await expect(alert.getByRole('listitem').nth(1)).toContainText('rule invalid');
    await expect(page.getByRole('region', { name: 'Preview' })).toHaveCount(0);
    expect(await stored(nanomon)).toEqual(before);

    await choose(page, []);
    await expect(
      page.getByRole('alert').filter({ hasText: 'monitors.json contains no monitors. Nothing was changed.' }),
    ).toBeVisible();
    await choose(page, [monitor('Good')]);
    await expect(page.getByText('1 added, 0 changed, 1 removed')).toBeVisible();
    await expect(alert).toBeHidden();
  });

  test('a failed deletion shows the error and can be tried again', async ({ page, nanomon }) => {
    await nanomon.add(monitor('Shop'));
    await page.goto('/#admin');
    await page.getByRole('button', { name: 'Delete all monitors…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete all monitors?' });
    await dialog.getByLabel('Type “delete all” to confirm').fill('delete all');
    await page.route('**/api/monitors', (route) => route.abort());
    await dialog.getByRole('button', { name: 'Delete permanently' }).click();
    await expect(dialog.getByRole('alert')).toContainText('Not deleted. Could not reach the API.');
    await page.unroute('**/api/monitors');
    await dialog.getByRole('button', { name: 'Delete permanently' }).click();
    await expect(dialog).toBeHidden();
    expect(await stored(nanomon)).toEqual([]);
  });
});

test('all monitors are deleted after confirmation', async ({ page, nanomon }) => {
  await nanomon.add(monitor('Shop'));
  await page.goto('/#admin');
  await page.getByRole('button', { name: 'Delete all monitors…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete all monitors?' });
  await expect(dialog).toContainText('with its results and statistics');
  const button = dialog.getByRole('button', { name: 'Delete permanently' });
  const field = dialog.getByLabel('Type “delete all” to confirm');
  for (const wrong of ['', 'delete', 'Delete all', 'delete results', 'delete all ']) {
    await field.fill(wrong);
    await expect(button).toBeDisabled();
    await field.press('Enter');
  }
  expect(await stored(nanomon)).toHaveLength(1);
  const downloading = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Export 1 monitor first' }).click();
  await downloading;

  await field.fill('delete all');
  await expect(button).toBeEnabled();
  await button.click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText('All monitors deleted')).toBeVisible();
  expect(await stored(nanomon)).toEqual([]);
  await page.getByRole('button', { name: 'Delete all monitors…' }).click();
  await expect(field).toHaveValue('');
});

test('all results are deleted after confirmation, and the monitors stay', async ({ page, nanomon, target }) => {
  const id = await nanomon.add(monitor('Shop', { target: target.url }));
  const results = async () => (await fetch(`${nanomon.url}/api/monitors/${id}/results`)).json();
  await expect.poll(async () => (await results()).length).toBe(1);
  await page.goto('/#admin');
  await page.getByRole('button', { name: 'Delete all results…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete all results?' });
  await expect(dialog).toContainText('The monitors stay');
  const button = dialog.getByRole('button', { name: 'Delete permanently' });
  const field = dialog.getByLabel('Type “delete results” to confirm');
  await field.fill('delete all');
  await expect(button).toBeDisabled();
  await field.fill('delete results');
  await field.press('Enter');
  await expect(page.getByText('All results deleted')).toBeVisible();
  expect(await results()).toEqual([]);
  expect(await stored(nanomon)).toHaveLength(1);
});

test('no other task can be started while one is running', async ({ page, nanomon }) => {
  await nanomon.add(monitor('Shop'));
  await page.goto('/#admin');
  await expect(page.getByRole('button', { name: 'Export 1 monitor' })).toBeEnabled();
  let release = () => {};
  const released = new Promise((resolve) => (release = () => resolve(undefined)));
  let requests = 0;
  await page.route('**/api/monitors/import?dryRun=true', async (route) => {
    requests++;
    await released;
    await route.continue();
  });
  await choose(page, [monitor('New')]);
  await expect(page.getByText('Reading monitors.json…')).toBeVisible();
  await expect(page.getByLabel('Reading monitors.json…')).toBeDisabled();
  for (const name of ['Export 1 monitor', 'Delete all monitors…', 'Delete all results…']) {
    await expect(page.getByRole('button', { name })).toBeDisabled();
  }
  release();
  await expect(page.getByText('1 added, 0 changed, 1 removed')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Export 1 monitor' })).toBeEnabled();
  expect(requests).toBe(1);
});

test('hides API keys while sign-in is off', async ({ page }) => {
  await page.goto('/#admin');
  await expect(page.getByRole('region', { name: 'Delete' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'API keys' })).toHaveCount(0);
});
