import { expect, test } from './fixtures.mjs';
import { Requests, addresses } from './views.mjs';

const MARKUP = '<img src=x onerror="globalThis.ran=1"><script>globalThis.ran=1</script>{{7*7}}';
const NAMES = {
  markup: MARKUP,
  'right to left': 'חנות המקוונת שלנו, متجرنا على الإنترنت 123',
  '300 characters': 'Sehrlangername'.repeat(30).slice(0, 300),
  '300 wide characters': '漢'.repeat(300),
  emoji: '👩‍👩‍👧‍👦🏴‍☠️🛒 Shop 🧨',
  'a property of Object': '__proto__',
};

test.use({ viewport: { width: 390, height: 800 } });

for (const [kind, name] of Object.entries(NAMES)) {
  test(`${kind} in name, group, target, rule and message is shown as text`, async ({ page, nanomon, target }) => {
    const requests = new Requests(page);
    target.status = 500;
    const id = await nanomon.add({
      name,
      group: [...name].slice(0, 100).join(''),
      labels: { label: [...name].slice(0, 100).join('') },
      target: `${target.url}?${encodeURIComponent(name).slice(0, 1500)}`,
      rule: `status == 200 || '${name.replaceAll("'", '"')}' == ''`,
    });
    await expect.poll(() => target.hits).toBeGreaterThan(1);
    for (const [view, address] of Object.entries(addresses(id))) {
      await page.goto(`/${address}`);
      await requests.settle();
      if (['list', 'wall', 'monitor', 'results'].includes(view)) {
        await expect
          .soft(page.locator('main').getByText(name).filter({ visible: true }).first(), `${view} shows the name`)
          .toBeVisible();
      }
      if (view === 'edit') {
        await expect(page.getByLabel('Name', { exact: true })).toHaveValue(name);
      }
      const overflow = await page.evaluate(widest);
      expect.soft(overflow, `${view}: elements wider than the screen`).toEqual([]);
      expect.soft(await page.locator('main img, main script').count(), `${view}: elements created from text`).toBe(0);
      expect.soft(await page.evaluate(() => 'ran' in globalThis), `${view} ran a script`).toBe(false);
    }
  });
}

/** Returns the elements that make the page wider than the screen. */
function widest() {
  if (document.documentElement.scrollWidth <= document.documentElement.clientWidth) {
    return [];
  }
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > innerWidth)
    .map((element) => /** @type {Element} */ (element.cloneNode()).outerHTML.slice(0, 120));
}
