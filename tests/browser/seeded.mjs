import { expect, test as base } from './fixtures.mjs';
import { NanoMon } from './nanomon.mjs';
import { addStatusPage } from './shop-status-page.mjs';
import { Shop, addWindows, seed } from './shop.mjs';
import { Requests, addresses, comparedIDs } from './views.mjs';

export { expect };

/** The length of the monitors' history, in days. */
const DAYS = 3;

/** @type {import('../../frontend/playwright-test.js').Fixtures<{}, {seeded: NanoMon}>} */
const shared = {
  seeded: [
    async ({}, use) => {
      const [shop, nanomon] = [new Shop(), new NanoMon()];
      await shop.open();
      try {
        await nanomon.create((data) => seed(data, shop.entries(), DAYS));
        await addWindows(nanomon.url, await nanomon.idOf('Payments API'));
        await addStatusPage(nanomon);
        await use(nanomon);
      } finally {
        await nanomon.destroy();
        await shop.close();
      }
    },
    { scope: 'worker' },
  ],
};

/** @type {import('../../frontend/playwright-test.js').Fixtures<Own, {}, {page: import('../../frontend/playwright-test.js').Page, nanomon: NanoMon}, {seeded: NanoMon}>} */
const own = {
  nanomon: ({ seeded }, use) => use(seeded),
  views: async ({ nanomon }, use) => {
    const [{ id }] = await (await fetch(`${nanomon.url}/api/status-pages`)).json();
    await use(addresses(await nanomon.idOf('Payments API'), await comparedIDs(nanomon), id));
  },
  requests: async ({ page }, use) => use(new Requests(page)),
};

/**
 * For tests that change nothing: they share a NanoMon with a history of several days, because creating the history takes
 * long. Each test gets the addresses of the views and the requests of its own page.
 * @typedef {{views: Record<string, string>, requests: Requests}} Own
 */
export const test = base.extend(shared).extend(own);
