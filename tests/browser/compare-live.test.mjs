import { expect, test } from './fixtures.mjs';

test.describe('monitors that do not exist', () => {
  test.use({ requestsFail: true }); // for their statistics

  test('are named in words, and the others stay', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '24h' });
    await expect.poll(() => target.hits).toBe(1);
    const unknown = '0123456789abcdef01234567';
    await page.goto(`/#compare?monitors=${unknown},${id}`);
    const rows = page.locator('.monitors tbody tr');
    await expect(rows.nth(0)).toContainText('This monitor does not exist. It may have been deleted.');
    await expect(rows.nth(0)).toContainText(unknown);
    await expect(rows.nth(1)).toContainText(/Shop.*OK.*ms/s);
    await expect(page.locator('.strips li')).toHaveCount(1);
    // The line gets another number, and so another color.
    const pixels = () => page.locator('canvas').evaluate((canvas) => /** @type {any} */ (canvas).toDataURL());
    const before = await pixels();
    await page.getByRole('button', { name: `Remove ${unknown}` }).click();
    await expect(rows).toHaveCount(1);
    await expect.poll(async () => (await pixels()) === before).toBe(false);
  });
});

test('a monitor that is deleted while it is shown is named in words, and the others stay', async ({
  page,
  nanomon,
  target,
}) => {
  const ids = [
    await nanomon.add({ name: 'Shop', target: target.url }),
    await nanomon.add({ name: 'Bank', target: target.url }),
  ];
  await page.goto(`/#compare?monitors=${ids.join(',')}&range=1h`);
  await expect(page.locator('.strips li')).toHaveCount(2);
  await fetch(`${nanomon.url}/api/monitors/${ids[0]}`, { method: 'DELETE' });
  const rows = page.locator('.monitors tbody tr');
  await expect(rows.nth(0)).toContainText(/Shop.*This monitor was deleted\./s);
  await expect(rows.nth(0).getByRole('link')).toHaveCount(0);
  await expect(page.locator('.strips li')).toHaveCount(1);
  // The number of the other one is as before, and new results still arrive.
  await expect(page.locator('.strips .number')).toHaveText('2');
  await page.waitForRequest((request) => request.url().includes(`/${ids[1]}/stats?`));
});

test('a monitor that is deleted and imported again is shown again', async ({ page, nanomon, target }) => {
  const ids = [
    await nanomon.add({ name: 'Shop', target: target.url }),
    await nanomon.add({ name: 'Bank', target: target.url }),
  ];
  const all = await (await fetch(`${nanomon.url}/api/monitors`)).text();
  await page.goto(`/#compare?monitors=${ids.join(',')}&range=1h`);
  await expect(page.locator('.strips li')).toHaveCount(2);
  await fetch(`${nanomon.url}/api/monitors/${ids[0]}`, { method: 'DELETE' });
  const first = page.locator('.monitors tbody tr').nth(0);
  await expect(first).toContainText('This monitor was deleted.');
  const response = await fetch(`${nanomon.url}/api/monitors/import`, { method: 'POST', body: all });
  expect(response.ok).toBe(true);
  await expect(first.getByRole('link', { name: 'Shop' })).toBeVisible();
  await expect(first).not.toContainText('This monitor was deleted.');
  await expect(page.locator('.strips li')).toHaveCount(2);
});

test('monitors that are imported again are read together', async ({ page, nanomon, target }) => {
  const names = ['Shop', 'Bank', 'Mill', 'Post'];
  const ids = await Promise.all(names.map((name) => nanomon.add({ name, target: target.url, enabled: false })));
  const all = await (await fetch(`${nanomon.url}/api/monitors`)).text();
  await page.clock.install();
  await page.goto(`/#compare?monitors=${ids.join(',')}&range=1h`);
  const rows = page.locator('.monitors tbody tr');
  await expect(rows.getByRole('link')).toHaveText(names);
  await expect(page.locator('.connection')).toHaveText('Live');
  await Promise.all(ids.map((id) => fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' })));
  await expect(rows.filter({ hasText: 'This monitor was deleted.' })).toHaveCount(ids.length);
  /** @type {string[]} */
  const read = [];
  page.on('request', (request) => {
    const [, id] = /\/(\w+)\/stats\?/.exec(request.url()) ?? [];
    id && read.push(id);
  });
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1000));
  await fetch(`${nanomon.url}/api/monitors/import`, { method: 'POST', body: all });
  await expect(rows.getByRole('link')).toHaveText(names);
  await page.clock.fastForward(1000);
  await expect.poll(() => new Set(read).size).toBe(ids.length);
  expect(read.toSorted()).toEqual(ids.toSorted());
});

test('new results are shown', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#compare?monitors=${id}&range=1h`);
  await page.getByText('Values as a table').click();
  const rows = page.getByRole('table', { name: /p50/ }).getByRole('row');
  await expect(rows).not.toHaveCount(1);
  await expect(page.locator('.monitors tbody tr')).toContainText(/100 %/);
  target.status = 500;
  await expect(page.locator('.monitors tbody tr .badge').first()).toHaveText('Error');
  await expect(page.getByRole('img', { name: /^Shop: .* not OK$/ })).toBeVisible();
});

test('monitors with another unit have a chart of their own', async ({ page, nanomon, target }) => {
  target.body = 'In stock: 42';
  const ids = [
    await nanomon.add({ name: 'Shop', target: target.url }),
    await nanomon.add({
      name: 'Stock',
      target: target.url,
      rule: 'regexMatch > 0',
      properties: { bodyRegex: '(\\d+)' },
    }),
  ];
  await page.goto(`/#compare?monitors=${ids.join(',')}&range=1h`);
  await expect(page.getByRole('application')).toHaveCount(2);
  await expect(page.getByRole('heading', { name: 'Response time' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Value', exact: true })).toBeVisible();
  await expect(page.getByRole('application', { name: /^Value chart of 2 Stock\./ })).toBeVisible();
  await expect(page.locator('.compared canvas')).toHaveCount(2);
  const row = page.locator('.monitors tbody tr').filter({ hasText: 'Stock' });
  await expect(row).not.toContainText('ms');
});
