import { expect, test } from './fixtures.mjs';
import { Requests } from './views.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const SHOP = { name: 'Shop', interval: '1s' };

test('the page starts where no other host is found', async ({ context, page, nanomon, target }) => {
  const other = await context.newPage();
  await expect(other.goto('http://nanomon.example/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED');
  await nanomon.add({ ...SHOP, target: target.url });
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Shop', exact: true })).toBeVisible();
  await expect(page.locator('.connection')).toHaveText('Live');
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('a page whose API is away at the start comes to life when it is back', async ({ page, nanomon, target }) => {
    await nanomon.add({ ...SHOP, target: target.url });
    await page.route('**/api/**', (route) => route.abort());
    await page.goto('/');
    await expect(page.getByRole('alert').filter({ hasText: 'The API can’t be reached.' })).toBeVisible();
    await expect(page.locator('.connection')).toContainText('Disconnected');
    await page.evaluate(() => (document.documentElement.dataset.same = 'yes'));
    await page.unroute('**/api/**');
    await expect(page.getByRole('link', { name: 'Shop', exact: true })).toBeVisible();
    await expect(page.locator('.connection')).toHaveText('Live');
    await expect(page.getByRole('alert')).toBeHidden();
    await expect(page.locator('html')).toHaveAttribute('data-same', 'yes');
  });

  test('a view that can’t be fetched can be asked for again', async ({ page, nanomon }) => {
    await page.goto('/');
    await expect(page.locator('.connection')).toHaveText('Live');
    await nanomon.stop();
    await page.getByRole('navigation').getByRole('link', { name: 'About' }).click();
    const problem = page.getByRole('alert').filter({ hasText: 'This part of the page can’t be fetched' });
    await expect(problem).toBeVisible();
    await nanomon.start();
    await problem.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('About');
    await expect(problem).toBeHidden();
  });

  test('a hidden page asks for nothing, and catches up when it is seen', async ({ page, nanomon, target }) => {
    const requests = new Requests(page);
    const id = await nanomon.add({ ...SHOP, target: target.url });
    for (const address of ['#home', '#dash', `#monitor/${id}`, '#results']) {
      await page.goto(`/${address}`);
      await expect(page.locator('.connection')).toHaveText('Live');
      await requests.settle();
      await setHidden(page, true);
      await requests.settle();
      /** @type {string[]} */
      const asked = [];
      const note = (/** @type {{url: () => string}} */ request) => asked.push(request.url());
      page.on('request', note);
      await nanomon.add({ ...SHOP, name: `Mill ${address}`, target: target.url });
      const before = target.hits;
      await expect.poll(() => target.hits).toBeGreaterThan(before + 4);
      expect(asked, address).toEqual([]);
      page.off('request', note);
      await setHidden(page, false);
      await expect(page.locator('.connection')).toHaveText('Live');
      await page.goto('/#home');
      await expect(page.getByRole('link', { name: `Mill ${address}`, exact: true })).toBeVisible();
    }
  });

  test('what was due when the page was hidden waits until it is seen', async ({ page, nanomon, target }) => {
    await page.clock.install();
    const requests = new Requests(page);
    const id = await nanomon.add({ ...SHOP, target: target.url, rule: 'status == 500' });
    await page.goto(`/#monitor/${id}`);
    await expect(page.getByText('Rule violated').first()).toBeVisible();
    await setHidden(page, true);
    await requests.settle();
    /** @type {string[]} */
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.clock.fastForward('01:00');
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    expect(asked).toEqual([]);
    await setHidden(page, false);
    await expect.poll(() => asked.map((url) => new URL(url).pathname)).toContain('/api/notifications');
  });

  test('a hidden list catches up when it is seen', async ({ page, nanomon, target }) => {
    await page.goto('/');
    await expect(page.locator('.connection')).toHaveText('Live');
    await setHidden(page, true);
    await nanomon.add({ ...SHOP, target: target.url });
    await setHidden(page, false);
    await expect(page.getByRole('link', { name: 'Shop', exact: true })).toBeVisible();
  });
});

/**
 * Makes the page believe that it is hidden. A headless browser holds all its tabs for visible.
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
