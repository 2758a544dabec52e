import { expect, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

// A trace contains copies of the page. With a thousand tiles, it takes longer than the test.
test.use(/** @type {{}} */ ({ trace: 'off' }));

const headline = (/** @type {Page} */ page) => page.locator('.wall-headline h1');

for (const count of [12, 100, 1000]) {
  test(`${count} monitors fit on every screen size, and are rows on a phone`, async ({ page, nanomon }) => {
    const monitors = Array.from({ length: count }, (_, i) => ({
      name: `Monitor ${i} ${'x'.repeat(i % 60)}`,
      type: 'tcp',
      interval: '1h',
      target: '127.0.0.1:1',
      group: ['', 'Core', 'Edge', 'Shop'][i % 4],
      enabled: i < 5,
    }));
    await nanomon.import(monitors);
    await page.goto('/#wall');
    await expect(headline(page)).toHaveText('5 failed');
    await expect(page.locator('a.tile')).toHaveCount(count);
    for (const [width, height] of [
      [390, 844],
      [1280, 720],
      [1920, 1080],
      [2560, 1440],
      [3840, 2160],
    ]) {
      await page.setViewportSize({ width, height });
      const isPhone = width === 390;
      const measure = () =>
        page.evaluate(
          (least) => {
            const { scrollWidth, scrollHeight } = document.documentElement;
            const clips = [...document.querySelectorAll('a.tile')].filter((tile) => {
              const { left, right, bottom, width, height } = tile.getBoundingClientRect();
              return (
                left < 0 || right > innerWidth || bottom + scrollY > scrollHeight || Math.min(width, height) < least
              );
            });
            const names = [...document.querySelectorAll('.tile-name')].filter((name) => name.clientWidth > 100);
            return {
              wide: scrollWidth > innerWidth,
              clipped: clips.length,
              scrolls: scrollHeight > innerHeight,
              named: names.length === document.querySelectorAll('a.tile').length,
            };
          },
          isPhone ? 44 : 14,
        );
      const expected = isPhone ? { named: true } : { scrolls: false };
      await expect.poll(measure).toMatchObject({ wide: false, clipped: 0, ...expected });
    }
    await expect(page.getByRole('link', { name: `${monitors[1].name}: Failed` })).toBeVisible();
  });
}

/** Opens the wall and returns the time until it shows a thousand tiles, in milliseconds. */
async function showWall() {
  const start = performance.now();
  location.hash = '#wall';
  while (document.querySelectorAll('a.tile[href]').length < 1000) {
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - start;
}

test('1,000 tiles are shown within a second, and a result updates only its own tile', async ({
  page,
  nanomon,
  target,
}) => {
  const monitor = { type: 'http', target: target.url, interval: '1h', enabled: false };
  const others = Array.from({ length: 999 }, (_, i) => ({ ...monitor, name: `Monitor ${i}`, group: `Group ${i % 8}` }));
  await nanomon.import([...others, { ...monitor, name: 'Shop', interval: '1s', enabled: true, group: 'Group 1' }]);
  await page.goto('/#about');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(page.getByText('1000', { exact: true })).toBeVisible();
  await expect.poll(() => target.hits).toBeGreaterThan(0);
  // The best of several runs, to exclude the load of other programs.
  await expect(async () => {
    await page.goto('/#about');
    await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
    expect(await page.evaluate(showWall)).toBeLessThan(1000);
  }).toPass();

  await expect(headline(page)).toHaveText('1 OK');
  await page.evaluate(() => {
    /** @type {Map<string, number>} */
    const updated = new Map();
    Object.assign(window, { updated });
    new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        const name = element?.closest('.tile')?.querySelector('.tile-name')?.textContent;
        if (name) {
          updated.set(name, (updated.get(name) ?? 0) + 1);
        }
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  const updated = () => page.evaluate(() => Object.fromEntries(/** @type {any} */ (window).updated));
  await expect.poll(async () => Object.values(await updated())[0] ?? 0).toBeGreaterThan(2);
  expect(Object.keys(await updated())).toEqual(['Shop']);
});
