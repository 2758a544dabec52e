import { once } from 'node:events';
import http from 'node:http';
import { expect, test as base } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/** How long a message takes to be made, sent and read again by the page at most. */
const LONG = { timeout: 20_000 };
const NAME = '<img src=x onerror="document.title=1">';

/** A web server that keeps the documents that it gets, and answers as it is told to. */
class Hook {
  status = 200;
  text = 'thanks';
  /** @type {any[]} */
  documents = [];
  #server = http.createServer(async (request, response) => {
    this.documents.push(JSON.parse((await request.toArray()).join('')));
    response.writeHead(this.status).end(this.text);
  });

  /** What is shown of its address. */
  get origin() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  async open() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** @returns {string[]} without repetitions */
  get kinds() {
    return [...new Map(this.documents.map(({ id, kind }) => [id, kind])).values()];
  }
}

/**
 * Every test has a webhook, which NanoMon knows.
 * @type {import('../../frontend/playwright-test.js').TestType<
 *   import('../../frontend/playwright-test.js').PlaywrightTestArgs &
 *     import('../../frontend/playwright-test.js').PlaywrightTestOptions & import('./fixtures.mjs').Own & {hook: Hook},
 *   import('../../frontend/playwright-test.js').PlaywrightWorkerArgs>}
 */
const test = base.extend({
  hook: async ({}, use) => {
    const hook = new Hook();
    await hook.open();
    await use(hook);
    await hook.close();
  },
  settings: async ({ hook }, use) => use({ ALERT_WEBHOOK_URL: `${hook.origin}/secret-token`, ALERT_FAIL_COUNT: '2' }),
});

/** @param {Page} page */
const alerts = (page) => page.getByRole('region', { name: 'Alerts' });

test('an alert and its recovery show as they happen, with what the webhook answered', async ({
  page,
  nanomon,
  target,
  hook,
}) => {
  test.slow();
  target.status = 500;
  const id = await nanomon.add({ name: NAME, target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  const incident = alerts(page).getByRole('article', { name: /^Incident 1, opened / });
  await expect(incident).toContainText('Open', LONG);
  await expect(incident.getByRole('listitem').filter({ hasText: 'Alert' }).first()).toContainText('Error');
  await expect(incident).toContainText(`Sent Webhook ${hook.origin} 200 OK thanks`, { useInnerText: true, ...LONG });
  await expect(incident).not.toContainText('secret-token');
  await expect.poll(() => hook.kinds).toEqual(['alert']);
  expect(hook.documents[0].monitor.name).toBe(NAME);

  target.status = 200;
  await expect(incident.getByRole('heading')).toContainText('Over', LONG);
  await expect(incident.getByText(/^(Recovery|Alert)$/)).toHaveText(['Recovery', 'Alert']);
  await expect.poll(() => hook.kinds).toEqual(['alert', 'recovery']);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(NAME);
  await expect(page).toHaveTitle(/<img src=x/);
});

test('what the webhook does not take waits, and shows when it is taken', async ({ page, nanomon, target, hook }) => {
  test.slow();
  target.status = 500;
  Object.assign(hook, { status: 500, text: '<b>busy</b>' });
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  const delivery = alerts(page).getByRole('article').getByRole('listitem').filter({ hasText: hook.origin }).last();
  await expect(delivery).toContainText('Waiting', LONG);
  await expect(delivery).toContainText(/500 Internal Server Error <b>busy<\/b> \(\d attempts?, next try at /, LONG);
  Object.assign(hook, { status: 204, text: '' });
  await expect(delivery).toContainText('Sent', { timeout: 40_000 });
  await expect(delivery).toContainText('204 No Content');
  await expect(delivery).not.toContainText('next try');
});

test('what the webhook refuses has failed', async ({ page, nanomon, target, hook }) => {
  test.slow();
  target.status = 500;
  Object.assign(hook, { status: 404, text: 'no such hook' });
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  const delivery = alerts(page).getByRole('article').getByRole('listitem').filter({ hasText: hook.origin }).last();
  await expect(delivery).toContainText('Failed', LONG);
  await expect(delivery).toContainText('404 Not Found no such hook');
});

test('a disabled monitor’s incident is closed and nobody is told', async ({ page, nanomon, target, hook }) => {
  test.slow();
  target.status = 500;
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  const incident = alerts(page).getByRole('article');
  await expect(incident).toContainText('Sent', LONG);
  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(incident.getByRole('heading')).toContainText('Over', LONG);
  await expect(incident).toContainText('Nobody is told: the monitor was disabled or deleted.');
  expect(hook.kinds).toEqual(['alert']);
});

test('older alerts are a page further, and belong to incidents that are over', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  const entry = (/** @type {number} */ n, more = {}) => ({
    id: `${id}-${n}`,
    kind: 'alert',
    incident: n,
    monitor_id: id,
    status: 2,
    message: `message ${n}`,
    opened: '2026-03-14T10:00:00Z',
    date: '2026-03-14T10:01:30Z',
    attempts: 0,
    deliveries: [],
    ...more,
  });
  await page.route('**/api/notifications?*', (route) =>
    route.request().url().includes('cursor=older')
      ? route.fulfill({ json: [entry(2), entry(1, { kind: 'closed' })] })
      : route.fulfill({
          json: [entry(3), entry(2, { kind: 'recovery', status: 0, id: `${id}-2-recovery` })],
          headers: { Link: `</api/notifications?monitor=${id}&cursor=older>; rel="next"` },
        }),
  );
  await page.goto(`/#monitor/${id}`);
  const headings = alerts(page).getByRole('heading', { level: 3 });
  await expect(headings).toHaveText([/Incident 3[^]*Open/, /Incident 2[^]*Over/]);
  await expect(alerts(page)).toContainText('Not sent: no channel is set up.');
  await alerts(page).getByRole('button', { name: 'Older' }).click();
  await expect(headings).toHaveText([/Incident 2[^]*Over/, /Incident 1[^]*Over/]);
  await expect(alerts(page).getByRole('button', { name: 'Older' })).toHaveAttribute('aria-disabled', 'true');
  await alerts(page).getByRole('button', { name: 'Newer' }).click();
  await expect(headings).toHaveText([/Incident 3[^]*Open/, /Incident 2[^]*Over/]);
});

for (const { status, outcome, answer } of [
  { status: 200, outcome: 'Sent', answer: '200 OK <i>hello</i>' },
  { status: 403, outcome: 'Failed', answer: '403 Forbidden <i>hello</i>' },
  { status: 503, outcome: 'Failed', answer: '503 Service Unavailable <i>hello</i>' },
]) {
  test(`a test message that is answered ${status} shows the answer`, async ({ page, hook }) => {
    Object.assign(hook, { status, text: '<i>hello</i>' });
    await page.goto('/#admin');
    await page.getByRole('button', { name: 'Send a test message' }).click();
    await expect(page.getByRole('row').filter({ hasText: outcome }).getByRole('cell')).toHaveText([
      outcome,
      'Webhook',
      hook.origin,
      answer,
    ]);
    await expect(page.getByText(`Sent to ${status === 200 ? 1 : 0} of 1 recipient.`)).toBeVisible();
    expect(hook.kinds).toEqual(['test']);
  });
}

base('without settings the page says which ones there are', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}`);
  await expect(alerts(page)).toContainText('No alerts yet.');
  await expect(alerts(page)).toContainText('ALERT_FAIL_COUNT');
  await alerts(page).getByRole('link', { name: 'Send a test message' }).click();
  await page.getByRole('button', { name: 'Send a test message' }).click();
  await expect(page.getByText('No channel is set up, so nothing was sent.')).toBeVisible();
  await expect(page.getByText('Switch on one or more')).toContainText('ALERT_WEBHOOK_URL');
  await expect(page.getByRole('table')).toHaveCount(0);
});

base.describe('without channels', () => {
  base.use({ settings: { ALERT_FAIL_COUNT: '1' } });

  base('an alert says that it was not sent', async ({ page, nanomon, target }) => {
    target.status = 500;
    const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
    await page.goto(`/#monitor/${id}`);
    await expect(alerts(page).getByRole('article')).toContainText('Not sent: no channel is set up.', LONG);
  });
});

base.describe('with refused requests', () => {
  base.use({ requestsFail: true });

  base('a test that no runner sends shows the words of the API, and can be tried again', async ({ page }) => {
    let go = () => {};
    const held = new Promise((resolve) => (go = () => resolve(undefined)));
    await page.route('**/api/notifications/test', async (route) => {
      await held;
      await route.fulfill({ status: 504, json: { detail: 'no runner sent the test notification within 1m15s; is a runner running?' } });
    });
    await page.goto('/#admin');
    await page.getByRole('button', { name: 'Send a test message' }).click();
    await expect(page.getByRole('button', { name: 'Sending…' })).toBeDisabled();
    go();
    await expect(page.getByRole('alert').filter({ hasText: 'no runner sent' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Send a test message' })).toBeEnabled();
  });

  base('alerts that can’t be read say so, and are read when they can be', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
    await page.route('**/api/notifications?*', (route) =>
      route.fulfill({ status: 503, json: { detail: 'the store is away' } }),
    );
    await page.goto(`/#monitor/${id}`);
    await expect(alerts(page).getByRole('alert')).toContainText('the store is away');
    await page.unroute('**/api/notifications?*');
    await alerts(page).getByRole('button', { name: 'Try again' }).click();
    await expect(alerts(page)).toContainText('No alerts yet.');
    await expect(alerts(page).getByRole('alert')).toBeHidden();
  });
});
