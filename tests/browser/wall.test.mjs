import { expect, test, tryAgain } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const headline = (/** @type {Page} */ page) => page.locator('.wall-headline h1');
const tile = (/** @type {Page} */ page, /** @type {string} */ name) =>
  page.locator('a.tile').filter({ has: page.getByText(name, { exact: true }) });

test('an empty wall offers to create a monitor', async ({ page }) => {
  await page.goto('/#wall');
  await expect(headline(page)).toHaveText('No monitors yet');
  await expect(page.getByRole('link', { name: 'Create your first monitor' })).toBeVisible();
});

test('the headline and the tiles follow the results', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url,
    rule: 'status == 200',
    group: 'Core',
  });
  await nanomon.add({ name: 'Mill', target: target.url, group: 'Core' });
  await nanomon.add({ name: 'Old', target: target.url, enabled: false });
  await page.goto('/#wall');
  await expect(headline(page)).toHaveText('All 2 OK');
  await expect(page.locator('.wall-headline')).toContainText('1 disabled');
  await expect(page.getByRole('heading', { name: 'Core' })).toBeVisible();
  await expect(tile(page, 'Shop')).toContainText(/OK\s+[\d.,]+ ms/);
  await expect(tile(page, 'Shop')).toHaveAttribute('href', `#monitor/${id}`);
  await expect(tile(page, 'Old')).toContainText('Disabled');
  await expect(page).toHaveTitle('All 2 OK · NanoMon');

  target.status = 500;
  await expect(headline(page)).toHaveText('1 error');
  const notOk = page.getByRole('list', { name: 'Not OK' });
  await expect(notOk.getByRole('link')).toContainText(['Shop']);
  await expect(notOk).toContainText('Error');
  await expect(notOk).toContainText('since ');
  await expect(notOk).toContainText('Rule violated: status == 200');
  await expect(notOk.locator('time')).toHaveAttribute('datetime', /^\d{4}-.*Z$/);

  await target.close();
  await expect(headline(page)).toHaveText('2 failed');
  await expect(notOk.getByRole('link')).toHaveCount(2);
  await tile(page, 'Shop').click();
  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
});

test('the group is stored in the address', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url, group: 'Core' });
  await nanomon.add({ name: 'Mill', target: target.url, group: 'Edge & more' });
  await page.goto('/#wall?group=Core');
  await expect(tile(page, 'Shop')).toBeVisible();
  await expect(tile(page, 'Mill')).toHaveCount(0);
  await expect(page.getByLabel('Group')).toHaveValue('Core');
  await page.getByLabel('Group').selectOption('Edge & more');
  await expect(tile(page, 'Mill')).toBeVisible();
  await expect(tile(page, 'Shop')).toHaveCount(0);
  await page.reload();
  await expect(tile(page, 'Mill')).toBeVisible();
  await expect(tile(page, 'Shop')).toHaveCount(0);
  await page.goto('/#wall?group=None');
  await expect(page.getByText('No monitors in the group None.')).toBeVisible();
  await page.getByRole('button', { name: 'Show all groups' }).click();
  await expect(tile(page, 'Shop')).toBeVisible();
  expect(new URL(page.url()).hash).toBe('#wall');
});

test('groups are side by side and use a wide screen', async ({ page, nanomon, target }) => {
  await page.setViewportSize({ width: 2560, height: 1440 });
  for (const [group, count] of /** @type {const} */ ([
    ['Core', 4],
    ['Edge', 2],
    ['Mail', 3],
    ['', 3],
  ])) {
    for (let i = 0; i < count; i++) {
      await nanomon.add({ name: `${group} ${i}`, target: target.url, group });
    }
  }
  await page.goto('/#wall');
  await expect(page.locator('a.tile')).toHaveCount(12);
  const headings = page.locator('.wall-group h2');
  await expect(headings).toHaveText(['Core', 'Edge', 'Mail', 'No group']);
  const places = () => headings.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  await expect.poll(async () => new Set(await places()).size).toBe(1);
  const right = await page
    .locator('a.tile')
    .evaluateAll((all) => Math.max(...all.map((one) => one.getBoundingClientRect().right)));
  expect(right).toBeGreaterThan(2400);
});

test('the key f and the button toggle full screen, without the header', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url, group: 'Core' });
  await page.goto('/#wall');
  await expect(tile(page, 'Shop')).toBeVisible();
  const full = () => page.evaluate(() => document.fullscreenElement?.className.split(' ')[0]);
  await page.keyboard.press('f');
  await expect.poll(full).toBe('wall');
  await expect(page.getByRole('button', { name: 'Exit full screen' })).toBeVisible();
  const headerHidden = await page.evaluate(() => document.elementFromPoint(40, 10)?.closest('header') === null);
  expect(headerHidden).toBe(true);
  await page.keyboard.press('f');
  await expect.poll(full).toBeUndefined();

  await page.getByRole('button', { name: 'Full screen' }).click();
  await expect.poll(full).toBe('wall');
  await page.getByLabel('Group').press('f');
  await expect.poll(full).toBe('wall');
  await page.evaluate(() => (location.hash = '#about'));
  await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
  await expect.poll(full).toBeUndefined();
});

test('the screen stays on in full screen', async ({ page, nanomon, target }) => {
  await page.addInitScript(() => {
    const locks = { held: 0 };
    Object.assign(window, { locks });
    const request = async () => {
      locks.held++;
      return { release: async () => locks.held-- };
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
  });
  const held = () => page.evaluate(() => /** @type {any} */ (window).locks.held);
  await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto('/#wall');
  await expect(tile(page, 'Shop')).toBeVisible();
  expect(await held()).toBe(0);
  await page.keyboard.press('f');
  await expect.poll(held).toBe(1);
  await page.keyboard.press('f');
  await expect.poll(held).toBe(0);
});

test('a monitor without recent results is overdue', async ({ page, nanomon, target }) => {
  await page.clock.install();
  // The page uses the clock of the API, so that one has to go forward too.
  let ahead = 0;
  await page.route(/\/api\/(?!events)/, async (route) => {
    const response = await route.fetch();
    const headers = response.headers();
    const date = new Date(Date.parse(headers.date ?? '') + ahead).toUTCString();
    await route.fulfill({ response, headers: { ...headers, date } });
  });
  await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto('/#wall');
  await expect(headline(page)).toHaveText('1 OK');
  ahead = 600_000;
  await page.clock.fastForward('10:00');
  await expect(headline(page)).toHaveText('1 overdue');
  await expect(page.getByRole('list', { name: 'Not OK' })).toContainText(
    'No recent result. Check that a runner is online.',
  );
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('a disconnected wall marks all tiles as outdated', async ({ page, nanomon, target }) => {
    await nanomon.add({ name: 'Shop', target: target.url });
    await page.goto('/#wall');
    await expect(headline(page)).toHaveText('1 OK');
    const current = await tile(page, 'Shop').evaluate((element) => getComputedStyle(element).backgroundImage);
    await nanomon.stop();
    // The API may respond once more while it stops; the next poll is ten seconds later.
    await expect(headline(page)).toHaveText('Disconnected');
    await expect(page.locator('.wall-headline')).toContainText(/since .* · last known: 1 OK/);
    const outdated = await tile(page, 'Shop').evaluate((element) => getComputedStyle(element).backgroundImage);
    expect([current, outdated]).toEqual(['none', expect.stringContaining('gradient')]);
    await nanomon.start();
    await expect(headline(page)).toHaveText('1 OK');
  });

  test('a wall that cannot load shows the error and can retry', async ({ page, nanomon, target }) => {
    await nanomon.add({ name: 'Shop', target: target.url });
    await page.route('**/api/monitors?**', (route) => route.abort());
    await page.goto('/#wall');
    await expect(headline(page)).toHaveText('Not up to date');
    await page.unroute('**/api/monitors?**');
    await tryAgain(page.getByRole('button', { name: 'Try again' }));
    await expect(headline(page)).toHaveText('1 OK');
  });
});
