import { expect, test } from './fixtures.mjs';
import { Requests, addresses, prefetched } from './views.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const SHOP = { name: 'Shop', interval: '1s' };

test('the page works without access to other hosts', async ({ context, page, nanomon, target }) => {
  const other = await context.newPage();
  await expect(other.goto('http://nanomon.example/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED');
  await nanomon.add({ ...SHOP, target: target.url });
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Shop', exact: true })).toBeVisible();
  await expect(page.locator('.connection')).toHaveText('Live');
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('a page that opens while the API is unavailable recovers', async ({ page, nanomon, target }) => {
    await nanomon.add({ ...SHOP, target: target.url });
    await page.route('**/api/**', (route) => route.abort());
    await page.goto('/');
    await expect(page.getByRole('alert').filter({ hasText: 'Could not reach the API.' })).toBeVisible();
    await expect(page.locator('.connection')).toContainText('Disconnected');
    await page.evaluate(() => (document.documentElement.dataset.same = 'yes'));
    await page.unroute('**/api/**');
    await expect(page.getByRole('link', { name: 'Shop', exact: true })).toBeVisible();
    await expect(page.locator('.connection')).toHaveText('Live');
    await expect(page.getByRole('alert')).toBeHidden();
    await expect(page.locator('html')).toHaveAttribute('data-same', 'yes');
  });

  test('a view that cannot load is replaced by the error, and loads when the server responds', async ({
    page,
    nanomon,
  }) => {
    await page.goto('/');
    await expect(page.locator('.connection')).toHaveText('Live');
    await nanomon.stop();
    await page.getByRole('navigation').getByRole('link', { name: 'About' }).click();
    const problem = page.getByRole('alert').filter({ hasText: 'Could not load the view “About”' });
    await expect(problem).toBeInViewport();
    await expect(page.getByRole('heading', { name: 'Monitors' })).toHaveCount(0);
    await nanomon.start();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('About');
    await expect(problem).toBeHidden();
  });

  test('a view that loads slowly is announced', async ({ page }) => {
    let release = () => {};
    const released = new Promise((open) => (release = () => open(null)));
    await page.route('**/about.html', (route) => released.then(() => route.continue()));
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'Monitors' })).toBeVisible();
    await page.getByRole('navigation').getByRole('link', { name: 'About' }).click();
    await expect(page.locator('main')).toHaveText('Loading…');
    release();
    await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
  });

  test('a page that opens while the server is starting loads its configuration later', async ({ page }) => {
    await page.route('**/config.json', (route) => route.abort());
    await page.goto('/');
    await expect(page.getByText('the server did not respond. Trying again…')).toBeVisible();
    await page.unroute('**/config.json');
    await expect(page.getByRole('heading', { name: 'Monitors' })).toBeVisible();
  });

  test('after a while every view opens without the server', async ({ page, nanomon, target }) => {
    await page.clock.install();
    const views = addresses(await nanomon.add({ ...SHOP, target: target.url }));
    await page.goto('/');
    await expect(page.locator('.connection')).toHaveText('Live');
    await page.clock.fastForward(10_000);
    await prefetched(page);
    await nanomon.stop();
    for (const [name, address] of Object.entries(views)) {
      await page.goto(`/${address}`);
      await expect(page.locator('main > [x-data=view]'), name).toBeVisible();
      await expect(page.getByText('Could not load the view'), name).toBeHidden();
      if (!['list', 'wall', 'admin'].includes(name)) {
        await expect(page.locator('main').getByText('Could not reach the API.').first(), name).toBeVisible();
      }
    }
  });

  test('every view loads its data when the API responds again', async ({ page, nanomon, target }) => {
    const views = addresses(await nanomon.add({ ...SHOP, target: target.url }));
    for (const [name, address] of Object.entries(views)) {
      await page.route('**/api/**', (route) => route.abort());
      await page.goto('about:blank');
      await page.goto(`/${address}`);
      const problem = page.locator('main').getByText('Could not reach the API.');
      await expect(problem.first(), name).toBeVisible();
      await page.unroute('**/api/**');
      await expect(page.locator('.connection')).toHaveText('Live');
      await expect(page.getByRole('heading', { level: 1 }), name).toBeVisible();
      await expect(problem.filter({ visible: true }), name).toHaveCount(0);
    }
  });

  test('a hidden page sends no requests, and updates when it is visible again', async ({ page, nanomon, target }) => {
    const requests = new Requests(page);
    const id = await nanomon.add({ ...SHOP, target: target.url });
    for (const address of ['#list', '#wall', `#monitor/${id}`, '#results']) {
      await page.goto(`/${address}`);
      await expect(page.locator('.connection')).toHaveText('Live');
      await requests.settle();
      await setHidden(page, true);
      await requests.settle();
      /** @type {string[]} */
      const requested = [];
      const note = (/** @type {{url: () => string}} */ request) => requested.push(request.url());
      page.on('request', note);
      await nanomon.add({ ...SHOP, name: `Mill ${address}`, target: target.url });
      const before = target.hits;
      await expect.poll(() => target.hits).toBeGreaterThan(before + 4);
      expect(requested, address).toEqual([]);
      page.off('request', note);
      await setHidden(page, false);
      await expect(page.locator('.connection')).toHaveText('Live');
      await page.goto('/#list');
      await expect(page.getByRole('link', { name: `Mill ${address}`, exact: true })).toBeVisible();
    }
  });

  test('pending reads wait until the page is visible again', async ({ page, nanomon, target }) => {
    await page.clock.install();
    const requests = new Requests(page);
    const id = await nanomon.add({ ...SHOP, target: target.url, rule: 'status == 500' });
    await page.goto(`/#monitor/${id}`);
    await expect(page.getByText('Rule violated').first()).toBeVisible();
    await setHidden(page, true);
    await requests.settle();
    /** @type {string[]} */
    const requested = [];
    page.on('request', (request) => requested.push(request.url()));
    await page.clock.fastForward('01:00');
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    // The number of open incidents is read once a minute, for the title and the icon.
    expect(requested.filter((url) => !url.endsWith('/api/status'))).toEqual([]);
    await setHidden(page, false);
    await expect.poll(() => requested.map((url) => new URL(url).pathname)).toContain('/api/notifications');
  });

  test('a hidden list updates when it is visible again', async ({ page, nanomon, target }) => {
    await page.goto('/');
    await expect(page.locator('.connection')).toHaveText('Live');
    await setHidden(page, true);
    await nanomon.add({ ...SHOP, target: target.url });
    await setHidden(page, false);
    await expect(page.getByRole('link', { name: 'Shop', exact: true })).toBeVisible();
  });
});

/**
 * Simulates a hidden page. In a headless browser, all tabs are visible.
 * @param {Page} page
 * @param {boolean} hidden
 */
async function setHidden(page, hidden) {
  await page.evaluate((hidden) => {
    const state = hidden ? 'hidden' : 'visible';
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);
}
