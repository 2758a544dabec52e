import { expect, test } from './fixtures.mjs';
import { addFailing } from './incidents.mjs';
import { PageHost } from './page-host.mjs';
import { record, shown } from './recorded-notifications.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/** @type {any} */
const own = {
  host: async (/** @type {{nanomon: NanoMon}} */ { nanomon }, /** @type {(host: PageHost) => Promise<void>} */ use) => {
    const host = new PageHost(`${nanomon.apiUrl}/api`);
    await host.create();
    await use(host);
    await host.destroy();
  },
  others: (
    /** @type {{nanomon: NanoMon, host: PageHost}} */ { nanomon, host },
    /** @type {(others: string[]) => Promise<void>} */ use,
  ) => use([nanomon.apiUrl, host.url]),
};
/** @type {import('../../frontend/playwright-test.js').TestType<
 *   import('../../frontend/playwright-test.js').PlaywrightTestArgs &
 *     import('../../frontend/playwright-test.js').PlaywrightTestOptions & import('./fixtures.mjs').Own & {host: PageHost},
 *   import('../../frontend/playwright-test.js').PlaywrightWorkerArgs>} */
const hosted = test.extend(own);

// These tests are about the service worker, so they allow it.
test.use({ serviceWorkers: 'allow', requestsFail: true });
hosted.use({ serviceWorkers: 'allow', requestsFail: true });

const note = (/** @type {Page} */ page) => page.locator('.note.offline');
const link = (/** @type {Page} */ page, /** @type {string} */ name) => page.getByRole('link', { name, exact: true });

/**
 * Opens the page, and waits until it can open without the server.
 * @param {Page} page
 * @param {string} url
 */
async function openAndStore(page, url) {
  await page.goto(url);
  await expect(page.locator('.connection')).toHaveText('Live');
  await expect.poll(() => storedFiles(page)).toEqual([expect.stringMatching(/index.html$/)]);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/**
 * Returns the addresses of the stored documents, one for each build.
 * @param {Page} page
 */
function storedFiles(page) {
  return page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) {
      const requests = await (await caches.open(name)).keys();
      found.push(...requests.map(({ url }) => url).filter((url) => url.endsWith('/index.html')));
    }
    return found;
  });
}

/**
 * Returns the addresses of the stored answers of the API.
 * @param {Page} page
 */
function storedAnswers(page) {
  return page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) {
      found.push(...(await (await caches.open(name)).keys()).map(({ url }) => url));
    }
    return found.filter((url) => new URL(url).pathname.startsWith('/api/'));
  });
}

/**
 * Returns the builds of the modules that a page has loaded.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
function buildsOf(page) {
  return page.evaluate(() => [.../** @type {any} */ (window).builds]).catch(() => []);
}

/**
 * Simulates a click on a notification.
 * @param {import('../../frontend/playwright-test.js').Worker} worker
 * @param {string} data
 */
function click(worker, data) {
  return worker.evaluate((data) => {
    const scope = /** @type {any} */ (self);
    const event = new scope.ExtendableEvent('notificationclick');
    scope.dispatchEvent(Object.assign(event, { notification: { data, close: () => {} } }));
  }, data);
}

test('without the server the page opens, and says how old its data is', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await openAndStore(page, '/');
  await expect.poll(() => storedAnswers(page)).toEqual([expect.stringContaining('/api/monitors?include=brief')]);
  await page.reload();
  await link(page, 'Shop').click();
  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
  await expect.poll(() => storedAnswers(page)).toContainEqual(expect.stringContaining('/stats?'));
  await expect.poll(() => storedAnswers(page)).toContainEqual(expect.stringMatching(/\/results\?max=/));
  expect((await storedAnswers(page)).filter((url) => /\/results\?.*from=/.test(url))).toEqual([]);
  await page.goto('/#list');
  await expect(note(page)).toBeHidden();
  await nanomon.stop();
  await page.clock.install({ time: Date.now() + 25 * 60_000 });
  await page.goto('about:blank');
  await page.goto('/');
  await expect(link(page, 'Shop')).toBeVisible();
  await expect(note(page)).toHaveText(/^Offline\. Shows the monitors of .*\d:\d\d.*, 2[456] min ago\.$/);
  await expect(page.locator('.connection')).toContainText('Disconnected');
  await page.goto('/#wall');
  await expect(page.locator('.wall-headline')).toContainText('last known: 1 OK');
  await expect(note(page)).toContainText('Offline. Shows the monitors of');
  await page.reload();
  await expect(page.locator('.wall-headline h1')).toHaveText('Disconnected');
  await expect(page.locator('.wall-headline')).toContainText('last known: 1 OK');
  await expect(page.locator('.tile')).toHaveCount(1);
  await expect(note(page)).toContainText('Offline. Shows the monitors of');
  await page.locator('.tile').click();
  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
  await expect(note(page)).toContainText('Offline. Shows the data of');
  await nanomon.start();
  await page.clock.fastForward(30_000);
  await expect(page.locator('.connection')).toHaveText('Live');
  await expect(note(page)).toBeHidden();
});

hosted('an answer of the server is used even if it is an error', async ({ page, nanomon, host }) => {
  await host.serve('one');
  await openAndStore(page, host.url);
  host.unavailable.add('/');
  const response = await page.reload();
  expect(response?.status()).toBe(503);
  await expect(page.getByText('Service unavailable')).toBeVisible();
  host.unavailable.clear();
  host.unavailable.add('/config.json');
  await page.goto(host.url);
  await expect(page.getByText('the server responded with 503')).toBeVisible();
  host.unavailable.clear();
  await expect(page.getByRole('heading', { name: 'Monitors' })).toBeVisible();
  await nanomon.hideDatabase();
  await page.reload();
  await expect(page.getByText('The store is unavailable')).toBeVisible();
  await expect(note(page)).toBeHidden();
  await nanomon.restoreDatabase();
});

hosted('the documentation and its styles come from the server, also below a path', async ({ page, host }) => {
  await host.serve('one');
  await openAndStore(page, `${host.url}/monitoring/`);
  await page.goto(`${host.url}/monitoring/docs`);
  await expect(page).toHaveURL(`${host.url}/monitoring/docs/`);
  await link(page, 'Reports').first().click();
  await expect(page.getByRole('heading', { name: 'Reports', level: 1 })).toBeVisible();
  await expect(page.locator('#contents')).toHaveCSS('position', 'sticky');
  const build = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--build'));
  expect(await build()).toBe('one');
  host.unavailable.add('/monitoring/worker.js');
  await host.serve('two');
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Reports', level: 1 })).toBeVisible();
  expect(await build()).toBe('two');
  await link(page, 'NanoMon').click();
  await expect(page.locator('.connection')).toHaveText('Live');
  await host.stop();
  await expect(page.goto(`${host.url}/monitoring/docs/reports`)).rejects.toThrow('ERR_CONNECTION_REFUSED');
});

hosted('the page opens below a path, with the API on another origin', async ({ page, nanomon, target, host }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await host.serve('one');
  await openAndStore(page, `${host.url}/monitoring/`);
  await expect.poll(() => storedAnswers(page)).toEqual([expect.stringContaining(`${nanomon.apiUrl}/api/monitors?`)]);
  const manifest = await page.locator('link[rel=manifest]').evaluate((link) => /** @type {any} */ (link).href);
  expect(manifest).toBe(`${host.url}/monitoring/manifest.webmanifest`);
  expect((await fetch(manifest)).ok).toBe(true);
  await host.stop();
  await nanomon.stop();
  await page.reload();
  await expect(link(page, 'Shop')).toBeVisible();
  await expect(note(page)).toContainText('Offline. Shows the monitors of');
});

hosted('after an update every page has the new build, also offline', async ({ context, page, host }) => {
  await host.serve('one');
  await openAndStore(page, host.url);
  expect(await buildsOf(page)).toEqual(['one']);
  const form = await context.newPage();
  await form.goto(`${host.url}/#edit/new`);
  await form.getByLabel('Name', { exact: true }).fill('Unsaved');

  await host.serve('two');
  const fresh = await context.newPage();
  await fresh.goto(`${host.url}/#about`);
  await expect(fresh.getByRole('heading', { name: 'About build two' })).toBeVisible();
  expect(await buildsOf(fresh)).toEqual(['two']);
  // The old page, in which nobody types, reloads.
  await expect.poll(() => buildsOf(page)).toEqual(['two']);
  // The page with unsaved changes waits until they are left.
  expect(await buildsOf(form)).toEqual(['one']);
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('Unsaved');
  await form.getByRole('navigation').getByRole('link', { name: 'About' }).click();
  await form.getByRole('button', { name: 'Leave' }).click();
  await expect(form.getByRole('heading', { name: 'About build two' })).toBeVisible();
  expect(await buildsOf(form)).toEqual(['two']);

  // The new service worker takes over while the pages are open.
  await expect.poll(() => storedFiles(page), { timeout: 120_000 }).toHaveLength(1);
  await host.stop();
  await fresh.reload();
  await expect(fresh.getByRole('heading', { name: 'About build two' })).toBeVisible();
  expect(await buildsOf(fresh)).toEqual(['two']);
  await fresh.getByRole('navigation').getByRole('link', { name: 'Incidents' }).click();
  await expect(fresh.getByRole('heading', { name: 'Incidents' })).toBeVisible();
  expect(await buildsOf(fresh)).toEqual(['two']);
});

hosted('while the new build can’t be stored, the old one is not shown', async ({ context, page, host }) => {
  await host.serve('one');
  await openAndStore(page, host.url);
  host.unavailable.add('/worker.js');
  await host.serve('two');
  const fresh = await context.newPage();
  await fresh.goto(`${host.url}/#about`);
  await expect(fresh.getByRole('heading', { name: 'About build two' })).toBeVisible();
  expect(await buildsOf(fresh)).toEqual(['two']);
  await expect.poll(() => buildsOf(page)).toEqual(['two']);
  await host.stop();
  await expect(fresh.goto(host.url)).rejects.toThrow();
  // The server has the old build again.
  host.unavailable.clear();
  await host.serve('one');
  // The browser's error page may interrupt the first attempt.
  await expect(async () => fresh.goto(host.url)).toPass();
  await expect.poll(() => buildsOf(fresh)).toEqual(['one']);
  await host.stop();
  await fresh.reload();
  await expect.poll(() => buildsOf(fresh)).toEqual(['one']);
});

hosted('tabs that open together after an update all have the new build', async ({ context, page, host }) => {
  await host.serve('one');
  await openAndStore(page, host.url);
  host.unavailable.add('/worker.js');
  await host.serve('two');
  // Both documents are compared at the same time.
  await context.serviceWorkers()[0].evaluate(() => {
    const digest = crypto.subtle.digest.bind(crypto.subtle);
    let release = () => {};
    const both = new Promise((open) => (release = () => open(null)));
    let count = 0;
    crypto.subtle.digest = async (...data) => {
      if (++count === 2) {
        release();
      }
      await both;
      return digest(...data);
    };
  });
  const tabs = [await context.newPage(), await context.newPage()];
  let loads = 0;
  tabs.forEach((tab) => tab.on('request', (request) => (loads += Number(request.isNavigationRequest()))));
  await Promise.all(tabs.map((tab) => tab.goto(`${host.url}/#about`)));
  for (const tab of tabs) {
    await expect(tab.getByRole('heading', { name: 'About build two' })).toBeVisible();
    expect(await buildsOf(tab)).toEqual(['two']);
  }
  expect(loads).toBe(2); // With a wrong build, a tab loads again.
});

hosted('a page that wrongly counts as outdated reloads', async ({ context, page, host }) => {
  await host.serve('one');
  await openAndStore(page, host.url);
  await context.serviceWorkers()[0].evaluate(`(async () => {
    const [{ id }] = await clients.matchAll({ type: 'window' });
    state = Promise.resolve({ ...(await readState()), outdated: [id] });
  })()`);
  await page.evaluate(() => {
    document.documentElement.dataset.same = 'yes';
    navigator.serviceWorker.controller?.postMessage('build');
  });
  await expect(page.locator('html')).not.toHaveAttribute('data-same');
  await expect(page.locator('.connection')).toHaveText('Live');
});

test('the page opens if the browser’s storage is full or broken', async ({ context, page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await openAndStore(page, '/');
  for (const broken of ['put', 'match', 'open']) {
    await context.serviceWorkers()[0].evaluate((name) => {
      const fail = () => Promise.reject(new Error('broken'));
      const { prototype } = /** @type {any} */ (name === 'put' ? Cache : CacheStorage);
      prototype[name] = fail;
    }, broken);
    await page.reload();
    await expect(link(page, 'Shop'), broken).toBeVisible();
    await expect(page.locator('.connection'), broken).toHaveText('Live');
  }
});

test('the page does without a service worker', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'serviceWorker', { value: undefined });
    Object.defineProperty(window, 'caches', { value: undefined });
  });
  await page.clock.install();
  await page.goto('/');
  await expect(link(page, 'Shop')).toBeVisible();
  await page.clock.fastForward(10_000);
  await expect(page.locator('link[href="./views/not-found/not-found.css"]')).toHaveCount(1);
  await expect(link(page, 'Shop')).toBeVisible();
});

test.describe('with notifications', () => {
  test.use({ settings: { ALERT_FAIL_COUNT: '1' } });

  test('the service worker shows them, and a click opens the incident', async ({ context, page, nanomon }) => {
    await record(page, 'granted');
    await openAndStore(page, '/#incidents');
    await page.getByRole('switch', { name: 'Notifications in this browser' }).check();
    await page.waitForResponse('**/api/incidents?open=true&max=1000');
    const id = await addFailing(nanomon, { name: 'Shop' });
    await expect.poll(() => shown(page)).toEqual([expect.stringContaining('Shop: incident opened')]);
    const data = await page.evaluate(() => /** @type {any} */ (window).shown[0].options.data);
    await click(context.serviceWorkers()[0], data);
    await expect(page).toHaveURL(new RegExp(`#monitor/${id}\\?incident=`));
  });

  hosted('two pages of one origin have their own', async ({ context, page, host }) => {
    await host.serve('one');
    await record(page, 'granted');
    await openAndStore(page, `${host.url}/#incidents`);
    const control = (/** @type {Page} */ page) => page.getByRole('switch', { name: 'Notifications in this browser' });
    await control(page).check();
    const [worker] = context.serviceWorkers();
    const other = await context.newPage();
    await record(other, 'granted');
    await other.goto(`${host.url}/monitoring/#incidents`);
    await expect(control(other)).not.toBeChecked();
    await expect(other.locator('.connection')).toHaveText('Live');
    await click(worker, '#about');
    await expect(page).toHaveURL(`${host.url}/#about`);
    await expect(other).toHaveURL(`${host.url}/monitoring/#incidents`);
  });
});
