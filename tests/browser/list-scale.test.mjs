import { expect, row, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

const MONITORS = 1000;
const GROUPS = 20;
const LAST = 'Monitor 1000';
/** The limits of the first load: until the first rows, and all that is transferred. */
const MAX_TIME = 600;
const MAX_BYTES = 200_000;
const MAX_REQUESTS = 30;
/** The maximum length of a task while scrolling, in milliseconds. */
const MAX_TASK = 50;

/**
 * @param {NanoMon} nanomon
 * @param {string} target
 */
async function importMany(nanomon, target) {
  const monitors = Array.from({ length: MONITORS }, (_, i) => ({
    name: `Monitor ${i + 1}`,
    type: 'http',
    interval: '10s',
    target,
    rule: 'status == 200',
    group: `Group ${Math.floor((i * GROUPS) / MONITORS) + 1}`,
    labels: { team: `team ${i % 7}`, env: i % 3 ? 'production' : 'test', host: `host-${i % 200}` },
  }));
  const response = await fetch(`${nanomon.url}/api/monitors/import`, {
    method: 'POST',
    body: JSON.stringify(monitors),
  });
  expect(response.status).toBe(204);
}

/**
 * Returns the longest task of the page during work, in milliseconds of processor time: other programs may delay a task.
 * @param {Page} page
 * @param {() => Promise<unknown>} work
 * @returns {Promise<number>}
 */
async function longestTask(page, work) {
  const browser = page.context().browser();
  await browser?.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  await work();
  const { traceEvents } = JSON.parse(String(await browser?.stopTracing()));
  const key = (/** @type {{pid: number, tid: number}} */ { pid, tid }) => `${pid} ${tid}`;
  const mainThreads = new Set(
    traceEvents
      .filter((/** @type {any} */ { name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(key),
  );
  const tasks = traceEvents.filter(
    (/** @type {any} */ event) => /\bRunTask$/.test(event.name) && event.tdur > 0 && mainThreads.has(key(event)),
  );
  expect(tasks.length).toBeGreaterThan(10);
  return Math.max(...tasks.map((/** @type {{tdur: number}} */ { tdur }) => tdur)) / 1000;
}

/**
 * Types into the search and returns the median time until a change is drawn, in milliseconds.
 * @param {Element} search
 * @returns {Promise<number>}
 */
async function typeText(search) {
  const field = /** @type {HTMLInputElement} */ (search);
  const times = [];
  for (const text of ['m', 'mo', 'mon', 'monitor', '9', '99', '999', '99', '9', '', '7', '77', '77 g', '1', '1000']) {
    const start = performance.now();
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

/** Scrolls from the top to the end, by most of a screen per frame. */
function scrollThrough() {
  return new Promise((resolve) => {
    const step = () => {
      scrollBy(0, innerHeight * 0.8);
      if (scrollY + innerHeight >= document.documentElement.scrollHeight - 1) {
        requestAnimationFrame(resolve);
      } else {
        requestAnimationFrame(step);
      }
    };
    scrollTo(0, 0);
    requestAnimationFrame(step);
  });
}

test.beforeEach(async ({ nanomon, target }) => {
  await importMany(nanomon, target.url);
});

test('the list needs one request, and the first rows are there within 600 ms', async ({ page }) => {
  /** @type {string[]} */
  let requested = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      if (document.querySelector('.line .who a, main section:not(.list-view) h1')?.textContent) {
        observer.disconnect();
        requestAnimationFrame(() => performance.mark('usable'));
      }
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  const load = async (/** @type {string} */ address) => {
    requested = [];
    await page.goto('about:blank');
    await page.goto(address);
    await page.waitForFunction(() => performance.getEntriesByName('usable').length > 0);
    return page.evaluate(() => performance.getEntriesByName('usable')[0].startTime);
  };
  // On a busy machine, a nearly empty view is slow too.
  const compare = async () => {
    const baseline = await load('/#about');
    return (await load('/')) / Math.max(MAX_TIME, 2 * baseline);
  };
  await expect.poll(compare, { timeout: 60_000 }).toBeLessThan(1);
  const lists = requested.filter((path) => path.startsWith('/api/monitors'));
  expect(new Set(lists)).toEqual(new Set(['/api/monitors']));
  // The list is loaded again if the event stream opens after it was loaded.
  expect(lists.length).toBeLessThanOrEqual(2);
  await expect(page.getByText('1,000 monitors')).toBeVisible();
  expect(await page.locator('.line').count()).toBeLessThan(60);
  await expect(page.getByRole('table')).toHaveAttribute('aria-rowcount', String(1 + GROUPS + MONITORS));
});

// The monitors have a few results each. TestListOfManyMonitorsIsSmall (services/api/server) limits a list with 30 results.
test('page and list together are small, and nothing shifts', async ({ page, nanomon }) => {
  const checked = async () => {
    const list = await (await fetch(`${nanomon.url}/api/monitors?include=latest`)).json();
    return list.filter((/** @type {{latest: object | null}} */ { latest }) => latest).length;
  };
  await expect.poll(checked, { timeout: 60_000 }).toBe(MONITORS);
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  /** @type {Set<string>} */
  const requested = new Set();
  page.on('request', (request) => requested.add(request.url()));
  await page.addInitScript(() => {
    const seen = { shift: 0 };
    Object.assign(window, { seen });
    new PerformanceObserver((list) => {
      list.getEntries().forEach((entry) => (seen.shift += /** @type {any} */ (entry).value));
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto('/');
  await expect(page.getByText('1,000 monitors')).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  expect(requested.size, [...requested].join('\n')).toBeLessThanOrEqual(MAX_REQUESTS);
  expect(await page.evaluate(() => /** @type {any} */ (window).seen.shift)).toBeLessThan(0.02);
});

test('the search updates the list while typing', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText('1,000 monitors')).toBeVisible();
  const type = () => page.getByRole('searchbox').evaluate(typeText);
  await expect.poll(type, { timeout: 60_000 }).toBeLessThan(100);
  await expect(page.getByText('1 of 1,000')).toBeVisible();
  await expect(row(page, LAST)).toBeVisible();
});

test('scrolling to the end draws the last row without stutter', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText('1,000 monitors')).toBeVisible();
  const scroll = () => longestTask(page, () => page.evaluate(scrollThrough));
  await expect.poll(scroll, { timeout: 60_000 }).toBeLessThan(MAX_TASK);
  await expect(row(page, LAST)).toBeInViewport();
  await expect(row(page, LAST)).toHaveAttribute('aria-rowindex', String(1 + GROUPS + MONITORS));
  expect(await page.locator('.line').count()).toBeLessThan(60);
  await expect(row(page, 'Monitor 1')).toHaveCount(0);
});

test('a focused row stays in the document while scrolling', async ({ page }) => {
  await page.goto('/');
  await row(page, 'Monitor 1').getByRole('link', { name: 'Monitor 1', exact: true }).focus();
  await page.evaluate(scrollThrough);
  await expect(row(page, LAST)).toBeInViewport();
  await expect(row(page, 'Monitor 1').getByRole('link', { name: 'Monitor 1', exact: true })).toBeFocused();
  await page.evaluate(() => scrollTo(0, 0));
  await expect(row(page, 'Monitor 2')).toBeInViewport();
});

test('a change of one monitor updates only its row', async ({ page, nanomon, target }) => {
  // Disable all monitors but one, so that only this one changes.
  const monitors = await (await fetch(`${nanomon.url}/api/monitors`)).json();
  const updates = monitors.map((/** @type {{name: string}} */ monitor) => ({
    ...monitor,
    enabled: monitor.name === 'Monitor 3',
    interval: '1s',
  }));
  await fetch(`${nanomon.url}/api/monitors/import`, { method: 'POST', body: JSON.stringify(updates) });
  // New figures may change any row.
  await page.route('**/api/monitors?include=summary', (route) => route.fulfill({ status: 304 }));
  await page.goto('/#list?sort=name');
  await expect(row(page, 'Monitor 3')).toContainText('OK');
  await expect(row(page, 'Monitor 4')).toContainText('Disabled');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  const updated = await page.evaluateHandle(() => {
    /** @type {Set<string>} */
    const updated = new Set();
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        // The relative times change in every row.
        if (!element?.closest('time')) {
          updated.add(element?.closest('.line')?.querySelector('a')?.textContent ?? 'the table');
        }
      }
    });
    observer.observe(/** @type {Element} */ (document.querySelector('.monitors')), {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    return updated;
  });
  target.status = 500;
  await expect(row(page, 'Monitor 3')).toContainText('Error');
  expect(await updated.evaluate((updated) => [...updated])).toEqual(['Monitor 3']);
});
