import { expect, test, tryAgain } from './fixtures.mjs';

test('shows the versions, the store, the monitors and the runners', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await nanomon.add({ name: 'Mill', target: target.url, enabled: false });
  await page.goto('/#about');
  const status = await (await fetch(`${nanomon.url}/api/status`)).json();
  const api = page.getByRole('region', { name: 'API' });
  await expect(api).toContainText(status.version);
  await expect(api).toContainText(status.buildInfo);
  await expect(api).toContainText('sqlite');
  await expect(api.getByText('Healthy')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Page' })).toContainText(status.version);
  await expect(page.getByRole('region', { name: 'Monitors' })).toContainText('2');
  await expect(page.getByRole('region', { name: 'Monitors' })).toContainText('1 disabled');
  const count = await page.getByRole('region', { name: 'Monitors' }).getByText('2', { exact: true }).boundingBox();
  const summary = await page.getByRole('region', { name: 'Monitors' }).getByText('1 disabled').boundingBox();
  expect(count?.x).toBe(summary?.x);
  expect(count?.y).toBeLessThan(summary?.y ?? 0);
  const runner = page.getByRole('row').filter({ hasText: /[0-9a-f]{8}|-/ });
  await expect(runner).toContainText(/\d+ s ago|just now/);
  await expect(page.getByText('Reload the page')).toBeHidden();
});

test('reloads the status every ten seconds until the view is left', async ({ page }) => {
  await page.clock.install();
  let requests = 0;
  page.on('request', (request) => (requests += Number(request.url().endsWith('/api/status'))));
  await page.goto('/#about');
  await expect(page.getByText('Healthy')).toBeVisible();
  expect(requests).toBe(1);
  await page.clock.runFor(10_000);
  await expect.poll(() => requests).toBe(2);
  await page.getByRole('link', { name: 'Monitors', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Monitors' })).toBeVisible();
  // When the event stream has been silent for 40 s, the page also reads the status. That must not happen here.
  await page.clock.runFor(12_000);
  expect(requests).toBe(2);
});

/** @param {object} change the members of the status to replace */
const withStatus = (change) => async (/** @type {import('../../frontend/playwright-test.js').Route} */ route) => {
  const response = await route.fetch();
  await route.fulfill({ response, json: { ...(await response.json()), ...change } });
};

test('suggests a reload when the API has another version', async ({ page }) => {
  await page.route('**/api/status', withStatus({ version: '99.1.2' }));
  await page.goto('/#about');
  await expect(page.getByText('The page and the API have different versions.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'API' })).toContainText('99.1.2');
  await page.unroute('**/api/status');
  await page.getByRole('button', { name: 'Reload the page' }).click();
  await expect(page.getByText('Healthy')).toBeVisible();
  await expect(page.getByText('have different versions')).toBeHidden();
});

test('warns when no runner is online, unless the store is unavailable', async ({ page }) => {
  await page.route('**/api/status', withStatus({ runners: [] }));
  await page.goto('/#about');
  const alert = page.getByRole('alert').filter({ hasText: 'No runner is online. Monitors are not checked.' });
  await expect(alert).toContainText('Start a runner');
  await page.unroute('**/api/status');
  await page.route('**/api/status', withStatus({ runners: [], healthy: false }));
  await page.reload();
  await expect(page.getByRole('alert').filter({ hasText: 'The store is unavailable.' })).toBeVisible();
  await expect(alert).toBeHidden();
  await expect(page.getByText('Unknown')).toBeVisible();
});

test('the badge of an unavailable store fits on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 700 });
  await page.route('**/api/status', withStatus({ healthy: false }));
  await page.goto('/#about');
  const card = page.locator('.card').filter({ has: page.getByText('Unhealthy: store unavailable') });
  await expect(card).toBeVisible();
  expect(await card.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0);
});

test('shows the problems of a runner as plain text', async ({ page }) => {
  const problems = ['The store rejects <b>some</b> results.', 'Checks are paused.'];
  const runner = { id: 'mill-1f2e3d4c', monitors: 3, lastSeen: new Date().toISOString() };
  const other = { ...runner, id: 'shop-1f2e3d4c' };
  await page.route('**/api/status', withStatus({ runners: [{ ...runner, problems }, other] }));
  await page.goto('/#about');
  const row = page.getByRole('row').filter({ hasText: runner.id });
  await expect(row).toContainText(problems[0]);
  await expect(row).toContainText(problems[1]);
  await expect(row.locator('b')).toHaveCount(0);
  await expect(page.getByRole('row').filter({ hasText: other.id })).not.toContainText('Checks');
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('shows the version of the page when the API does not respond', async ({ page, nanomon }) => {
    // Without the event stream, the page would try again by itself.
    await page.route('**/api/status', (route) => route.abort());
    await page.goto('/#about');
    const alert = page.getByRole('alert').filter({ hasText: 'The API does not respond.' });
    await expect(alert).toBeVisible();
    const config = await (await fetch(`${nanomon.url}/config`)).json();
    await expect(page.getByRole('region', { name: 'Page' })).toContainText(config.VERSION);
    await expect(page.getByText('Unreachable')).toBeVisible();
    await page.unroute('**/api/status');
    await tryAgain(alert.getByRole('button', { name: 'Try again' }));
    await expect(page.getByText('Healthy')).toBeVisible();
    await expect(alert).toBeHidden();
  });
});
