import { expect, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/** The rows of the results table, without the header. @param {Page} page */
const rows = (page) => page.getByRole('row').filter({ has: page.locator('time') });

/** @param {Page} page */
const statusFilter = (page) => page.getByRole('combobox', { name: /^Status/ });

/** @param {Page} page */
const hash = (page) => new URL(page.url()).hash;

/**
 * Adds a monitor that is checked on demand, and waits for its first result.
 * @param {import('./nanomon.mjs').NanoMon} nanomon
 * @param {import('./nanomon.mjs').Target} target
 */
async function addShop(nanomon, target) {
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200', interval: '1h' });
  await expect.poll(() => count(nanomon, id)).toBe(1);
  return id;
}

/**
 * @param {import('./nanomon.mjs').NanoMon} nanomon
 * @param {string} id
 */
async function count(nanomon, id) {
  return (await (await fetch(`${nanomon.url}/api/monitors/${id}/results?max=1000`)).json()).length;
}

/**
 * Runs checks, one for each response of the target.
 * @param {import('./nanomon.mjs').NanoMon} nanomon
 * @param {import('./nanomon.mjs').Target} target
 * @param {string} id
 * @param {number[]} statuses
 */
async function check(nanomon, target, id, statuses) {
  for (const status of statuses) {
    target.status = status;
    const before = await count(nanomon, id);
    await fetch(`${nanomon.url}/api/monitors/${id}/run`, { method: 'POST' });
    await expect.poll(() => count(nanomon, id)).toBe(before + 1);
  }
}

test('the page of a monitor lists the status changes first, and all results on request', async ({
  page,
  nanomon,
  target,
}) => {
  const id = await addShop(nanomon, target);
  await check(nanomon, target, id, [200, 500, 500, 200]);
  await page.goto(`/#monitor/${id}`);
  await expect(rows(page)).toHaveText([
    /Error\s*to\s*OK[^]* so far/,
    /OK\s*to\s*Error[^]*\d s[^]*Rule violated: status == 200/,
    /Not checked\s*to\s*OK[^]*\d s/,
  ]);
  await expect(page.getByRole('columnheader', { name: 'Lasted' })).toBeVisible();
  await rows(page)
    .nth(1)
    .getByRole('button', { name: /outputs/ })
    .click();
  await expect(page.getByRole('definition').filter({ hasText: '500' })).toBeVisible();

  const choice = page.getByRole('group', { name: 'Results to show' });
  await choice.getByText('All results').click();
  await expect(rows(page)).toHaveCount(5);
  await expect(page.getByRole('columnheader', { name: 'Value' })).toBeVisible();
  await expect.poll(() => hash(page)).toBe(`#monitor/${id}?results=all`);
  await page.reload();
  await expect(rows(page)).toHaveCount(5);
  await expect(page.getByRole('radio', { name: 'All results' })).toBeChecked();
  await choice.getByText('Status changes').click();
  await expect(rows(page)).toHaveCount(3);
  await expect.poll(() => hash(page)).toBe(`#monitor/${id}`);

  await statusFilter(page).selectOption('Error');
  await expect(rows(page)).toHaveText([/OK\s*to\s*Error/]);
  await statusFilter(page).selectOption('Failed');
  await expect(page.getByText('No status changes match the filters.')).toBeVisible();
});

test('a new status change appears at the top, and other results do not', async ({ page, nanomon, target }) => {
  const id = await addShop(nanomon, target);
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(rows(page)).toHaveText([/Not checked\s*to\s*OK[^]* so far/]);
  /** @type {string[]} */
  const requested = [];
  page.on('request', (request) => requested.push(request.url()));
  await check(nanomon, target, id, [200, 500, 500]);
  await expect(rows(page)).toHaveText([
    /OK\s*to\s*Error[^]* so far[^]*Rule violated/,
    /Not checked\s*to\s*OK[^]* \d+ s\s/,
  ]);
  expect(requested.filter((url) => url.includes('/results'))).toEqual([]);
  const live = await rows(page).allTextContents();
  await page.reload();
  await expect(rows(page)).toHaveCount(2);
  const read = await rows(page).allTextContents();
  const steady = (/** @type {string[]} */ texts) => texts.map((text) => text.replace(/\d+ s so far/, ''));
  expect(steady(read)).toEqual(steady(live));

  await page.getByRole('button', { name: 'Pause' }).click();
  await check(nanomon, target, id, [500, 200, 200]);
  await page.getByRole('button', { name: 'Show 1 new change' }).click();
  await expect(rows(page)).toHaveText([/Error\s*to\s*OK/, /OK\s*to\s*Error/, /Not checked\s*to\s*OK/]);
});

test('a filter by status applies to new changes, and ends the status before', async ({ page, nanomon, target }) => {
  const id = await addShop(nanomon, target);
  await check(nanomon, target, id, [500]);
  await page.goto(`/#monitor/${id}?status=error`);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(rows(page)).toHaveText([/OK\s*to\s*Error[^]* so far/]);
  await check(nanomon, target, id, [200]);
  await expect(rows(page)).not.toContainText(['so far']);
  await expect(rows(page)).toHaveCount(1);
  await check(nanomon, target, id, [500]);
  await expect(rows(page)).toHaveText([/so far/, /Error/]);
});

test('says in words that the status did not change in a period', async ({ page, nanomon, target }) => {
  const id = await addShop(nanomon, target);
  const [from, to] = [-7200, -3600].map((seconds) => new Date(Date.now() + seconds * 1000).toISOString());
  await page.route('**/results?*changes=true*', (route) => route.fulfill({ json: [] }));
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByText('The status did not change in this period.')).toBeVisible();
  await page.unroute('**/results?*changes=true*');
  await page.goto('/#list');
  await page.goto(`/#monitor/${id}?from=${from}&to=${to}`);
  await expect(page.getByText('The status did not change in this period.')).toBeVisible();
});

test('a status change stays when its result has expired', async ({ page, nanomon, target }) => {
  const id = await addShop(nanomon, target);
  const change = (/** @type {number} */ days) => new Date(Date.now() - days * 86_400_000).toISOString();
  await page.route('**/results?*changes=true*', (route) =>
    route.fulfill({
      json: [
        { date: change(90), status: 0, monitor_id: id, previous: 'failed', expired: true },
        { date: change(91), status: 2, monitor_id: id, previous: 'ok', until: change(90), expired: true },
      ],
    }),
  );
  await page.goto(`/#monitor/${id}`);
  await expect(rows(page)).toHaveText([
    /Failed\s*to\s*OK[^]*90 d[^]* so far[^]*The result has expired\./,
    /OK\s*to\s*Failed[^]*1 d[^]*The result has expired\./,
  ]);
  await expect(rows(page).getByRole('button')).toHaveCount(0);
});

test('says in words that there are no results in a period', async ({ page, nanomon, target }) => {
  const id = await addShop(nanomon, target);
  const [from, to] = [-7200, -3600].map((seconds) => new Date(Date.now() + seconds * 1000).toISOString());
  await page.goto(`/#monitor/${id}?from=${from}&to=${to}&results=all`);
  await expect(page.getByText(/^No results (in this period|match the filters)\.$/)).toBeVisible();
});
