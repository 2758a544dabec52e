import { expect, test } from './fixtures.mjs';
import { addFailing } from './incidents.mjs';
import { record, shown } from './recorded-notifications.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

test.use({ settings: { ALERT_FAIL_COUNT: '1' } });

const control = (/** @type {Page} */ page) => page.getByRole('switch', { name: 'Notifications in this browser' });

/**
 * Returns how many tabs follow the incidents to show them.
 * @param {Page} page
 */
function locks(page) {
  return page.evaluate(async () => (await navigator.locks.query()).held?.length);
}

/** @param {Page} page */
async function turnOn(page) {
  await page.goto('/#incidents');
  await expect(page.locator('.connection')).toHaveText('Live');
  // Incidents that are open at the first read cause no notification.
  const read = page.waitForResponse('**/api/incidents?open=true&max=1000');
  await control(page).check();
  await expect(control(page)).toBeChecked();
  await read;
}

/**
 * Simulates a hidden page. In a headless browser, all tabs are visible.
 * @param {Page} page
 * @param {boolean} hidden
 */
async function setHidden(page, hidden) {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

test('shows an incident that opens and ends, also in a hidden tab, and opens it on a click', async ({
  page,
  nanomon,
  target,
}) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await addFailing(nanomon, { name: 'Open before' });
  await record(page, 'default');
  await page.goto('/#incidents');
  await expect(control(page)).not.toBeChecked();
  expect(await page.evaluate(() => /** @type {any} */ (window).asked)).toBe(0);
  await turnOn(page);
  expect(await page.evaluate(() => /** @type {any} */ (window).asked)).toBe(1);
  await setHidden(page, true);
  target.status = 500;
  await expect.poll(() => shown(page)).toEqual(['Shop: incident opened | Rule violated: status == 200']);
  target.status = 200;
  await expect
    .poll(() => shown(page))
    .toEqual([
      expect.stringContaining('Shop: incident opened'),
      expect.stringMatching(/^Shop: incident ended \| After \d/),
    ]);
  const tags = await page.evaluate(() =>
    /** @type {any} */ (window).shown.map((/** @type {any} */ { options }) => options.tag),
  );
  expect(tags[0]).toBe(tags[1]);
  await page.evaluate(() => /** @type {any} */ (window).shown[0].click());
  await expect(page).toHaveURL(new RegExp(`#monitor/${id}\\?incident=`));
});

test('a tab that shows them while it is hidden catches up when it is visible', async ({ page, nanomon }) => {
  await record(page, 'granted');
  await turnOn(page);
  await setHidden(page, true);
  await addFailing(nanomon, { name: 'Shop' });
  await expect.poll(() => shown(page)).toEqual([expect.stringContaining('Shop: incident opened')]);
  await expect(page.getByRole('row', { name: /Shop/ })).toHaveCount(0);
  await setHidden(page, false);
  await expect(page.getByRole('row', { name: /Shop/ })).toBeVisible();
  await addFailing(nanomon, { name: 'Mill' });
  await expect(page.getByRole('row', { name: /Mill/ })).toBeVisible();
});

test('a page that loads hidden shows them', async ({ page, nanomon }) => {
  await record(page, 'granted');
  await turnOn(page);
  await page.addInitScript(() => Object.defineProperty(document, 'hidden', { get: () => true }));
  const read = page.waitForResponse('**/api/incidents?open=true&max=1000');
  await page.reload();
  await read;
  await addFailing(nanomon, { name: 'Shop' });
  await expect.poll(() => shown(page)).toEqual([expect.stringContaining('Shop: incident opened')]);
});

test('many changes are one summary, and several tabs show it once', async ({ context, page, nanomon }) => {
  await record(page, 'granted');
  await turnOn(page);
  const other = await context.newPage();
  await record(other, 'granted');
  await other.goto('/#incidents');
  await expect(control(other)).toBeChecked();
  await page.route('**/api/incidents?open=true&max=1000', async (route) => {
    const response = await route.fetch();
    const open = await response.json();
    const many = ['A', 'B', 'C', 'D'].map((name) => ({ ...open[0], id: name, monitor_name: `Shop ${name}` }));
    await route.fulfill({ response, json: open.length ? many : [] });
  });
  await addFailing(nanomon, { name: 'Shop' });
  await expect.poll(() => shown(page)).toEqual(['Incidents: 4 opened | Shop A, Shop B, Shop C, 1 more']);
  expect(await shown(other)).toEqual([]);
});

test('silenced monitors cause none', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Silent', target: target.url, rule: 'status == 200' });
  await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await fetch(`${nanomon.url}/api/monitors/${id}/silence`, {
    method: 'POST',
    body: JSON.stringify({ duration: '1h' }),
  });
  await record(page, 'granted');
  await turnOn(page);
  target.status = 500;
  await expect.poll(() => shown(page)).toEqual([expect.stringContaining('Shop: incident opened')]);
});

test('says why the browser shows none', async ({ page }) => {
  await record(page, 'denied');
  await page.goto('/#incidents');
  await expect(page.getByText('The browser blocks notifications of this page.')).toBeVisible();
  await control(page).click();
  await expect(control(page)).not.toBeChecked();
});

test('are off again after they are turned off', async ({ page, nanomon }) => {
  await record(page, 'granted');
  await turnOn(page);
  await page.reload();
  await expect(control(page)).toBeChecked();
  await expect.poll(() => locks(page)).toBe(1);
  await control(page).uncheck();
  await expect.poll(() => locks(page)).toBe(0);
  await page.reload();
  await expect(control(page)).not.toBeChecked();
  await addFailing(nanomon, { name: 'Shop' });
  await expect(page.getByRole('row', { name: /Shop/ })).toBeVisible();
  expect(await shown(page)).toEqual([]);
});
