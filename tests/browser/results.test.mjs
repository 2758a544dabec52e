import { expect, test, tryAgain } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/** The rows of the results table, without the header. @param {Page} page */
const rows = (page) => page.getByRole('row').filter({ has: page.locator('time') });

/** @param {Page} page */
const hash = (page) => new URL(page.url()).hash;

/**
 * Runs a check and waits for the result.
 * @param {import('./nanomon.mjs').NanoMon} nanomon
 * @param {string} id
 */
async function check(nanomon, id) {
  const count = async () => {
    const answer = await fetch(`${nanomon.url}/api/monitors/${id}/results?max=1000`);
    return (await answer.json()).length;
  };
  const before = await count();
  await fetch(`${nanomon.url}/api/monitors/${id}/run`, { method: 'POST' });
  await expect.poll(count).toBe(before + 1);
}

/**
 * Creates a monitor and waits for its first result.
 * @param {import('./nanomon.mjs').NanoMon} nanomon
 * @param {object} monitor
 */
async function addChecked(nanomon, monitor) {
  const id = await nanomon.add({ interval: '1h', ...monitor });
  await expect.poll(async () => (await fetch(`${nanomon.url}/api/monitors/${id}/results`)).json()).toHaveLength(1);
  return id;
}

test('lists the results of all monitors, newest first, and adds new ones live', async ({ page, nanomon, target }) => {
  const shop = await addChecked(nanomon, { name: 'Shop', target: target.url });
  const mill = await addChecked(nanomon, {
    name: 'Mill',
    target: target.url,
    rule: 'status == 500',
  });
  await page.goto('/#results');
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).nth(0)).toContainText('Mill');
  await expect(rows(page).nth(0)).toContainText('Error');
  await expect(rows(page).nth(0)).toContainText('Rule violated: status == 500');
  await expect(rows(page).nth(1)).toContainText('OK');
  await expect(rows(page).nth(1)).toContainText(/\d ms/);
  await expect(rows(page).nth(1).locator('time')).toHaveAttribute('title', /20\d\d.*(UTC|GMT)/);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await check(nanomon, shop);
  await expect(rows(page).nth(0)).toContainText('Shop');
  await expect(rows(page)).toHaveCount(3);
  await rows(page).nth(1).getByRole('link', { name: 'Mill' }).click();
  await expect(page).toHaveURL(new RegExp(`#monitor/${mill}`));
});

test('filters by status and stores the filter in the address', async ({ page, nanomon, target }) => {
  await addChecked(nanomon, { name: 'Good', target: target.url });
  await addChecked(nanomon, {
    name: 'Wrong',
    target: target.url,
    rule: 'status == 500',
  });
  await addChecked(nanomon, { name: 'Gone', type: 'tcp', target: '127.0.0.1:1' });
  await page.goto('/#results?status=failed');
  await expect(rows(page)).toHaveText([/Gone/]);
  await expect(page.getByLabel('Status')).toHaveValue('failed');
  for (const [choice, names] of /** @type {[string, RegExp[]][]} */ ([
    ['OK', [/Good/]],
    ['Error', [/Wrong/]],
    ['Not OK', [/Gone/, /Wrong/]],
    ['All', [/Gone/, /Wrong/, /Good/]],
  ])) {
    await page.getByLabel('Status').selectOption({ label: choice });
    await expect(rows(page)).toHaveText(names);
  }
  await page.getByLabel('Status').selectOption('Not OK');
  await expect.poll(() => hash(page)).toBe('#results?status=bad');
  await page.reload();
  await expect(rows(page)).toHaveText([/Gone/, /Wrong/]);
});

test('filters live results', async ({ page, nanomon, target }) => {
  const good = await addChecked(nanomon, { name: 'Good', target: target.url });
  const wrong = await addChecked(nanomon, {
    name: 'Wrong',
    target: target.url,
    rule: 'status == 500',
  });
  await page.goto('/#results?status=bad');
  await expect(rows(page)).toHaveText([/Wrong/]);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await check(nanomon, good);
  await check(nanomon, wrong);
  await expect(rows(page)).toHaveText([/Wrong/, /Wrong/]);
});

test('a live update keeps what is typed in the filter', async ({ page, nanomon, target }) => {
  await addChecked(nanomon, { name: 'Shop', target: target.url });
  await page.goto('/#results');
  await expect(page.locator('.connection')).toHaveText('Live');
  const field = page.getByLabel('Monitor');
  await expect(page.locator('datalist option')).toHaveCount(1);
  await field.fill('Sh');
  await addChecked(nanomon, { name: 'Mill', target: target.url });
  await expect(page.locator('datalist option')).toHaveCount(2);
  await expect(field).toHaveValue('Sh');
});

test('clearing the filters replaces an unknown name', async ({ page, nanomon, target }) => {
  const id = await addChecked(nanomon, { name: 'Shop', target: target.url });
  for (const [monitor, name] of [
    [id, 'Shop'],
    ['', ''],
  ]) {
    await page.goto(`/#results?status=failed&monitor=${monitor}`);
    const field = page.getByLabel('Monitor');
    await expect(field).toHaveValue(name);
    await expect(page.locator('datalist option')).toHaveCount(1);
    await field.fill('xyz');
    await field.press('Enter');
    const problem = page.getByRole('alert').filter({ hasText: 'No monitor has this name' });
    await expect(problem).toBeVisible();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await expect(field).toHaveValue('');
    await expect(problem).toBeHidden();
  }
});

test('filters by monitor', async ({ page, nanomon, target }) => {
  const shop = await addChecked(nanomon, { name: 'Shop', target: target.url });
  const first = await addChecked(nanomon, { name: 'Mill', target: target.url });
  await addChecked(nanomon, { name: 'Mill', target: target.url });
  await page.goto('/#results');
  await expect(rows(page)).toHaveCount(3);
  const field = page.getByLabel('Monitor');
  await expect(page.locator('datalist option')).toHaveCount(3);
  await field.fill('Shop');
  await field.press('Enter');
  await expect(rows(page)).toHaveText([/Shop/]);
  await expect.poll(() => hash(page)).toBe(`#results?monitor=${shop}`);
  await field.fill(`Mill (${first})`);
  await field.press('Enter');
  await expect(rows(page)).toHaveText([/Mill/]);
  await page.reload();
  await expect(field).toHaveValue(`Mill (${first})`);
  await expect(rows(page)).toHaveText([/Mill/]);

  await field.fill('Nobody');
  await field.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: 'No monitor has this name' })).toBeVisible();
  await field.fill('');
  await field.press('Enter');
  await expect(rows(page)).toHaveCount(3);
});

test('filters by time', async ({ page, nanomon, target }) => {
  await addChecked(nanomon, { name: 'Shop', target: target.url });
  await page.goto('/#results?range=1h');
  await expect(rows(page)).toHaveCount(1);
  await page.getByLabel('Time').selectOption('Custom range…');
  await page.getByLabel('To', { exact: true }).fill('2020-01-31T12:00');
  await expect(page.getByText('No results match the filters.')).toBeVisible();
  await expect.poll(() => hash(page)).toMatch(/^#results\?to=2020-01-31T/);
  await page.reload();
  await expect(page.getByLabel('To', { exact: true })).toHaveValue('2020-01-31T12:00');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect.poll(() => hash(page)).toBe('#results');
});

test('a paused table counts new results without showing them', async ({ page, nanomon, target }) => {
  const id = await addChecked(nanomon, { name: 'Shop', target: target.url });
  await page.goto('/#results');
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await check(nanomon, id);
  await check(nanomon, id);
  await expect(page.getByText('2 new results')).toBeVisible();
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByText('new results')).toHaveCount(0);
});

/**
 * Creates at least the given number of results with monitors that are then disabled. Returns the number of all results.
 * @param {import('./nanomon.mjs').NanoMon} nanomon
 * @param {object} other a monitor that stays enabled
 * @param {string} target
 * @param {number} least
 */
async function fill(nanomon, other, target, least) {
  const busy = (/** @type {boolean} */ enabled) =>
    Array.from({ length: 40 }, (_, i) => ({
      name: `Busy ${i}`,
      type: 'http',
      interval: '1s',
      target,
      enabled,
    }));
  const put = (/** @type {object[]} */ monitors) =>
    fetch(`${nanomon.url}/api/monitors/import`, {
      method: 'POST',
      body: JSON.stringify(monitors),
    });
  const count = async () => (await (await fetch(`${nanomon.url}/api/results?max=1000`)).json()).length;
  await put([other, ...busy(true)]);
  await expect.poll(count).toBeGreaterThanOrEqual(least);
  await put([other, ...busy(false)]);
  let before = -1;
  const growth = async () => {
    const last = before;
    before = await count();
    return before - last;
  };
  await expect.poll(growth, { intervals: [1000] }).toBe(0);
  return before;
}

test('pages have no gaps, and later pages count new results', async ({ page, nanomon, target }) => {
  const shop = {
    name: 'Shop',
    type: 'http',
    target: target.url,
    interval: '1h',
  };
  const id = await addChecked(nanomon, shop);
  const total = await fill(nanomon, { id, ...shop }, target.url, 120);
  await page.goto('/#results');
  await expect(rows(page)).toHaveCount(50);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await check(nanomon, id);
  await expect(rows(page).nth(0)).toContainText('Shop');
  await expect(rows(page)).toHaveCount(50);

  const pager = page.getByRole('navigation', { name: 'Result pages' });
  const older = pager.getByRole('button', { name: 'Older' });
  const newer = pager.getByRole('button', { name: 'Newer' });
  const times = () =>
    rows(page)
      .locator('time')
      .evaluateAll((elements) => elements.map((element) => element.getAttribute('datetime')));
  await expect(newer).toHaveAttribute('aria-disabled', 'true');
  const pages = Math.ceil((total + 1) / 50);
  const seen = await times();
  for (let number = 2; number <= pages; number++) {
    await older.click();
    await expect(pager).toContainText(`Page ${number}`);
    await expect(rows(page)).toHaveCount(Math.min(50, total + 1 - seen.length));
    await expect(newer).not.toHaveAttribute('aria-disabled', 'true');
    seen.push(...(await times()));
  }
  expect(seen).toHaveLength(total + 1);
  expect(seen.map((time) => Date.parse(time ?? ''))).toEqual(
    seen.map((time) => Date.parse(time ?? '')).sort((a, b) => b - a),
  );
  await expect(older).toHaveAttribute('aria-disabled', 'true');

  await check(nanomon, id);
  await expect(page.getByText('1 new result')).toBeVisible();
  await expect(pager).toContainText(`Page ${pages}`);
  await newer.click();
  await expect(pager).toContainText(`Page ${pages - 1}`);
  await page.getByRole('button', { name: 'Show 1 new result' }).click();
  await expect(pager).toContainText('Page 1');
  await expect(rows(page).nth(0)).toContainText('Shop');
});

test('shows the outputs of a result on request and shortens long ones', async ({ page, nanomon, target }) => {
  const long = `${target.url}${'y'.repeat(500)}`;
  await addChecked(nanomon, { name: 'Shop', target: long, properties: { bodyRegex: '.*' } });
  await page.goto('/#results');
  const button = page.getByRole('button', { name: /\d+ outputs/ });
  await button.focus();
  await page.keyboard.press('Enter');
  await expect(button).toHaveAttribute('aria-expanded', 'true');
  await expect(page.getByRole('definition').filter({ hasText: 'hello' })).toHaveCount(2); // regexMatch and regexText
  await expect(page.getByText(long)).toHaveCount(0);
  await page.getByRole('button', { name: `Show all ${long.length} characters` }).click();
  await expect(page.getByRole('definition').filter({ hasText: long })).toBeVisible();
  await button.click();
  await expect(page.getByRole('definition')).toHaveCount(0);
});

test('shows a hint when there are no results', async ({ page }) => {
  await page.goto('/#results');
  await expect(page.getByText('No results yet.')).toBeVisible();
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('shows the name of a monitor after the list of monitors could not be read', async ({
    page,
    nanomon,
    target,
  }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url });
    await page.clock.install();
    let failed = 0;
    await page.route('**/api/monitors?*', (route) => (failed++ > 0 ? route.continue() : route.abort()));
    await page.goto(`/#results?monitor=${id}`);
    await expect(page.locator('.connection')).toHaveText('Live');
    await expect.poll(() => failed).toBeGreaterThan(0);
    await expect(async () => {
      await page.clock.fastForward(10_000);
      await expect(page.getByLabel('Monitor')).toHaveValue('Shop', { timeout: 1000 });
    }).toPass();
  });

  test('shows an error when loading fails and can load again', async ({ page, nanomon, target }) => {
    await addChecked(nanomon, { name: 'Shop', target: target.url });
    await page.route('**/api/results?*', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: '{"detail":"the store is unavailable"}',
      }),
    );
    await page.goto('/#results');
    await expect(page.getByRole('alert').filter({ hasText: 'the store is unavailable' })).toBeVisible();
    await page.unroute('**/api/results?*');
    await tryAgain(page.getByRole('button', { name: 'Try again' }));
    await expect(rows(page)).toHaveCount(1);
    await expect(page.getByText('the store is unavailable')).toBeHidden();
  });
});
