import { commonPrefix, headingOf, linesOf, shortened, withoutPrefix } from '../../frontend/app/views/wall/names.js';
import { prefixFinder } from '../../frontend/app/views/wall/tiles.js';
import { test as plain } from '../../frontend/playwright-test.js';
import { expect, test } from './fixtures.mjs';

const SIZES = [
  [320, 640],
  [390, 844],
  [768, 1024],
  [1280, 720],
  [1920, 1080],
  [3840, 2160],
];

for (const { names, prefix, short } of [
  { names: ['Shop EU web', 'Shop EU api'], prefix: 'Shop EU ', short: ['web', 'api'] },
  { names: ['Shop EU web', 'Shop US api', 'Shop mail'], prefix: 'Shop ', short: ['EU web', 'US api', 'mail'] },
  { names: ['Shop EU', 'Shop EU web'], prefix: 'Shop ', short: ['EU', 'EU web'] },
  { names: ['Shop', 'Shop web'], prefix: '', short: ['Shop', 'Shop web'] },
  { names: ['Shop web', 'Shop web'], prefix: 'Shop ', short: ['web', 'web'] },
  { names: ['Shop', 'Shopping'], prefix: '', short: ['Shop', 'Shopping'] },
  { names: ['Shop EU web'], prefix: '', short: ['Shop EU web'] },
  { names: [], prefix: '', short: [] },
  { names: ['web Shop', 'api Shop'], prefix: '', short: ['web Shop', 'api Shop'] },
  { names: ['shop-eu-web', 'shop-eu-api'], prefix: 'shop-eu-', short: ['web', 'api'] },
  { names: ['shop_web', 'shop_api'], prefix: 'shop_', short: ['web', 'api'] },
  { names: ['Shop: web', 'Shop: api'], prefix: 'Shop: ', short: ['web', 'api'] },
  { names: ['Shop -', 'Shop - web'], prefix: '', short: ['Shop -', 'Shop - web'] },
  { names: ['10.0.0.1', '10.0.0.2'], prefix: '', short: ['10.0.0.1', '10.0.0.2'] },
  { names: ['Laden Köln', 'Laden Kölsch'], prefix: 'Laden ', short: ['Köln', 'Kölsch'] },
  { names: ['店 東京', '店 大阪'], prefix: '店 ', short: ['東京', '大阪'] },
  { names: ['👩‍💻 web', '👩‍🔬 web'], prefix: '', short: ['👩‍💻 web', '👩‍🔬 web'] },
]) {
  plain(`the common prefix of ${JSON.stringify(names)} is “${prefix}”`, () => {
    expect(commonPrefix(names)).toBe(prefix);
    expect(names.map((name) => withoutPrefix(name, prefix))).toEqual(short);
  });
}

for (const [group, prefix, heading] of [
  ['Shop', '', 'Shop'],
  ['Shop', 'Shop ', 'Shop'],
  ['Shop', 'shop-', 'Shop'],
  ['Shop', 'Shop EU ', 'Shop EU'],
  ['Shop', 'Shopping EU ', 'Shop · Shopping EU'],
  ['Production', 'Shop EU ', 'Production · Shop EU'],
]) {
  plain(`the group ${group} with the prefix “${prefix}” has the heading ${heading}`, () => {
    expect(headingOf(group, prefix)).toBe(heading);
  });
}

for (const [text, width, lines, shown] of /** @type {[string, number, number, string[]][]} */ ([
  ['Shop EU web', 11, 1, ['Shop EU web']],
  ['Shop EU web', 7, 2, ['Shop EU', 'web']],
  ['Shop EU payments api 12', 12, 1, ['Shop EU … 12']],
  ['Shop EU payments api 12', 12, 2, ['Shop EU …', 'api 12']],
  ['shop-eu-web', 8, 2, ['shop-eu-', 'web']],
  ['abcdefghij', 4, 3, ['abcd', 'efgh', 'ij']],
  ['abcdefghij', 5, 1, ['ab…ij']],
  ['Shop abcdefghijklm web', 8, 2, ['Shop …', 'web']],
  ['支払いシステム監視', 5, 1, ['支払…監視']],
  ['👩‍💻👩‍💻👩‍💻👩‍💻', 11, 1, ['👩‍💻…👩‍💻']],
  ['abcdefghij', 1, 1, ['…']],
])) {
  plain(`“${text}” is shown in ${lines} lines of ${width} as ${shown.join(' / ')}`, () => {
    const box = { width, lines, measure: (/** @type {string} */ part) => part.length };
    expect(shortened(text, box)).toEqual(shown);
    const isWhole = !shown.join('').includes('…');
    expect(linesOf(text, box)).toEqual(isWhole ? shown : null);
  });
}

const NAMES = [
  'x'.repeat(100),
  'W'.repeat(100),
  'Payments and subscriptions of the shop for customers in the European Union, production, region 1',
  'payments-and-subscriptions-eu-central-1.production.example.com',
  '支払いシステム監視サーバー本番環境東京リージョン第一データセンター',
  'مراقبة خدمة المدفوعات في المنطقة الأوروبية للإنتاج',
  'การตรวจสอบระบบชำระเงินสำหรับลูกค้าในยุโรป',
  '👩‍💻🚀'.repeat(20),
  'Ågj',
];

for (const count of [9, 60, 300]) {
  test(`no text of ${count} tiles is cut off`, async ({ page, nanomon }) => {
    await nanomon.import(
      Array.from({ length: count }, (_, i) => ({
        name: `${NAMES[i % NAMES.length]} ${i}`.slice(-100),
        type: 'tcp',
        interval: '2s',
        target: '127.0.0.1:1',
        group: ['', 'Core', 'g'.repeat(100), 'Payments and subscriptions of all customers'][i % 4],
        enabled: i < 4,
      })),
    );
    await page.goto('/#wall');
    await expect(page.locator('a.tile')).toHaveCount(count);
    await expect(page.locator('a.tile.failed').first()).toBeVisible();
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      await expect(async () => expect(await page.evaluate(cutTexts)).toEqual([])).toPass();
    }
  });
}

test('the heading of a group has its complete name for screen readers', async ({ page, nanomon }) => {
  const group = 'Payments'.repeat(13).slice(0, 100);
  await nanomon.add({ name: 'Shop', type: 'tcp', target: '127.0.0.1:1', group, enabled: false });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/#wall');
  const heading = page.locator('.wall-group h2');
  await expect(heading).toHaveText(/…/);
  await expect(page.getByRole('heading', { name: group, exact: true })).toHaveCount(1);
});

test('no text is cut off with more space between letters and words, or on paper', async ({ page, nanomon }) => {
  await nanomon.import(
    NAMES.map((name, i) => ({
      name: name.slice(0, 100),
      type: 'tcp',
      interval: '1h',
      target: '127.0.0.1:1',
      group: ['Core', 'Payments and subscriptions of all customers'][i % 2],
      enabled: i < 4,
    })),
  );
  await page.goto('/#wall');
  await expect(page.locator('a.tile.failed')).toHaveCount(4);
  await page.evaluate(() => {
    Object.assign(document.documentElement.style, { letterSpacing: '0.12em', wordSpacing: '0.16em' });
  });
  await page.setViewportSize({ width: 1300, height: 720 });
  await expect(async () => expect(await page.evaluate(cutTexts)).toEqual([])).toPass({ timeout: 10_000 });
  await page.emulateMedia({ media: 'print' });
  await page.locator('.wall').evaluate((wall) => (wall.style.width = '640px')); // Fits nothing, like printing.
  expect(await page.evaluate(cutTexts)).toEqual([]);
});

test('texts are measured again only if they or their boxes differ', async ({ page, nanomon }) => {
  await nanomon.import(
    NAMES.map((name) => ({
      name: name.slice(0, 100),
      type: 'tcp',
      interval: '1h',
      target: '127.0.0.1:1',
      group: 'Core',
    })),
  );
  await page.goto('/#wall');
  await expect(page.locator('a.tile.failed')).toHaveCount(NAMES.length);
  /** Returns how many texts are measured after the window reports another size. */
  const measured = () =>
    page.evaluate(async () => {
      const { prototype } = CanvasRenderingContext2D;
      const { measureText } = prototype;
      let count = 0;
      prototype.measureText = function (text) {
        count++;
        return measureText.call(this, text);
      };
      dispatchEvent(new Event('resize'));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      prototype.measureText = measureText;
      return count;
    });
  await expect.poll(measured).toBe(0);
  await page.locator('.wall').evaluate((wall) => (wall.style.width = '640px'));
  expect(await measured()).toBeGreaterThan(0);
});

plain('the prefixes of groups are replaced only if one differs', () => {
  const find = prefixFinder();
  const groupsOf = (/** @type {string[]} */ ...names) =>
    new Map([['Shop', names.map((name) => /** @type {any} */ ({ name }))]]);
  const first = find(groupsOf('Shop EU web', 'Shop EU api'));
  expect(first).toEqual({ Shop: 'Shop EU ' });
  expect(find(groupsOf('Shop EU web', 'Shop EU api'))).toBe(first);
  expect(find(groupsOf('Shop EU web', 'Shop EU mail'))).toBe(first);
  expect(find(groupsOf('Shop EU web', 'Stock'))).toEqual({ Shop: '' });
  expect(find(new Map())).toEqual({});
});

test('tiles do not repeat the common prefix of a group', async ({ page, nanomon }) => {
  const monitor = { type: 'tcp', target: '127.0.0.1:1', interval: '1h', enabled: false };
  await nanomon.import([
    { ...monitor, name: 'Shop EU web', group: 'Shop' },
    { ...monitor, name: 'Shop EU api', group: 'Shop' },
    { ...monitor, name: 'Shop EU mail', group: 'Shop', enabled: true },
    { ...monitor, name: 'Blog web' },
    { ...monitor, name: 'Blog api' },
  ]);
  await page.goto('/#wall');
  const names = page.locator('.wall-others .tile-name');
  await expect(names).toHaveText(['api', 'web', 'Blog api', 'Blog web']);
  await expect(page.locator('.wall-group h2')).toHaveText(['Shop EU', 'No group']);
  await expect(page.locator('.wall-not-ok .tile-name')).toHaveText('Shop EU mail');
  const web = page.getByRole('link', { name: 'Shop EU web: Disabled' });
  await expect(web).toHaveAttribute('title', 'Shop EU web: Disabled');
  await nanomon.add({ ...monitor, name: 'Stock', group: 'Shop' });
  await expect(names).toHaveText(['Shop EU api', 'Shop EU web', 'Stock', 'Blog api', 'Blog web']);
});

/** Returns the texts on tiles and headings that are not completely visible. */
function cutTexts() {
  /** @type {string[]} */
  const cut = [];
  const range = document.createRange();
  for (const element of document.querySelectorAll(
    '.wall :is(h2, .tile-name, .tile-word, .tile-value, .tile-message, time)',
  )) {
    const box = element.getBoundingClientRect();
    const isHidden = box.width < 8 || getComputedStyle(element).clipPath !== 'none';
    if (isHidden || !element.closest('.tile, .wall-group')) {
      continue; // Only for screen readers, or not a part of the tiles.
    }
    range.selectNodeContents(element);
    const texts = [...range.getClientRects()];
    const frame = (element.closest('.tile') ?? element).getBoundingClientRect();
    const lineHeight = parseFloat(getComputedStyle(element).lineHeight);
    const lines = box.height / lineHeight;
    const isClamped = element.matches('.tile-message'); // It ends with an ellipsis after a complete line.
    const isCut = isClamped
      ? Math.abs(lines - Math.round(lines)) > 0.05
      : texts.some(({ left, right }) => left < box.left - 0.5 || right > box.right + 0.5) ||
        texts.some(
          ({ top, bottom }) =>
            (top + bottom - lineHeight) / 2 < frame.top - 1.5 || (top + bottom + lineHeight) / 2 > frame.bottom + 1.5,
        );
    if (
      isCut ||
      box.left < frame.left - 0.5 ||
      box.right > frame.right + 0.5 ||
      (isClamped && box.bottom > frame.bottom + 0.5)
    ) {
      cut.push(`${element.tagName} .${element.className} “${element.textContent}”`);
    }
  }
  return cut;
}
