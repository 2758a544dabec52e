import { test as own } from './fixtures.mjs';
import { expect, test } from './seeded.mjs';
import { addresses } from './views.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/** How far the middle of an icon may be from the middle of its button, in pixels. */
const MAX_DISTANCE = 1;

for (const width of [390, 1280]) {
  for (const name of Object.keys(addresses('', [], 'any'))) {
    test(`the icons of ${name} at ${width} px exist and are in the middle of their buttons`, async ({
      page,
      views,
      requests,
    }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`/${views[name]}`);
      await requests.settle();
      const icons = page.locator('svg.icon');
      await expect(icons.first()).toBeVisible();
      expect(await icons.evaluateAll(missing)).toEqual([]);
      expect(await page.locator('button:has(> svg.icon:only-child)').evaluateAll(shifted, MAX_DISTANCE)).toEqual([]);
    });
  }
}

test('icons have the colour of the text with forced colours and on paper', async ({ page, requests }) => {
  for (const media of /** @type {const} */ ([{ forcedColors: 'active' }, { media: 'print' }])) {
    await page.emulateMedia(media);
    await page.goto('/#list');
    await requests.settle();
    const icon = page.locator('.line .badge svg.icon').first();
    const { stroke, text, back } = await icon.evaluate((svg) => ({
      stroke: getComputedStyle(svg).stroke,
      text: getComputedStyle(/** @type {Element} */ (svg.parentElement)).color,
      back: getComputedStyle(document.body).backgroundColor,
    }));
    expect(stroke).toBe(text);
    expect(stroke).not.toBe(back);
  }
});

test('only the sorted column has an arrow, which shows the direction', async ({ page, requests }) => {
  for (const [sort, rotate] of [
    ['name', 'none'],
    ['-name', '180deg'],
  ]) {
    await page.goto(`/#list?sort=${sort}`);
    await requests.settle();
    const arrows = page.locator('.monitors thead svg').filter({ visible: true });
    await expect(arrows).toHaveCount(1);
    const name = page.getByRole('columnheader', { name: 'Name' });
    await expect(name.locator('svg')).toHaveCSS('rotate', rotate);
    await expect(name.getByRole('button')).toHaveCSS('rotate', 'none');
  }
});

test('each status has its own icon', async ({ page, requests }) => {
  await page.goto('/#list');
  await requests.settle();
  const icons = page.locator('.line .badge, .line .mark:not(:empty)');
  const shown = await icons.evaluateAll((badges) =>
    badges.map((badge) => [badge.classList[1], badge.querySelector('use')?.getAttribute('href')]),
  );
  expect(new Set(shown.map(([key]) => key)).size).toBeGreaterThan(3);
  for (const [key, href] of shown) {
    expect(href).toBe(`#icon-${key}`);
  }
});

for (const [view, icon] of [
  ['list', '.line .badge use'],
  ['wall', 'a.tile use'],
  ['monitor', '[data-testid=status] use'],
]) {
  own(`the icon in the ${view} view follows the status`, async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
    await page.goto(view === 'monitor' ? `/#monitor/${id}` : `/#${view}`);
    const use = page.locator(icon);
    await expect(use).toHaveAttribute('href', '#icon-ok');
    target.status = 500;
    await expect(use).toHaveAttribute('href', '#icon-error');
    target.status = 200;
    await expect(use).toHaveAttribute('href', '#icon-ok');
  });
}

/**
 * Returns the icons that have no shape. The preview of a status page has own icons.
 * @param {Element[]} icons
 */
function missing(icons) {
  return icons
    .filter((icon) => icon.getRootNode() === document)
    .map((icon) => /** @type {SVGUseElement} */ (icon.querySelector('use')))
    .map((use) => [use.getAttribute('href') ?? '', use.ownerSVGElement?.getAttribute('aria-hidden')])
    .filter(([href, hidden]) => hidden !== 'true' || !document.querySelector(`path${href}`));
}

/**
 * Returns the visible buttons that contain only an icon, where it is not in the middle.
 * @param {Element[]} buttons
 * @param {number} distance
 */
function shifted(buttons, distance) {
  const middle = (/** @type {DOMRect} */ { x, y, width, height }) => [x + width / 2, y + height / 2];
  return buttons
    .filter((button) => button.checkVisibility() && !button.textContent.trim())
    .map((button) => {
      const outer = middle(button.getBoundingClientRect());
      const inner = middle(button.children[0].getBoundingClientRect());
      return { name: button.getAttribute('aria-label'), off: outer.map((value, i) => value - inner[i]) };
    })
    .filter(({ off }) => off.some((value) => Math.abs(value) > distance));
}
