import { expect, test } from './seeded.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./views.mjs').Requests} Requests */

for (const width of [390, 1280]) {
  test(`at ${width} px each view looks the same whatever was shown before`, async ({ page, views, requests }) => {
    await page.setViewportSize({ width, height: 800 });
    const now = new Date();
    await page.clock.setFixedTime(now);
    await replayResponses(page, now);
    const names = Object.keys(views);
    /** @type {Record<string, string[]>} */
    const first = {};
    for (const name of names) {
      first[name] = await boxesOf(page, views[name], requests);
    }
    const compareBackwards = async () => {
      for (const name of names.toReversed()) {
        expect(await boxesOf(page, views[name], requests), name).toEqual(first[name]);
      }
    };
    await compareBackwards();
    await page.goto('about:blank'); // The page forgets the styles of all views.
    await compareBackwards();
  });
}

/**
 * Opens a view and returns the position and size of each of its elements.
 * @param {Page} page
 * @param {string} address
 * @param {Requests} requests
 */
async function boxesOf(page, address, requests) {
  await page.goto(`/${address}`);
  await requests.settle();
  return page.evaluate(() => {
    scrollTo(0, 0);
    return [...document.querySelectorAll('body *')].map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const id = element.id.replace(/-k\d+$/, ''); // The form of a status page numbers its sections, also across views.
      return `${element.localName} ${id} ${element.className} ${[x, y, width, height].map(Math.round)}`;
    });
  });
}

/**
 * Answers each request to the API as the first one with the same address, so that neither the data nor the time changes.
 * @param {Page} page
 * @param {Date} now
 */
async function replayResponses(page, now) {
  /** @type {Map<string, Promise<import('../../frontend/playwright-test.js').APIResponse>>} */
  const responses = new Map();
  await page.route('**/api/**', async (route) => {
    const url = route.request().url();
    if (url.endsWith('/events')) {
      return; // No stream: there are no new results.
    }
    const response = responses.get(url) ?? route.fetch();
    responses.set(url, response);
    const headers = { ...(await response).headers(), date: now.toUTCString() };
    await route.fulfill({ response: await response, headers });
  });
}
