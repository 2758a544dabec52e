import { expect, test as base } from './fixtures.mjs';
import { NanoMon } from './nanomon.mjs';
import { Shop, plan, seed } from './shop.mjs';
import { Requests, addresses } from './views.mjs';

export { expect };

/** How long a history the monitors have, in days. */
const DAYS = 3;

/** @type {import('../../frontend/playwright-test.js').Fixtures<{}, {stocked: NanoMon}>} */
const shared = {
  stocked: [
    async ({}, use) => {
      const [shop, nanomon] = [new Shop(), new NanoMon()];
      await shop.open();
      try {
        await nanomon.create((data) => seed(data, shop.entries(), DAYS));
        await plan(nanomon.url, await nanomon.idOf('Payments API'));
        await use(nanomon);
      } finally {
        await nanomon.destroy();
        await shop.close();
      }
    },
    { scope: 'worker' },
  ],
};

/** @type {import('../../frontend/playwright-test.js').Fixtures<Own, {}, {page: import('../../frontend/playwright-test.js').Page, nanomon: NanoMon}, {stocked: NanoMon}>} */
const own = {
  nanomon: ({ stocked }, use) => use(stocked),
  views: async ({ nanomon }, use) => use(addresses(await nanomon.idOf('Payments API'))),
  requests: async ({ page }, use) => use(new Requests(page)),
};

/**
 * For tests that only look: they share a NanoMon that has watched a shop for some days, since filling it takes a
 * while. Each has the addresses of its views, and the requests of its own page.
 * @typedef {{views: Record<string, string>, requests: Requests}} Own
 */
export const test = base.extend(shared).extend(own);
