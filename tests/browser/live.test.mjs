import { expect, row, test, tryAgain } from './fixtures.mjs';
import { prefetched } from './views.mjs';

test('a new status is shown without a reload', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto('/');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(row(page, 'Shop')).toContainText('OK');
  target.status = 500;
  await expect(row(page, 'Shop')).toContainText('Error');
  await target.close();
  await expect(row(page, 'Shop')).toContainText('Failed');
});

test('changes by other clients are shown without a reload', async ({ page, nanomon, target }) => {
  await page.goto('/');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await expect(row(page, 'Shop')).toBeVisible();
  const changed = { name: 'Mill', type: 'http', interval: '1s', target: target.url };
  await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'PUT', body: JSON.stringify(changed) });
  await expect(row(page, 'Mill')).toBeVisible();
  await expect(row(page, 'Shop')).toHaveCount(0);
  await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' });
  await expect(page.getByText('No monitors yet')).toBeVisible();
});

test.describe('with requests that may fail after the deletion', () => {
  test.use({ requestsFail: true });

  test('the view of a monitor shows that another client deleted it', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url, group: 'Public' });
    await page.goto(`/#monitor/${id}`);
    await expect(page.getByTestId('status')).toHaveText('OK');
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' });
    await expect(page.getByText('This monitor does not exist.')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Shop' })).toHaveCount(0);
  });
});

test('the list needs one request for all monitors', async ({ page, nanomon, target }) => {
  for (const name of ['A', 'B', 'C', 'D', 'E']) {
    await nanomon.add({ name, target: target.url });
  }
  /** @type {string[]} */
  const requested = [];
  page.on('request', (request) => requested.push(request.url().replace(nanomon.url, '')));
  await page.goto('/');
  await expect(row(page, 'E')).toContainText('OK');
  const api = new Set(requested.filter((url) => url.startsWith('/api/')));
  // When the API has computed new figures, the page reads only these.
  api.delete('/api/monitors?include=summary');
  expect(api).toEqual(new Set(['/api/monitors?include=brief,series,summary', '/api/events']));
});

test('a view stops its work when another one opens', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  let lists = 0;
  page.on('request', (request) => (lists += Number(request.url().includes('/api/monitors?include=brief'))));
  await page.goto(`/#monitor/${id}`);
  await expect(page.locator('.chart canvas')).toBeVisible();
  await page.getByRole('link', { name: 'NanoMon', exact: true }).click();
  await expect(row(page, 'Shop')).toBeVisible();
  await expect(page.locator('.chart')).toHaveCount(0);
  await prefetched(page);
  await expect.poll(() => lists).toBeGreaterThan(1); // The last thing that it loads: the list again, to save it.
  /** @type {string[]} */
  const requested = [];
  page.on('request', (request) => requested.push(request.url()));
  const before = target.hits;
  await expect.poll(() => target.hits).toBeGreaterThan(before + 4);
  expect(requested).toEqual([]);
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('a monitor that is deleted while the page reads it does not come back', async ({ page, nanomon, target }) => {
    const change = { name: 'Mill', type: 'http', interval: '1h', target: target.url };
    const id = await nanomon.add({ ...change, name: 'Shop' });
    await page.goto('/');
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await expect(row(page, 'Shop')).toBeVisible();
    let release = () => {};
    const released = new Promise((resolve) => (release = () => resolve(null)));
    await page.route(`**/api/monitors/${id}?*`, async (route) => {
      const response = await route.fetch();
      await released;
      await route.fulfill({ response });
    });
    const read = page.waitForRequest(`**/api/monitors/${id}?*`);
    await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'PUT', body: JSON.stringify(change) });
    await read;
    await expect(row(page, 'Shop')).toBeVisible();
    await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' });
    await expect(row(page, 'Shop')).toHaveCount(0);
    release();
    await nanomon.add({ ...change, name: 'Last' }); // It is read after the other one.
    await expect(row(page, 'Last')).toBeVisible();
    await expect(row(page, 'Mill')).toHaveCount(0);
  });

  test('the page reconnects after a restart of the server', async ({ page, nanomon, target }) => {
    await nanomon.add({ name: 'Shop', target: target.url });
    await page.goto('/');
    await expect(row(page, 'Shop')).toContainText('OK');
    await nanomon.stop();
    await expect(page.getByText(/^Disconnected since \d/)).toBeVisible();
    await expect(row(page, 'Shop')).toBeVisible();

    await nanomon.start();
    await nanomon.add({ name: 'Mill', target: target.url });
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await expect(row(page, 'Mill')).toContainText('OK');
    await expect(page.getByRole('alert')).toBeHidden();
  });

  for (const width of [390, 800, 1280]) {
    test(`at ${width} px the header has the same height in every state of the connection, and is not too wide`, async ({
      page,
      nanomon,
    }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto('/');
      const connection = page.locator('.connection');
      const height = async () => {
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        return page.locator('.bar').evaluate((bar) => bar.clientHeight);
      };
      await expect(connection).toHaveText('Live');
      const live = await height();
      await nanomon.hideDatabase();
      await expect(connection).toHaveText('Store unavailable');
      expect(await height()).toBe(live);
      await nanomon.restoreDatabase();
      await page.route('**/api/events', (route) => route.abort());
      await nanomon.stop();
      await expect(connection).toContainText('Disconnected');
      expect(await height()).toBe(live);
      await nanomon.start();
      await expect(connection).toContainText('Refreshing');
      expect(await height()).toBe(live);
    });
  }

  test('without the event stream the page polls', async ({ page, nanomon, target }) => {
    await page.clock.install();
    await page.route('**/api/events', (route) => route.abort());
    await page.goto('/');
    await expect(page.getByText('Refreshing every 10 seconds')).toBeVisible();
    await expect(page.getByText('No monitors yet')).toBeVisible();
    await nanomon.add({ name: 'Shop', target: target.url });
    await expect.poll(() => target.hits).toBeGreaterThan(0);
    await page.clock.runFor(10_000);
    await expect(row(page, 'Shop')).toBeVisible();
  });

  test('the page polls while too many streams are open, and returns to the stream', async ({
    page,
    nanomon,
    target,
  }) => {
    await page.clock.install();
    const streams = await openStreams(nanomon.url);
    await page.goto('/');
    await expect(page.getByText('Refreshing every 10 seconds')).toBeVisible();
    await nanomon.add({ name: 'Shop', target: target.url });
    await expect.poll(() => target.hits).toBeGreaterThan(0);
    await page.clock.runFor(10_000);
    await expect(row(page, 'Shop')).toBeVisible();
    await expect(page.getByRole('alert')).toBeHidden();

    streams.abort();
    // The page may try again before the server has noticed the end of the streams.
    await expect(async () => {
      await page.clock.runFor(15_000);
      await expect(page.getByText('Live', { exact: true })).toBeVisible({ timeout: 1000 });
    }).toPass();
  });

  test('a list that cannot load shows the error and can retry', async ({ page, nanomon, target }) => {
    await nanomon.add({ name: 'Shop', target: target.url });
    await page.route('**/api/monitors?*', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: '{"detail":"the store is unavailable"}',
      }),
    );
    await page.goto('/');
    await expect(page.getByRole('alert')).toContainText('the store is unavailable');
    await page.unroute('**/api/monitors?*');
    await tryAgain(page.getByRole('button', { name: 'Try again' }));
    await expect(row(page, 'Shop')).toBeVisible();
    await expect(page.getByRole('alert')).toBeHidden();
  });
});

test('storing settings in the address does not cancel a navigation', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto('/');
  await page.getByRole('searchbox').evaluate((search) => {
    location.hash = '#about';
    /** @type {HTMLInputElement} */ (search).value = 'shop';
    search.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
});

/**
 * Opens event streams until the server refuses one, from every address that the browser may use.
 * @param {string} url the server's
 * @returns {Promise<AbortController>} closes the streams
 */
async function openStreams(url) {
  const streams = new AbortController();
  const { port } = new URL(url);
  for (const host of ['127.0.0.1', '[::1]']) {
    let response;
    for (let n = 0; n < 150 && (!response || response.ok); n++) {
      response = await fetch(`http://${host}:${port}/api/events`, { signal: streams.signal }).catch(() => null);
    }
    expect([503, undefined]).toContain(response?.status);
  }
  return streams;
}

test('a list that has not changed is not sent again', async ({ page, nanomon }) => {
  const id = await nanomon.add({ name: 'Shop', target: 'http://localhost/', enabled: false });
  /** @type {number[]} */
  const statuses = [];
  page.on('response', (response) => {
    if (response.url().includes('include=brief,series')) {
      statuses.push(response.status());
    }
  });
  await page.goto('/');
  await expect(row(page, 'Shop')).toBeVisible();
  // The list changes once more when the uptimes of a new monitor are computed.
  await expect(async () => {
    statuses.length = 0;
    await page.getByRole('link', { name: 'About' }).click();
    await page.getByRole('link', { name: 'NanoMon', exact: true }).click();
    await expect.poll(() => statuses.length).toBeGreaterThan(0);
    await expect(row(page, 'Shop')).toBeVisible();
    expect(new Set(statuses)).toEqual(new Set([304]));
  }).toPass();
  statuses.length = 0;
  await page.getByRole('link', { name: 'About' }).click();
  await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' });
  await page.getByRole('link', { name: 'NanoMon', exact: true }).click();
  await expect(page.getByText('No monitors yet')).toBeVisible();
  expect(statuses).toContain(200);
});
