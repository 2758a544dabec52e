import { expect, test, tryAgain } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const DAY = 86_400_000;

test.use({ timezoneId: 'Europe/Amsterdam', locale: 'en-GB' });

/** @param {Page} page */
const grid = (page) => page.getByRole('grid', { name: 'Last year' });

/**
 * Returns the date in Amsterdam, some days ago.
 * @param {number} ago
 */
const dateOf = (ago) => new Date(Date.now() - ago * DAY).toLocaleDateString('sv', { timeZone: 'Europe/Amsterdam' });

/**
 * Answers requests for days. Returns the number of requests.
 * @param {Page} page
 * @param {(ago: number) => object} figures of a day, by the number of days since then
 */
async function answer(page, figures) {
  let requests = 0;
  await page.route('**/days?*', (route) => {
    requests++;
    const query = new URL(route.request().url()).searchParams;
    expect(query.get('zone')).toBe('Europe/Amsterdam');
    const count = Number(query.get('days'));
    const days = Array.from({ length: count }, (_, i) => ({
      ...{ date: dateOf(count - 1 - i), uptime: 100, down: 0, checked: 86_400 },
      ...figures(count - 1 - i),
    }));
    return route.fulfill({ json: { monitor_id: '', zone: 'Europe/Amsterdam', days } });
  });
  return () => requests;
}

/** Five days with the steps of the uptime, in the order of the legend. @param {number} ago */
const steps = (ago) =>
  ({
    1: { uptime: 99.95, down: 43.2 },
    2: { uptime: 99.5, down: 432 },
    3: { uptime: 97, down: 2592 },
    4: { uptime: 50, down: 43_200 },
    5: { uptime: null, checked: 0 },
    6: { uptime: 75, down: 0.5, checked: 7200 },
  })[ago] ?? {};

/**
 * Returns the cell of a day.
 * @param {Page} page
 * @param {number} ago
 */
const cell = (page, ago) => grid(page).locator(`[data-date="${dateOf(ago)}"]`);

test('shows a year of days by weeks, with the uptime of each in steps and in words', async ({
  page,
  nanomon,
  target,
}) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await answer(page, steps);
  await page.goto(`/#monitor/${id}`);
  await expect(grid(page).getByRole('row')).toHaveCount(7);
  await expect(grid(page).getByRole('rowheader')).toHaveText(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']);
  const count = await grid(page).getByRole('gridcell').count();
  expect(count).toBeGreaterThan(364);
  expect(count).toBeLessThanOrEqual(371);
  await expect(cell(page, 0)).toHaveAttribute('aria-current', 'date');
  for (const [ago, level, words] of /** @type {[number, string, RegExp][]} */ ([
    [1, 'high', /^\w+day.? \d+ \w+ 20\d\d: 99\.95 % uptime, down 43 s$/],
    [2, 'fair', /: 99\.5 % uptime, down 7 min 12 s$/],
    [3, 'low', /: 97 % uptime, down 43 min 12 s$/],
    [4, 'bad', /: 50 % uptime, down 12 h$/],
    [5, 'none', /: Not checked$/],
    [6, 'bad', /: 75 % uptime, down less than 1 s, checked for 2 h$/],
    [7, 'full', /: 100 % uptime, no downtime$/],
  ])) {
    await expect(cell(page, ago)).toHaveAttribute('data-level', level);
    await expect(cell(page, ago)).toHaveAttribute('aria-label', words);
  }
  await cell(page, 3).hover();
  await expect(page.locator('.day-tip')).toHaveText(/97 % uptime, down 43 min 12 s/);
  await page.mouse.move(0, 0);
  await expect(page.locator('.day-tip')).toBeHidden();
  await expect(
    page.getByText(/^Down on 5 of \d+ days that were checked, 12\sh\s51\smin in total\. Worst day: .*,\s50\s%\.$/),
  ).toBeVisible();
});

test('the arrow keys move from day to day, and Enter shows a day', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await answer(page, steps);
  await page.goto(`/#monitor/${id}`);
  await expect(cell(page, 1)).toHaveAttribute('data-level', 'high');
  await expect(grid(page).locator('[tabindex="0"]')).toHaveCount(1);
  await cell(page, 0).focus();
  for (const [key, ago] of /** @type {const} */ ([
    ['ArrowUp', 1],
    ['ArrowLeft', 8],
    ['ArrowDown', 7],
    ['PageUp', 35],
    ['ArrowRight', 28],
    ['End', 0],
    ['ArrowDown', 0],
  ])) {
    await page.keyboard.press(key);
    await expect(cell(page, ago)).toBeFocused();
  }
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('.day-tip')).toContainText('100 % uptime');
  await page.keyboard.press('Escape');
  await expect(page.locator('.day-tip')).toBeHidden();
  await page.keyboard.press('Enter');
  const parameters = () => new URLSearchParams(new URL(page.url()).hash.split('?')[1]);
  await expect.poll(() => parameters().get('from')).not.toBeNull();
  const [from, to] = ['from', 'to'].map((name) => new Date(parameters().get(name) ?? ''));
  expect(from.toLocaleString('sv', { timeZone: 'Europe/Amsterdam' })).toBe(`${dateOf(7)} 00:00:00`);
  expect(to.toLocaleString('sv', { timeZone: 'Europe/Amsterdam' })).toBe(`${dateOf(6)} 00:00:00`);
  await expect(cell(page, 7)).toHaveAttribute('aria-selected', 'true');
  await page.reload();
  await expect(cell(page, 7)).toHaveAttribute('aria-selected', 'true');
  await expect(cell(page, 1)).toHaveAttribute('data-level', 'high');
  await cell(page, 0).click();
  await expect.poll(() => parameters().has('to')).toBe(false);
  await expect(cell(page, 7)).not.toHaveAttribute('aria-selected');
});

test('reads the days after a status change and when a day begins, but not after each result', async ({
  page,
  nanomon,
  target,
}) => {
  await page.clock.install();
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  const requests = await answer(page, steps);
  await page.goto(`/#monitor/${id}`);
  await expect(cell(page, 1)).toHaveAttribute('data-level', 'high');
  // runFor would also run the time limit of a request that it has just caused.
  await page.clock.fastForward(70_000);
  const first = requests();
  expect(first).toBeLessThanOrEqual(2);
  const before = target.hits;
  await expect.poll(() => target.hits).toBeGreaterThan(before + 3);
  await page.clock.fastForward(70_000);
  expect(requests()).toBe(first);
  target.status = 500;
  await expect(page.getByTestId('status')).toHaveText('Error');
  await page.clock.fastForward(70_000);
  await expect.poll(requests).toBe(first + 1);
  await page.clock.fastForward('24:00:10');
  await expect.poll(requests).toBeGreaterThan(first + 1);
});

test('nothing moves when the days are loaded', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  /** @type {() => void} */
  let release = () => {};
  const held = new Promise((resolve) => (release = () => resolve(null)));
  await page.route('**/days?*', async (route) => {
    await held;
    return route.continue();
  });
  await page.goto(`/#monitor/${id}`);
  await expect(grid(page)).toBeVisible();
  const boxes = () => Promise.all([grid(page), page.locator('.chart')].map((part) => part.boundingBox()));
  const before = await boxes();
  release();
  await expect(cell(page, 0)).toHaveAttribute('data-level', 'full');
  expect(await boxes()).toEqual(before);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('the newest weeks are visible, and the page is not wider than the screen', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
    await page.goto(`/#monitor/${id}`);
    await cell(page, 0).scrollIntoViewIfNeeded();
    await expect(cell(page, 0)).toBeInViewport({ ratio: 0.95 });
    await expect(grid(page).getByRole('rowheader').first()).toBeInViewport();
    const size = await cell(page, 0).boundingBox();
    expect(size?.width).toBeGreaterThanOrEqual(24);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('shows an error with a button to try again', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
    await page.route('**/days?*', (route) =>
      route.fulfill({ status: 503, json: { detail: 'the store is unavailable' } }),
    );
    await page.goto(`/#monitor/${id}`);
    await expect(page.getByRole('alert').filter({ hasText: 'the store is unavailable' })).toBeVisible();
    await page.unroute('**/days?*');
    await tryAgain(page.getByRole('button', { name: 'Try again' }));
    await expect(cell(page, 0)).toHaveAttribute('data-level', 'full');
  });
});
