import { expect as baseExpect, test as base } from '../../frontend/playwright-test.js';
import config from '../../frontend/playwright.config.js';
import { NanoMon, Target } from './nanomon.mjs';

// Programs that use the page without Playwright's test runner, such as use.mjs, wait as long as the tests.
export const expect = baseExpect.configure({ timeout: config.expect?.timeout });

/** The warning of Playwright when the page registers its service worker and the test does not allow it. */
const WORKER_BLOCKED = 'Service Worker registration blocked by Playwright';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {{nanomon: NanoMon, target: Target, requestsFail: boolean, others: string[], settings: Record<string, string>, complaints: string[]}} Own */

/**
 * Every test has its own NanoMon and target. A test fails if its page logs an error or a warning, or sends a request to
 * another server. Failed requests are allowed only with requestsFail.
 * @type {import('../../frontend/playwright-test.js').TestType<
 *   import('../../frontend/playwright-test.js').PlaywrightTestArgs &
 *     import('../../frontend/playwright-test.js').PlaywrightTestOptions & Own,
 *   import('../../frontend/playwright-test.js').PlaywrightWorkerArgs &
 *     import('../../frontend/playwright-test.js').PlaywrightWorkerOptions>}
 */
export const test = base.extend({
  requestsFail: [false, { option: true }],
  /** Other origins to which the page may send requests. */
  others: [[], { option: true }],
  /** Environment variables of NanoMon. */
  settings: [{}, { option: true }],

  nanomon: async ({ settings }, use) => {
    const nanomon = new NanoMon(settings);
    try {
      await nanomon.create();
      await use(nanomon);
    } finally {
      await nanomon.destroy();
    }
  },

  target: async ({}, use) => {
    const target = new Target();
    await target.open();
    await use(target);
    await target.close();
  },

  baseURL: async ({ nanomon }, use) => use(nanomon.url),

  complaints: [watchPage, { auto: true }],
});

/**
 * @param {Own & {page: Page}} fixtures
 * @param {(complaints: string[]) => Promise<void>} use
 */
async function watchPage({ page, nanomon, requestsFail, others }, use) {
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (message) => {
    const expected =
      message.text() === WORKER_BLOCKED || (requestsFail && message.text().startsWith('Failed to load resource'));
    if (['error', 'warning'].includes(message.type()) && !expected) {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (![nanomon.url, ...others].includes(new URL(request.url()).origin)) {
      complaints.push(`request to ${request.url()}`);
    }
  });
  await use(complaints);
  // A request that the test still answers when it ends is not a failure.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  expect(complaints).toEqual([]);
}

/**
 * Clicks a button that repeats a failed request, unless the page has repeated it by itself before the click.
 * @param {import('../../frontend/playwright-test.js').Locator} button
 */
export async function tryAgain(button) {
  await button.click({ timeout: 5000 }).catch(() => expect(button).toBeHidden());
}

/**
 * Returns the row of the list with a name.
 * @param {Page} page
 * @param {string} name
 */
export function row(page, name) {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
}
