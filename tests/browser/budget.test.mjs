import { expect, test } from './seeded.mjs';
import { addresses, frames } from './views.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('../../frontend/playwright-test.js').Route} Route */
/** @typedef {{shift: number, violations: string[]}} Seen */

/**
 * The maximum number of bytes of the first load without the list of monitors, by encoding. Page and list of 1,000 monitors may
 * have 200 KB together: services/api/server/list_size_test.go has the share of the list.
 */
const MAX_PAGE_BYTES = { br: 83_000, gzip: 93_000 };
const LIST = '/api/monitors?';
/** The limits of the first load. */
const MAX_REQUESTS = 30;
const MAX_ROUND_TRIPS = 3;
/** The maximum cumulative layout shift, as Chromium measures it. */
const MAX_SHIFT = 0.02;
const VIEWS = Object.keys(addresses('', [], 'any'));

for (const [encoding, maxBytes] of Object.entries(MAX_PAGE_BYTES)) {
  test(`the first load is small with ${encoding}`, async ({ page, requests }) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await page.setExtraHTTPHeaders({ 'Accept-Encoding': encoding });
    /** @type {Map<string, string>} */
    const urls = new Map();
    /** @type {Map<string, number>} */
    const sizes = new Map();
    session.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, request.url));
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
      sizes.set(requestId, encodedDataLength),
    );
    // The list is read a second time if the event stream opens late, because events may have been missed.
    /** @type {Set<string>} */
    const requested = new Set();
    // New figures are read when the API has computed them, which may be during the load.
    page.on('request', (request) => request.url().endsWith('?include=summary') || requested.add(request.url()));
    await page.goto('/');
    await expect(page.locator('main a[href^="#monitor/"]').first()).toBeVisible();
    await requests.settle();
    const bytes = [...sizes].reduce((sum, [id, size]) => sum + (urls.get(id)?.includes(LIST) ? 0 : size), 0);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes, JSON.stringify([...sizes].map(([id, size]) => [urls.get(id), size]))).toBeLessThanOrEqual(maxBytes);
    expect(requested.size, [...requested].join('\n')).toBeLessThanOrEqual(MAX_REQUESTS);
  });
}

// Holds back requests until the page sends no more, and then answers all of them together. That is one round trip.
test('the first load takes few round trips', async ({ page }) => {
  /** @type {Route[]} */
  let waiting = [];
  /** @type {Set<object>} */
  const running = new Set();
  page.on('requestfinished', (request) => running.delete(request));
  await page.route('**/*', (route) => (route.request().isNavigationRequest() ? route.continue() : waiting.push(route)));
  const shown = page.locator('main a[href^="#monitor/"]').first();
  await page.goto('/', { waitUntil: 'commit' });
  const rounds = [['/']];
  while (!(await shown.isVisible())) {
    await expect.poll(async () => waiting.length > 0 || (await shown.isVisible())).toBe(true);
    await quiet(page, () => waiting.length);
    const round = waiting;
    waiting = [];
    rounds.push(round.map((route) => route.request().url()));
    for (const route of round) {
      if (!route.request().url().endsWith('/api/events')) {
        running.add(route.request());
      }
      await route.continue();
    }
    await expect.poll(() => running.size).toBe(0);
    await quiet(page, () => waiting.length);
  }
  expect(rounds.length, JSON.stringify(rounds, null, 2)).toBeLessThanOrEqual(MAX_ROUND_TRIPS);
});

test('the policy allows no inline scripts and no eval', async ({ nanomon }) => {
  const response = await fetch(nanomon.url);
  const policy = response.headers.get('Content-Security-Policy');
  expect(policy).toContain("default-src 'none'; script-src 'self';");
  expect(policy).not.toContain('unsafe');
});

for (const width of [390, 1280]) {
  for (const name of VIEWS) {
    test(`${name} at ${width} px follows the content security policy and does not shift when its data loads`, async ({
      page,
      views,
      requests,
    }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.addInitScript(watch);
      let release = () => {};
      const released = new Promise((open) => (release = () => open(null)));
      // Block the stream, so that no other results arrive.
      await page.route(
        '**/api/**',
        (route) => route.request().url().endsWith('/events') || released.then(() => route.continue()),
      );
      await page.goto(`/${views[name]}`);
      await page.locator('main > :not(#boot)').waitFor();
      await frames(page);
      release();
      await requests.settle();
      const { shift, violations, moved } = await page.evaluate(() => /** @type {any} */ (window).seen);
      expect(violations).toEqual([]);
      expect(shift, moved.join('\n')).toBeLessThan(MAX_SHIFT);
    });
  }
}

/** Records layout shifts and policy violations in the page. */
function watch() {
  const seen = { shift: 0, moved: /** @type {string[]} */ ([]), violations: /** @type {string[]} */ ([]) };
  Object.assign(window, { seen });
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    seen.violations.push(`${violatedDirective}: ${blockedURI}`);
  });
  new PerformanceObserver((list) => {
    for (const entry of /** @type {any[]} */ (list.getEntries())) {
      seen.shift += entry.value;
      for (const { node, previousRect: from, currentRect: to } of entry.sources) {
        const element = /** @type {Element | null} */ (node?.nodeType === Node.TEXT_NODE ? node.parentElement : node);
        const which = /** @type {Element | undefined} */ (element?.cloneNode())?.outerHTML;
        seen.moved.push(
          `${which}: ${from.x},${from.y} ${from.width}x${from.height} -> ${to.x},${to.y} ${to.width}x${to.height}`,
        );
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

/**
 * Waits until count stays the same for several turns of the page's event loop.
 * @param {Page} page
 * @param {() => number} count
 */
async function quiet(page, count) {
  for (let turns = 0, last = -1; turns < 10; turns++) {
    if (count() !== last) {
      [turns, last] = [0, count()];
    }
    await page.evaluate(() => new Promise((turn) => setTimeout(turn))).catch(() => (turns = 0));
  }
}
