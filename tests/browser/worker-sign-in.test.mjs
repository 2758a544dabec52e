import { button, expect, signIn, test } from './sign-in-fixtures.mjs';
import { prefetched } from './views.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */

// These tests are about the service worker, so they allow it.
test.use({ serviceWorkers: 'allow' });

/**
 * Returns the addresses of all stored responses.
 * @param {Page} page
 */
function stored(page) {
  return page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) {
      found.push(...(await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname));
    }
    return found;
  });
}

test('while sign-in is on no answer of the API is stored, and nothing is left after signing out', async ({
  page,
  nanomon,
}) => {
  await page.clock.install();
  await page.goto('/');
  // Answers of a time without sign-in.
  await page.evaluate(async () => {
    const cache = await caches.open('nanomon / answers old');
    await cache.put('/api/monitors?include=brief', new Response('[]'));
  });
  await signIn(page);
  await page.clock.fastForward(10_000);
  await prefetched(page);
  await expect.poll(() => stored(page)).toContain('/lib/msal.js');
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  for (const view of ['list', 'wall', 'incidents', 'results', 'about']) {
    await page.goto(`/#${view}`);
    await page.reload();
    await expect(page.locator('.connection')).toHaveText('Live');
  }
  await expect(button(page, 'Sign out')).toBeVisible();
  expect((await stored(page)).filter((path) => path.startsWith('/api/'))).toEqual([]);
  expect(await stored(page)).toContain('/config.json');

  await button(page, 'Sign out').click();
  await button(page, 'Sign me out').click();
  await page.waitForURL(`${nanomon.url}/`);
  expect(await stored(page)).toEqual([]);
  expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
});
