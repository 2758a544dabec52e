import { once } from 'node:events';
import http from 'node:http';
import { expect, test as base, tryAgain } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/** The maximum time until a notification is created, sent and shown on the page. */
const NAME = '<img src=x onerror="document.title=1">';

/** A web server that records the documents it receives and sends a configurable response. */
class Webhook {
  status = 200;
  text = 'thanks';
  /** @type {any[]} */
  documents = [];
  #server = http.createServer(async (request, response) => {
    this.documents.push(JSON.parse((await request.toArray()).join('')));
    response.writeHead(this.status).end(this.text);
  });

  /** The part of the address that the page shows. */
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

  /** The kinds of the received notifications, without repeated deliveries. @returns {string[]} */
  get kinds() {
    return [...new Map(this.documents.map(({ id, kind }) => [id, kind])).values()];
  }
}

/**
 * Starts a webhook for every test and configures NanoMon to use it.
 * @type {import('../../frontend/playwright-test.js').TestType<
 *   import('../../frontend/playwright-test.js').PlaywrightTestArgs &
 *     import('../../frontend/playwright-test.js').PlaywrightTestOptions & import('./fixtures.mjs').Own & {webhook: Webhook},
 *   import('../../frontend/playwright-test.js').PlaywrightWorkerArgs>}
 */
const test = base.extend({
  webhook: async ({}, use) => {
    const webhook = new Webhook();
    await webhook.open();
    await use(webhook);
    await webhook.close();
  },
  settings: async ({ webhook }, use) =>
    use({ ALERT_WEBHOOK_URL: `${webhook.origin}/secret-token`, ALERT_FAIL_COUNT: '2' }),
});

/** @param {Page} page */
const notifications = (page) => page.getByRole('region', { name: 'Notifications' });

test('shows an opened and a resolved incident live, with the responses of the webhook', async ({
  page,
  nanomon,
  target,
  webhook,
}) => {
  target.status = 500;
  const id = await nanomon.add({ name: NAME, target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  const incident = notifications(page).getByRole('article', { name: /^Incident 1, opened / });
  await expect(incident).toContainText('Open');
  await expect(incident.getByRole('listitem').filter({ hasText: 'Opened' }).first()).toContainText('Error');
  await expect(incident).toContainText(`Sent Webhook ${webhook.origin} 200 OK thanks`, { useInnerText: true });
  await expect(incident).not.toContainText('secret-token');
  await expect.poll(() => webhook.kinds).toEqual(['alert']);
  expect(webhook.documents[0].monitor.name).toBe(NAME);

  target.status = 200;
  await expect(incident.getByRole('heading')).toContainText('Ended');
  await expect(incident.getByText(/^(Resolved|Opened)$/)).toHaveText(['Resolved', 'Opened']);
  await expect.poll(() => webhook.kinds).toEqual(['alert', 'recovery']);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(NAME);
  await expect(page).toHaveTitle(/<img src=x/);
});

test('a delivery that the webhook does not accept is retried until it is sent', async ({
  page,
  nanomon,
  target,
  webhook,
}) => {
  target.status = 500;
  Object.assign(webhook, { status: 500, text: '<b>busy</b>' });
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  const delivery = notifications(page)
    .getByRole('article')
    .getByRole('listitem')
    .filter({ hasText: webhook.origin })
    .last();
  await expect(delivery).toContainText('Pending');
  await expect(delivery).toContainText(/500 Internal Server Error <b>busy<\/b> \(\d attempts?, next attempt at /);
  Object.assign(webhook, { status: 204, text: '' });
  await expect(delivery).toContainText('Sent');
  await expect(delivery).toContainText('204 No Content');
  await expect(delivery).not.toContainText('next attempt');
});

test('a delivery that the webhook rejects has failed', async ({ page, nanomon, target, webhook }) => {
  target.status = 500;
  Object.assign(webhook, { status: 404, text: 'no such webhook' });
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  const delivery = notifications(page)
    .getByRole('article')
    .getByRole('listitem')
    .filter({ hasText: webhook.origin })
    .last();
  await expect(delivery).toContainText('Failed');
  await expect(delivery).toContainText('404 Not Found no such webhook');
});

test('disabling a monitor closes its incident without a notification', async ({ page, nanomon, target, webhook }) => {
  target.status = 500;
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  const incident = notifications(page).getByRole('article');
  await expect(incident).toContainText('Sent');
  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(incident.getByRole('heading')).toContainText('Ended');
  await expect(incident).toContainText('Not sent: the monitor was disabled or deleted.');
  expect(webhook.kinds).toEqual(['alert']);
});

test('older notifications are on the next page and belong to ended incidents', async ({ page, nanomon, target }) => {
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
  const headings = notifications(page).getByRole('heading', { level: 3 });
  await expect(headings).toHaveText([/Incident 3[^]*Open/, /Incident 2[^]*Ended/]);
  await expect(notifications(page)).toContainText('Not sent: no channel is configured.');
  await notifications(page).getByRole('button', { name: 'Older' }).click();
  await expect(headings).toHaveText([/Incident 2[^]*Ended/, /Incident 1[^]*Ended/]);
  await expect(notifications(page).getByRole('button', { name: 'Older' })).toHaveAttribute('aria-disabled', 'true');
  await notifications(page).getByRole('button', { name: 'Newer' }).click();
  await expect(headings).toHaveText([/Incident 3[^]*Open/, /Incident 2[^]*Ended/]);
});

for (const { status, outcome, response } of [
  { status: 200, outcome: 'Sent', response: '200 OK <i>hello</i>' },
  { status: 403, outcome: 'Failed', response: '403 Forbidden <i>hello</i>' },
  { status: 503, outcome: 'Failed', response: '503 Service Unavailable <i>hello</i>' },
]) {
  test(`a test notification shows the response ${status}`, async ({ page, webhook }) => {
    Object.assign(webhook, { status, text: '<i>hello</i>' });
    await page.goto('/#admin');
    await page.getByRole('button', { name: 'Send test notification' }).click();
    await expect(page.getByRole('row').filter({ hasText: outcome }).getByRole('cell')).toHaveText([
      outcome,
      'Webhook',
      webhook.origin,
      response,
    ]);
    await expect(page.getByText(`Sent to ${status === 200 ? 1 : 0} of 1 recipient.`)).toBeVisible();
    expect(webhook.kinds).toEqual(['test']);
  });
}

base('says who configures channels while no channel is configured', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}`);
  await expect(notifications(page)).toContainText('No notifications in this time range.');
  await expect(notifications(page)).toContainText('in the settings of the runner');
  await notifications(page).getByRole('link', { name: 'Send test notification' }).click();
  await page.getByRole('button', { name: 'Send test notification' }).click();
  await expect(page.getByText('Not sent: no channel is configured.')).toBeVisible();
  await expect(page.getByText('configures channels with the settings of the runner')).toContainText('PagerDuty');
  await expect(page.getByRole('table')).toHaveCount(0);
});

base.describe('without channels', () => {
  base.use({ settings: { ALERT_FAIL_COUNT: '1' } });

  base('a notification is shown as not sent', async ({ page, nanomon, target }) => {
    target.status = 500;
    const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
    await page.goto(`/#monitor/${id}`);
    await expect(notifications(page).getByRole('article')).toContainText('Not sent: no channel is configured.');
  });
});

base.describe('with rejected requests', () => {
  base.use({ requestsFail: true });

  base('a test notification that no runner sends shows the API’s error and can be tried again', async ({ page }) => {
    let release = () => {};
    const released = new Promise((resolve) => (release = () => resolve(undefined)));
    await page.route('**/api/notifications/test', async (route) => {
      await released;
      await route.fulfill({
        status: 504,
        json: { detail: 'no runner sent the test notification within 1m15s; is a runner running?' },
      });
    });
    await page.goto('/#admin');
    await page.getByRole('button', { name: 'Send test notification' }).click();
    await expect(page.getByRole('button', { name: 'Sending…' })).toBeDisabled();
    release();
    await expect(page.getByRole('alert').filter({ hasText: 'no runner sent' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Send test notification' })).toBeEnabled();
  });

  base(
    'notifications that can’t be loaded show the error and can be loaded again',
    async ({ page, nanomon, target }) => {
      const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
      await page.route('**/api/notifications?*', (route) =>
        route.fulfill({ status: 503, json: { detail: 'the store is unavailable' } }),
      );
      await page.goto(`/#monitor/${id}`);
      await expect(notifications(page).getByRole('alert')).toContainText('the store is unavailable');
      await page.unroute('**/api/notifications?*');
      await tryAgain(notifications(page).getByRole('button', { name: 'Try again' }));
      await expect(notifications(page)).toContainText('No notifications in this time range.');
      await expect(notifications(page).getByRole('alert')).toBeHidden();
    },
  );
});
