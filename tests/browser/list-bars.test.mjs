import { expect, row, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('../../frontend/playwright-test.js').Locator} Locator */

/** The number of bars in a row. */
const BARS = 30;

/**
 * @param {Page} page
 * @param {string} name
 */
function bars(page, name) {
  return row(page, name).locator('.bars');
}

/** @param {Page} page */
function tip(page) {
  return page.locator('.tip');
}

/**
 * Returns the center of a bar, counted from the latest one.
 * @param {Locator} link
 * @param {number} back
 */
async function centerOf(link, back) {
  const { x, y, width, height } = /** @type {{x: number, y: number, width: number, height: number}} */ (
    await link.boundingBox()
  );
  return { x: x + width * ((BARS - 0.5 - back) / BARS), y: y + height / 2 };
}

/**
 * Returns the time between the two dates of an address in milliseconds, and whether they contain another date.
 * @param {string | null} address
 * @param {string} date
 */
function readAddress(address, date) {
  const params = new URLSearchParams(address?.split('?')[1]);
  const [from, to, at] = [params.get('from'), params.get('to'), date].map((text) => Date.parse(text ?? ''));
  return { length: to - from, contains: from < at && at < to };
}

// A monitor with three checks: OK, error, OK. The interval is so long that there are no others.
test.beforeEach(async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url,
    rule: 'status == 200',
    interval: '1h',
  });
  const count = async () => (await (await fetch(`${nanomon.url}/api/monitors/${id}/results`)).json()).length;
  await expect.poll(count).toBe(1);
  for (const status of [500, 200]) {
    target.status = status;
    const before = await count();
    await fetch(`${nanomon.url}/api/monitors/${id}/run`, { method: 'POST' });
    await expect.poll(count).toBe(before + 1);
  }
  await page.route('**/api/events', () => {}); // No stream: nothing changes.
  await page.goto('/');
  await expect(row(page, 'Shop').getByRole('img')).toHaveAccessibleName(/^Last 3 checks/);
});

/** @param {Page} page */
async function historyOf(page) {
  return page.evaluate(async () => {
    const [monitor] = await (await fetch('/api/monitors?include=latest,history')).json();
    return monitor.history;
  });
}

/**
 * Returns how many checks ago the error was.
 * @param {Page} page
 */
async function checksSinceError(page) {
  return (await historyOf(page)).toReversed().findIndex((/** @type {{status: number}} */ point) => point.status === 1);
}

/**
 * Moves the focus to the bars with the tab key. The uptime before them is a link as soon as it is known.
 * @param {Page} page
 */
async function tabToBars(page) {
  await expect(async () => {
    await row(page, 'Shop').getByRole('link', { name: 'Shop', exact: true }).focus();
    const isFocused = () => bars(page, 'Shop').evaluate((link) => link === document.activeElement);
    for (let i = 0; i < 4 && !(await isFocused()); i++) {
      await page.keyboard.press('Tab');
    }
    await expect(tip(page)).toContainText('Error', { timeout: 500 });
  }).toPass();
}

test('the status of a bar shows in its shape', async ({ page }) => {
  await expect(bars(page, 'Shop').locator('path.ok')).toHaveAttribute('d', /^M\d+\.5 24v-\d+(\.\d)?M/);
  // A gap: two strokes.
  await expect(bars(page, 'Shop').locator('path.error')).toHaveAttribute('d', /^M\d+\.5 24v-11m0-3v-5/);
  await expect(bars(page, 'Shop').locator('path.failed')).toHaveAttribute('d', '');
});

test('the mouse shows each check, and a click leads to it', async ({ page, nanomon }) => {
  const link = bars(page, 'Shop');
  await link.hover();
  const back = await checksSinceError(page);
  await expect(async () => {
    const { x, y } = await centerOf(link, back);
    await page.mouse.move(x + 1, y);
    await page.mouse.move(x, y);
    await expect(tip(page)).toContainText('Error', { timeout: 500 });
  }).toPass();
  const history = await historyOf(page);
  const { date } = history.at(-1 - back);
  await expect(tip(page)).toContainText('ms');
  await expect(tip(page)).toContainText(/\d\d:\d\d|\d:\d\d/);
  await expect(tip(page).locator('.message-of')).toBeHidden();

  const latest = await centerOf(link, 0);
  await page.mouse.move(latest.x, latest.y);
  await expect(tip(page)).toContainText('OK');
  // Where there is no bar, the oldest check is shown.
  const empty = await centerOf(link, BARS - 1);
  await page.mouse.move(empty.x, empty.y);
  await expect(link).toHaveAttribute('data-at', String(BARS - history.length));
  await page.mouse.move(0, 0);
  await expect(tip(page)).toBeHidden();

  const error = await centerOf(link, back);
  await page.mouse.click(error.x, error.y);
  await expect(page).toHaveURL(new RegExp(`#monitor/${await nanomon.idOf('Shop')}\\?`));
  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
  expect(readAddress(page.url(), date)).toMatchObject({ contains: true });
  await expect(page.locator('.results')).toContainText('Rule violated');
});

test('the link leads to the check that was not OK also before the pointer was there', async ({ page }) => {
  const { date } = (await historyOf(page)).at(-1 - (await checksSinceError(page)));
  const { length, contains } = readAddress(await bars(page, 'Shop').getAttribute('href'), date);
  expect(contains).toBe(true);
  expect(length).toBeGreaterThanOrEqual(4 * 60_000);
  expect(length).toBeLessThanOrEqual(6 * 60_000);
});

test('the arrow keys move from check to check', async ({ page }) => {
  const link = bars(page, 'Shop');
  const back = await checksSinceError(page);
  await tabToBars(page);
  await page.keyboard.press('End');
  await expect(tip(page)).toContainText('OK');
  await expect(link).toHaveAttribute('data-at', String(BARS - 1));
  await page.keyboard.press('ArrowRight');
  await expect(link).toHaveAttribute('data-at', String(BARS - 1));
  for (let i = 0; i < back; i++) {
    await page.keyboard.press('ArrowLeft');
  }
  await expect(tip(page)).toContainText('Error');
  const history = await historyOf(page);
  await page.keyboard.press('Home');
  await expect(link).toHaveAttribute('data-at', String(BARS - history.length));
  await page.keyboard.press('Escape');
  await expect(tip(page)).toBeHidden();
  await expect(link).not.toHaveAttribute('data-at');
  await page.keyboard.press('ArrowLeft');
  await expect(tip(page)).toBeVisible();
  const address = await link.getAttribute('href');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`${address?.split('?')[0]}\\?`));
  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
});

test('the same check stays shown when the list is drawn again, also if others were in the same second', async ({
  page,
}) => {
  const change = async (/** @type {import('../../frontend/playwright-test.js').Route} */ route) => {
    const answer = await route.fetch();
    const [shop] = await answer.json();
    shop.series.steps = [0, 0];
    await route.fulfill({ response: answer, json: [shop] });
  };
  await page.route('**/api/monitors?*series*', change, { times: 1 });
  await page.reload();
  await tabToBars(page);
  await page.getByRole('searchbox').evaluate((/** @type {HTMLInputElement} */ field) => {
    field.value = 'shop';
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await expect(page).toHaveURL(/q=shop/);
  await expect(bars(page, 'Shop')).toHaveAttribute('data-at', String(BARS - 2));
  await expect(tip(page)).toContainText('Error');
});

test('leaving the bars with the keyboard hides the tooltip', async ({ page }) => {
  await tabToBars(page);
  await page.keyboard.press('Tab');
  await expect(tip(page)).toBeHidden();
});

test.describe('on a phone', () => {
  test.use({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });

  test('a tap shows a check, and a tap on the tooltip leads to it', async ({ page }) => {
    const link = bars(page, 'Shop');
    const back = await checksSinceError(page);
    await expect(async () => {
      const { x, y } = await centerOf(link, back);
      await page.touchscreen.tap(x, y);
      await expect(tip(page)).toContainText('Error', { timeout: 500 });
    }).toPass();
    expect(new URL(page.url()).hash).toMatch(/^(#list)?$/);
    await page.touchscreen.tap(20, 20);
    await expect(tip(page)).toBeHidden();
    const { x, y } = await centerOf(link, back);
    await page.touchscreen.tap(x, y);
    await tip(page).tap();
    await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
    await expect(page.locator('.results')).toContainText('Rule violated');
  });

  test('the first tap shows a check also if something else in the table has the focus', async ({ page }) => {
    await page.getByRole('checkbox', { name: 'Select Shop', exact: true }).tap();
    await expect(page.getByRole('region', { name: 'Selected monitors' })).toBeVisible();
    const { x, y } = await centerOf(bars(page, 'Shop'), await checksSinceError(page));
    await page.touchscreen.tap(x, y);
    await expect(tip(page)).toBeVisible();
    await expect(tip(page)).toContainText('Error');
  });

  test('a tap shows a check also if the tooltip is loaded during the tap', async ({ page }) => {
    const at = await centerOf(bars(page, 'Shop'), await checksSinceError(page));
    await bars(page, 'Shop').evaluate(async (link, { x, y }) => {
      const send = (/** @type {Element | null} */ to, /** @type {string} */ type) =>
        to?.dispatchEvent(
          new PointerEvent(type, {
            pointerType: 'touch',
            clientX: x,
            clientY: y,
            bubbles: type !== 'pointerenter',
            cancelable: true,
          }),
        );
      send(link.closest('table'), 'pointerenter');
      send(link, 'pointerdown');
      await import(new URL('views/list/bar-tip.js', location.href).href);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      send(link, 'click');
    }, at);
    await expect(tip(page)).toBeVisible();
    await expect(tip(page)).toContainText('Error');
  });
});

test.describe('with forced colors', () => {
  test.use({ forcedColors: 'active' });

  test('bars and badges are visible', async ({ page }) => {
    const path = bars(page, 'Shop').locator('path.error');
    const [stroke, background] = await path.evaluate((element) => [
      getComputedStyle(element).stroke,
      getComputedStyle(document.body).backgroundColor,
    ]);
    expect(stroke).not.toBe('none');
    expect(stroke).not.toBe(background);
    await expect(row(page, 'Shop').locator('.badge')).toHaveText('OK');
  });
});
