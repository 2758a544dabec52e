// Words that every view uses.
import { formatCount } from '../../frontend/app/format.js';
import { test as plain } from '../../frontend/playwright-test.js';
import { expect, test } from './fixtures.mjs';
import { Requests, addresses } from './views.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

for (const [count, text] of /** @type {[number, string][]} */ ([
  [0, '0 monitors'],
  [1, '1 monitor'],
  [2, '2 monitors'],
  [12_345, `${(12_345).toLocaleString()} monitors`],
])) {
  plain(`${count} is shown as ${text}`, () => expect(formatCount(count, 'monitor')).toBe(text));
}

/**
 * Opens every view and calls a function with its name and its text.
 * @param {Page} page
 * @param {import('./nanomon.mjs').NanoMon} nanomon
 * @param {(name: string, text: string) => void} check
 */
async function readViews(page, nanomon, check) {
  const requests = new Requests(page);
  const id = await nanomon.idOf('Shop');
  for (const [name, address] of Object.entries(addresses(id))) {
    await page.goto(`/${address}`);
    await requests.settle();
    const labels = await page
      .locator('[aria-label], [title]')
      .evaluateAll((all) => all.map((element) => `${element.ariaLabel ?? ''}\n${element.getAttribute('title') ?? ''}`));
    check(name, [await page.locator('body').innerText(), ...labels].join('\n'));
  }
}

for (const width of [390, 1280]) {
  test(`one thing is in the singular in every view, ${width} pixels wide`, async ({ page, nanomon, target }) => {
    await page.setViewportSize({ width, height: 800 });
    await nanomon.add({ name: 'Shop', target: target.url, group: 'Core', interval: '1h' });
    await expect.poll(() => target.hits).toBeGreaterThan(0);
    await readViews(page, nanomon, (name, text) => {
      const wrong =
        /(?<![\d.,:])1 (more |other |new )?(monitor|result|day|check|incident|notification|attempt|runner|recipient|change|group|hour|minute|second|time|output)s\b/;
      expect([name, wrong.exec(text)?.[0], /\w\(s\)/.exec(text)?.[0]]).toEqual([name, undefined, undefined]);
    });
  });
}

test('no view names an environment variable', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await readViews(page, nanomon, (name, text) =>
    expect([name, /\b[A-Z]{2,}(_[A-Z]+)+\b|[Ee]nvironment variable/.exec(text)?.[0]]).toEqual([name, undefined]),
  );
});
