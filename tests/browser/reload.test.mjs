// A page that learns of another build reloads, unless this loses something or interrupts somebody.
import { action, addMany, bar, box, nameOf } from './bulk.mjs';
import { expect, row, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const message = (/** @type {Page} */ page) => page.getByText('A new version of NanoMon is ready.');

/**
 * Opens the page and waits until it listens to its service worker.
 * @param {Page} page
 * @param {string} address
 */
async function open(page, address) {
  await page.addInitScript(() => {
    AbortSignal.timeout = () => new AbortController().signal; // Requests take longer than the clock says.
    navigator.serviceWorker.startMessages = () => Object.assign(window, { listens: true });
    const page = Object.assign(window, { reloads: 0 });
    navigation.addEventListener('navigate', (event) => (page.reloads += Number(event.navigationType === 'reload')));
  });
  await page.clock.install();
  await page.goto(`/${address}`);
  await expect(page.locator('.connection')).toHaveText('Live');
  await page.clock.fastForward(10_000);
  await page.waitForFunction(() => 'listens' in window);
  await page.evaluate(() => (document.documentElement.dataset.same = 'yes'));
}

/** Tells the page, some time after it was used, that there is another build. @param {Page} page */
async function outdate(page) {
  await page.clock.fastForward(6000);
  await announce(page);
}

/** @param {Page} page */
async function announce(page) {
  const data = { build: 'another' };
  await page.evaluate((data) => navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data })), data);
}

/** @param {Page} page */
async function hasReloaded(page) {
  return page.evaluate(() => !document.documentElement.dataset.same);
}

/** Returns how many reloads the shown document has begun. @param {Page} page @returns {Promise<number>} */
async function reloads(page) {
  return page.evaluate(() => /** @type {any} */ (window).reloads);
}

/** Makes the browser lose each reload until the returned function is called. @param {Page} page */
async function loseReloads(page) {
  const lose = (/** @type {import('../../frontend/playwright-test.js').Route} */ route) =>
    route.request().isNavigationRequest() ? route.abort('aborted') : route.continue();
  await page.route('**/*', lose);
  return () => page.unroute('**/*', lose);
}

/** Gives the page enough time to reload, and expects that it does not. @param {Page} page */
async function expectStay(page) {
  const before = await reloads(page);
  await page.clock.fastForward(30_000);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.evaluate(() => new Promise((turn) => setTimeout(turn)));
  expect(await hasReloaded(page)).toBe(false);
  expect(await reloads(page)).toBe(before);
}

/**
 * Expects that the page does not reload, but offers it, and that it reloads when nothing would be lost any more.
 * @param {Page} page
 * @param {() => Promise<void>} end makes the page idle
 */
async function expectOffer(page, end) {
  await outdate(page);
  await expect(message(page)).toBeVisible();
  await expectStay(page);
  await end();
  await expectReload(page);
}

/** @param {Page} page */
async function expectReload(page) {
  await expect(async () => {
    await page.clock.fastForward(10_000);
    expect(await hasReloaded(page)).toBe(true);
  }).toPass();
  await expect(page.locator('.connection')).toHaveText('Live');
  await expect(message(page)).toBeHidden();
}

test('a page that nobody uses reloads, and keeps what its address contains', async ({ page, nanomon }) => {
  await addMany(nanomon, 3);
  await open(page, '#list');
  await page.getByRole('searchbox').fill('001');
  await page.getByRole('heading', { name: 'Monitors' }).click();
  await outdate(page);
  await expectReload(page);
  await expect(page.getByRole('searchbox')).toHaveValue('001');
  await expect(row(page, nameOf(1))).toBeVisible();
  await expect(row(page, nameOf(2))).toBeHidden();
});

for (const [view, heading] of [
  ['results', 'Results'],
  ['incidents', 'Incidents'],
]) {
  test(`the ${view} of a monitor and of a period count as untouched`, async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url });
    const address = `#${view}?monitor=${id}&from=2025-03-01T09%3A30%3A00.000Z`;
    await open(page, address);
    await expect(page.getByRole('combobox', { name: 'Monitor' })).toHaveValue('Shop');
    await expect(page.getByLabel('From')).toHaveValue(/^2025-0/);
    await page.getByRole('heading', { name: heading, level: 1 }).click();
    await outdate(page);
    await expectReload(page);
    await expect(page.getByRole('combobox', { name: 'Monitor' })).toHaveValue('Shop');
  });
}

test('the name of a monitor stays while it is typed', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await open(page, `#incidents?monitor=${id}`);
  const field = page.getByRole('combobox', { name: 'Monitor' });
  await expect(field).toHaveValue('Shop');
  await field.fill('Shop 2');
  await nanomon.add({ name: 'Other', target: target.url }); // The list of monitors changes.
  await expect(page.locator('#monitor-names option')).toHaveCount(2);
  await page.getByRole('heading', { name: 'Incidents', level: 1 }).click();
  await expectOffer(page, async () => {
    await expect(field).toHaveValue('Shop 2');
    await field.fill('Shop');
    await page.getByRole('heading', { name: 'Incidents', level: 1 }).click();
  });
});

test('text stays selected', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  await open(page, '#about');
  await page.evaluate(() => getSelection()?.selectAllChildren(/** @type {Node} */ (document.querySelector('h1'))));
  await expectOffer(page, () => page.evaluate(() => getSelection()?.removeAllRanges()));
});

test('monitors stay selected', async ({ page, nanomon }) => {
  await addMany(nanomon, 3);
  await open(page, '#list');
  await box(page, nameOf(2)).click();
  await page.getByRole('heading', { name: 'Monitors' }).click();
  await expect(bar(page)).toContainText('1 selected');
  await expectOffer(page, async () => {
    await expect(bar(page)).toContainText('1 selected');
    await page.getByRole('heading', { name: 'Monitors' }).press('Escape');
  });
});

test('a change of many monitors has time to end, also if another view opens', async ({ page, nanomon }) => {
  await addMany(nanomon, 3);
  let release = () => {};
  const released = new Promise((open) => (release = () => open(null)));
  await page.route('**/api/monitors', (route) => released.then(() => route.continue()));
  await open(page, '#list');
  await box(page, nameOf(1)).click();
  const request = page.waitForRequest((request) => request.method() === 'PATCH');
  await action(page, 'Disable').click();
  await request;
  await page.getByRole('navigation').getByRole('link', { name: 'About' }).click();
  await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
  await expectOffer(page, async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Monitors' }).click();
    await expect(page.getByRole('heading', { name: 'Monitors' })).toBeVisible();
    expect(await hasReloaded(page)).toBe(false);
    release();
  });
});

test('a menu stays open', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  await open(page, '#list');
  await row(page, nameOf(1)).getByRole('button', { name: 'More actions' }).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await expectOffer(page, async () => {
    await expect(page.getByRole('menu')).toBeVisible();
    await page.keyboard.press('Escape');
  });
});

test('the command palette stays open', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  await open(page, '#list');
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Command palette' });
  await palette.waitFor();
  await palette.getByRole('combobox').blur();
  await expectOffer(page, () => palette.getByRole('combobox').press('Escape'));
});

test('what was typed stays', async ({ page, nanomon }) => {
  await addMany(nanomon, 3);
  await open(page, '#compare');
  const field = page.getByRole('combobox', { name: 'Add a monitor' });
  await field.fill('Monitor 0');
  await page.getByRole('heading', { level: 1 }).click();
  await expectOffer(page, async () => {
    await expect(field).toHaveValue('Monitor 0');
    await field.fill('');
    await page.getByRole('heading', { level: 1 }).click();
  });
});

test('after a lost reload, the page reloads only when nothing would be lost', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  await open(page, '#compare');
  const find = await loseReloads(page);
  await outdate(page);
  await expect.poll(() => reloads(page)).toBeGreaterThan(0);
  const field = page.getByRole('combobox', { name: 'Add a monitor' });
  await field.fill('Monitor 0');
  await page.getByRole('heading', { level: 1 }).click();
  await expectOffer(page, async () => {
    await expect(field).toHaveValue('Monitor 0');
    await find();
    await field.fill('');
    await page.getByRole('heading', { level: 1 }).click();
  });
});

test('a view that could not open because its reload was lost opens soon', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  await open(page, '#compare');
  await page.getByRole('combobox', { name: 'Add a monitor' }).fill('Monitor 0');
  await outdate(page);
  await expect(message(page)).toBeVisible();
  const find = await loseReloads(page);
  await page.getByRole('navigation').getByRole('link', { name: 'About' }).click();
  await expect.poll(() => reloads(page)).toBeGreaterThan(0);
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('About NanoMon');
  await find();
  await expectReload(page);
  await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
});

test('the preview of an import stays', async ({ page }) => {
  await open(page, '#admin');
  const buffer = Buffer.from(JSON.stringify([{ name: 'Shop', type: 'tcp', interval: '1m', target: 'localhost:1' }]));
  await page.locator('input[type=file]').setInputFiles({ name: 'monitors.json', mimeType: 'text/json', buffer });
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview).toBeVisible();
  await expectOffer(page, async () => preview.getByRole('button', { name: 'Cancel' }).click());
});

test.describe('with a channel', () => {
  test.use({ settings: { ALERT_WEBHOOK_URL: 'http://127.0.0.1:1/' } });

  test('the deliveries of a test notification stay', async ({ page }) => {
    await open(page, '#admin');
    await page.getByRole('button', { name: 'Send test notification' }).click();
    const deliveries = page.getByRole('table', { name: 'Deliveries of the test notification' });
    await expect(deliveries).toBeVisible();
    await expectOffer(page, async () => {
      await expect(deliveries).toBeVisible();
      await page.getByRole('navigation').getByRole('link', { name: 'About' }).click();
    });
  });
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('the errors of an import stay', async ({ page }) => {
    await open(page, '#admin');
    const buffer = Buffer.from(JSON.stringify([{ name: '' }, { name: '' }]));
    await page.locator('input[type=file]').setInputFiles({ name: 'monitors.json', mimeType: 'text/json', buffer });
    const errors = page.getByRole('alert').filter({ hasText: '2 monitors in monitors.json can’t be imported' });
    await expect(errors).toBeVisible();
    await expectOffer(page, async () => {
      await expect(errors).toBeVisible();
      await page.getByRole('navigation').getByRole('link', { name: 'About' }).click();
    });
  });

  test('a message of a failure stays until it is closed', async ({ page, nanomon }) => {
    await addMany(nanomon, 1);
    await page.route('**/list/menu.html', (route) => route.abort());
    await open(page, '#list');
    await row(page, nameOf(1)).getByRole('button', { name: 'More actions' }).click();
    await expect(page.getByText('Could not load the actions')).toBeVisible();
    await expectOffer(page, () => page.getByRole('button', { name: 'Close' }).click());
  });

  test('without the server, the page stays and its other views open', async ({ page, nanomon }) => {
    await addMany(nanomon, 1);
    await open(page, '#list');
    await expect(page.locator('link[href="./views/not-found/not-found.css"]')).toHaveCount(1);
    await nanomon.stop();
    await expect(page.locator('.connection')).toContainText('Disconnected');
    await outdate(page);
    await expectStay(page);
    await page.getByRole('navigation').getByRole('link', { name: 'About' }).click();
    await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
    await expectStay(page);
    await expect(message(page)).toBeHidden();
    await nanomon.start();
    await expectReload(page);
  });
});

test('a click or a key that has just begun something is not interrupted', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  for (const use of [
    () => page.getByRole('heading', { name: 'Monitors' }).click(),
    () => page.getByRole('link', { name: nameOf(1) }).press('ArrowDown'),
  ]) {
    await open(page, '#list');
    await page.clock.pauseAt(Date.now() + 60_000);
    await use();
    await announce(page);
    await expect(message(page)).toBeVisible();
    expect(await hasReloaded(page)).toBe(false);
    await page.clock.resume();
    await expectReload(page);
  }
});

test('a pressed mouse button is not interrupted', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  await open(page, '#list');
  await page.getByRole('heading', { name: 'Monitors' }).hover();
  await page.mouse.down();
  await expectOffer(page, () => page.mouse.up());
});

test('the page reloads at once where it offers to', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  await open(page, '#list');
  await box(page, nameOf(1)).click();
  await expect(bar(page)).toContainText('1 selected');
  await outdate(page);
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(page.locator('html')).not.toHaveAttribute('data-same');
  await expect(message(page)).toBeHidden();
});

test('the message can be closed', async ({ page, nanomon }) => {
  await addMany(nanomon, 1);
  await open(page, '#list');
  await box(page, nameOf(1)).click();
  await expect(bar(page)).toContainText('1 selected');
  await outdate(page);
  await page.getByRole('button', { name: 'Later' }).press('Enter');
  await expect(message(page)).toBeHidden();
  await expect(page.getByRole('main')).toBeFocused();
  await page.clock.fastForward(30_000);
  await expect(bar(page)).toContainText('1 selected');
  await expect(message(page)).toBeHidden();
  expect(await reloads(page)).toBe(0);
});
