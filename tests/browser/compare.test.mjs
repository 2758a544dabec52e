import { action, addMany, bar, box, nameOf, selectRange } from './bulk.mjs';
import { asSeen, contrast, distance, variables } from './colors.mjs';
import { expect, test as bare } from './fixtures.mjs';
import { test } from './seeded.mjs';
import { frames } from './views.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('../../frontend/types/model').Stats} Stats */

/** The row of a compared monitor. @param {Page} page @param {string} name */
const monitor = (page, name) => page.locator('.monitors tbody tr').filter({ hasText: name });

/** The strip of a compared monitor. @param {Page} page @param {string} name */
const strip = (page, name) => page.getByRole('img', { name: new RegExp(`^${name}:`) });

/** @param {Page} page */
const parameters = (page) => Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.split('?')[1]));

/** The requests for statistics. @param {Page} page */
function watchStatistics(page) {
  /** @type {string[]} */
  const sent = [];
  page.on('request', (request) => request.url().includes('/stats?') && sent.push(request.url()));
  return sent;
}

/** The pixels of the chart. @param {Page} page */
function pixels(page) {
  return page.locator('.compared canvas').evaluate((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL());
}

test('two monitors are compared in three actions', async ({ page, nanomon }) => {
  await page.goto('/');
  await box(page, 'Payments API').click();
  await expect(action(page, 'Compare')).toHaveAttribute('aria-disabled', 'true');
  await box(page, 'Search').click();
  await action(page, 'Compare').click();
  await expect(page.getByRole('heading', { name: 'Compare monitors' })).toBeVisible();
  await expect(page.getByRole('application')).toHaveAccessibleName(/Response time chart of .*Payments API.*Search/);
  await expect(page.locator('.compared canvas')).toBeVisible();
  const ids = await Promise.all(['Payments API', 'Search'].map((name) => nanomon.idOf(name)));
  expect(parameters(page).monitors.split(',').sort()).toEqual(ids.sort());
  expect(page.url()).toContain(','); // not encoded
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Monitors', exact: true })).toBeVisible();
});

bare('the list compares two to six monitors, and says so', async ({ page, nanomon }) => {
  await addMany(nanomon, 8);
  await page.goto('/#list?sort=name');
  await selectRange(page, 1, 6);
  await expect(action(page, 'Compare')).not.toHaveAttribute('aria-disabled');
  await box(page, nameOf(7)).click();
  const button = action(page, 'Compare');
  await expect(button).toHaveAttribute('aria-disabled', 'true');
  await expect(button).toHaveAttribute('title', 'Select 2 to 6 monitors to compare them.');
  await expect(button).toHaveAccessibleDescription('Select 2 to 6 monitors to compare them.');
  await button.click({ force: true });
  await expect(page.getByText('Select 2 to 6 monitors to compare them.').last()).toBeVisible();
  expect(new URL(page.url()).hash).toMatch(/^#list/);
  await box(page, nameOf(7)).click();
  await button.click();
  await expect(page.locator('.monitors tbody tr')).toHaveCount(6);
  await expect(page.getByText('Six monitors are shown, which is the maximum.')).toBeVisible();
  await expect(page.getByLabel('Add a monitor')).toBeHidden();
  await expect(bar(page)).toBeHidden();
});

test('range and values survive reload and back, with one request for each monitor', async ({
  page,
  views,
  requests,
}) => {
  const sent = watchStatistics(page);
  await page.goto(`/${views.compare}`);
  await requests.settle();
  expect(sent).toHaveLength(4);
  await page.getByRole('radio', { name: '7 days' }).click();
  await requests.settle();
  expect(sent).toHaveLength(8);
  await page.getByRole('radio', { name: 'p95' }).click();
  await expect.poll(() => parameters(page)).toMatchObject({ range: '7d', value: 'p95' });
  const address = page.url();
  await page.reload();
  await requests.settle();
  expect(page.url()).toBe(address);
  await expect(page.getByRole('radio', { name: '7 days' })).toBeChecked();
  await expect(page.getByRole('radio', { name: 'p95' })).toBeChecked();
  await page.goBack();
  await expect(page.getByRole('radio', { name: 'p50' })).toBeChecked();
  await expect(page.getByRole('radio', { name: '7 days' })).toBeChecked();
  await page.goBack();
  await expect(page.getByRole('radio', { name: '24 hours' })).toBeChecked();
  await expect(page).toHaveURL(new RegExp(`${views.compare.replace('?', '\\?')}$`));
});

test('each monitor has its status, uptime and values in the range', async ({ page, views, nanomon }) => {
  await page.goto(`/${views.compare}`);
  const row = monitor(page, 'Payments API');
  await expect(row.getByText(/2[6-9] min not OK/)).toBeVisible(); // A slow answer of a running check may add to it.
  await expect(row.locator('.badge').first()).toHaveText('OK');
  await expect(row).toContainText(/98\.\d+ %.*ms.*ms/s);
  await expect(row.getByRole('link', { name: 'Payments API' })).toHaveAttribute(
    'href',
    `#monitor/${await nanomon.idOf('Payments API')}`,
  );
  await page.getByRole('radio', { name: '1 hour' }).click();
  await expect(row).toContainText(/OK all the time|\d+ s not OK/);
});

test('monitors are added and removed, and the back button undoes it', async ({ page, nanomon }) => {
  const [payments, search] = await Promise.all(['Payments API', 'Search'].map((name) => nanomon.idOf(name)));
  await page.goto(`/#compare?monitors=${payments}`);
  const field = page.getByLabel('Add a monitor to compare with this one');
  await field.fill('Nothing');
  await field.press('Enter');
  await expect(page.getByText('No other monitor has this name. Choose one from the list.')).toBeVisible();
  await field.fill('search'); // in any case
  await field.press('Enter');
  await expect(monitor(page, 'Search')).toContainText('17 min not OK');
  expect(parameters(page).monitors).toBe(`${payments},${search}`);
  await page.getByRole('button', { name: 'Remove Payments API' }).click();
  await expect(page.getByLabel('Add a monitor to compare with this one')).toBeFocused();
  await expect(page.locator('.monitors tbody tr')).toHaveCount(1);
  await expect.poll(() => parameters(page).monitors).toBe(search);
  await page.goBack();
  await expect(page.locator('.monitors tbody tr')).toHaveCount(2);
  await page.goBack();
  await expect(monitor(page, 'Search')).toHaveCount(0);
  await expect(monitor(page, 'Payments API')).toBeVisible();
});

test('the tooltip shows the values of all monitors and the periods at the pointer', async ({
  page,
  views,
  nanomon,
}) => {
  const id = await nanomon.idOf('Payments API');
  const answer = page.waitForResponse((response) => response.url().includes(`/${id}/stats?`));
  await page.goto(`/${views.compare}`);
  /** @type {Stats} */
  const stats = await (await answer).json();
  const over = page.locator('.compared .u-over');
  const { width } = (await over.boundingBox()) ?? { width: 0 };
  const period = stats.periods.findLast(({ kind }) => kind === 'error');
  const middle = (Date.parse(period?.from ?? '') + Date.parse(period?.to ?? '')) / 2;
  const [from, to] = [stats.from, stats.to].map(Date.parse);
  await over.hover({ position: { x: (width * (middle - from)) / (to - from), y: 90 } });
  const tip = page.locator('.compared .tip');
  for (const name of ['1 Payments API', '2 Search', '3 Parcel tracking', '4 Customer accounts']) {
    await expect(tip.getByRole('listitem', { includeHidden: true }).filter({ hasText: name })).toContainText(/\d ms/);
  }
  await expect(tip).toContainText(/1 Payments API: Error: .*\(26 min\)/);
});

for (const width of [390, 1920]) {
  test(`outages are drawn from their first to their last second below the chart at ${width} px`, async ({
    page,
    views,
    nanomon,
    requests,
  }) => {
    await page.setViewportSize({ width, height: 1080 });
    const id = await nanomon.idOf('Payments API');
    for (const range of ['24h', '7d', '30d']) {
      const answer = page.waitForResponse((response) => response.url().includes(`/${id}/stats?window=${range}`));
      await page.goto(`/${views.compare}&range=${range}`);
      /** @type {Stats} */
      const stats = await (await answer).json();
      await requests.settle();
      const bars = strip(page, 'Payments API').locator('i');
      await expect(bars).toHaveCount(stats.periods.length);
      const [from, to] = [stats.from, stats.to].map(Date.parse);
      // The chart and the bars can move between the measurements, for example when a new result makes its labels wider.
      await expect(async () => {
        const plot = await page.locator('.compared .u-over').boundingBox();
        const x = (/** @type {string} */ date) =>
          (plot?.x ?? NaN) + ((Date.parse(date) - from) / (to - from)) * (plot?.width ?? NaN);
        for (const [i, period] of stats.periods.entries()) {
          const drawn = await bars.nth(i).boundingBox();
          const end = (drawn?.x ?? NaN) + (drawn?.width ?? NaN);
          expect(Math.abs((drawn?.x ?? NaN) - x(period.from))).toBeLessThan(1);
          expect(Math.abs(end - Math.max(x(period.to), x(period.from) + 2))).toBeLessThan(1);
        }
      }).toPass();
      await expect(bars.last()).toHaveAttribute('title', /^Error: .*\(26 min\)$/);
    }
  });
}

test('the line of a monitor stands out while its row is under the pointer or has the focus', async ({
  page,
  views,
  requests,
}) => {
  await page.goto(`/${views.compare}`);
  await requests.settle();
  await page.mouse.move(0, 0);
  const plain = await pixels(page);
  await monitor(page, 'Search').hover();
  await expect(page.locator('.strips .pale')).toHaveCount(3);
  await expect.poll(async () => (await pixels(page)) === plain).toBe(false);
  await page.mouse.move(0, 0);
  await expect(page.locator('.strips .pale')).toHaveCount(0);
  await expect.poll(async () => (await pixels(page)) === plain).toBe(true);
  await page.getByRole('link', { name: 'Parcel tracking' }).focus();
  await expect(page.locator('.strips .pale')).toHaveCount(3);
  await expect.poll(async () => (await pixels(page)) === plain).toBe(false);
});

test('the values and periods of all monitors are in tables for screen readers', async ({ page, views }) => {
  await page.goto(`/${views.compare}`);
  await expect(monitor(page, 'Search')).toContainText('17 min not OK');
  await page.getByText('Values as a table').click();
  const tables = page.getByRole('region', { name: 'Values as a table' });
  const periods = tables.getByRole('table', { name: /Periods/ });
  await expect(periods.getByRole('row').filter({ hasText: /Payments API.*Error.*26 min/s })).toHaveCount(1);
  const values = tables.getByRole('table', { name: /p50/ });
  await expect(values.getByRole('columnheader')).toHaveText([
    'Time',
    '1 Payments API',
    '2 Search',
    '3 Parcel tracking',
    '4 Customer accounts',
  ]);
  await expect(values.getByRole('row').nth(2)).toHaveText(/\d( ms.*){4}/s);
});

test('six monitors fit on a phone', async ({ page, nanomon, requests }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  const names = ['Payments API', 'Checkout', 'Warehouse VPN', 'Warehouse scanners', 'Orders database', 'Old wiki'];
  const ids = await Promise.all(names.map((name) => nanomon.idOf(name)));
  await page.goto(`/#compare?monitors=${ids.join(',')}`);
  await requests.settle();
  await expect(monitor(page, 'Warehouse scanners').locator('.badge')).toHaveText(['Failed', 'Blocked']);
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scrollWidth, clientWidth };
  });
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
});

test('the keyboard moves and zooms', async ({ page, views, requests }) => {
  await page.goto(`/${views.compare}`);
  await requests.settle();
  await page.getByRole('application').focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => Object.keys(parameters(page))).toEqual(['monitors', 'from', 'to']);
  await page.keyboard.press('Escape');
  await expect.poll(() => Object.keys(parameters(page))).toEqual(['monitors']);
  await page.keyboard.press('+');
  await expect(page.getByTestId('span')).toContainText('(12 h)');
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`the colors of the monitors differ for everybody, from each other and from the colors of statuses, ${colorScheme}`, async ({
    page,
    views,
    requests,
  }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(`/${views.compare}`);
    await requests.settle();
    const lines = [1, 2, 3, 4, 5, 6].map((number) => `compare-${number}`);
    const statuses = ['ok', 'error', 'failed', 'accent'];
    const values = await variables(page.locator('.compared'), [...lines, ...statuses, 'card']);
    for (const [i, line] of lines.entries()) {
      expect(contrast(values[line], values.card), line).toBeGreaterThanOrEqual(3);
      for (const status of statuses) {
        expect(distance(values[line], values[status]), `${line} and ${status}`).toBeGreaterThan(0.08);
      }
      for (const other of lines.slice(0, i)) {
        expect(distance(values[line], values[other]), `${line} and ${other}`).toBeGreaterThan(0.15);
        const [a, b] = [asSeen(values[line]), asSeen(values[other])];
        for (const name of Object.keys(a)) {
          expect(distance(a[name], b[name]), `${line} and ${other}, ${name}`).toBeGreaterThan(0.1);
        }
      }
    }
  });
}

test('each line has the number of its monitor at its end', async ({ page, views, requests }) => {
  await page.goto(`/${views.compare}`);
  await requests.settle();
  await frames(page);
  const values = await variables(page.locator('.compared'), ['compare-1', 'compare-2', 'compare-3', 'compare-4']);
  const found = await page.locator('.compared .chart').evaluate((chart, colors) => {
    const canvas = /** @type {HTMLCanvasElement} */ (chart.querySelector('canvas'));
    const over = /** @type {HTMLElement} */ (chart.querySelector('.u-over'));
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
      copy.getContext('2d', { willReadFrequently: true })
    );
    context.drawImage(canvas, 0, 0);
    // Only the space at the right of the plot.
    const left = Math.ceil((over.offsetLeft + over.clientWidth + 2) * devicePixelRatio);
    const { data } = context.getImageData(left, 0, canvas.width - left, canvas.height);
    const has = (/** @type {number[]} */ [red, green, blue]) =>
      Array.from({ length: data.length / 4 }, (_, i) => 4 * i).some(
        (i) => data[i + 3] > 200 && Math.hypot(data[i] - red, data[i + 1] - green, data[i + 2] - blue) < 20,
      );
    return colors.map(has);
  }, Object.values(values));
  expect(found).toEqual([true, true, true, true]);
});
