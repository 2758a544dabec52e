import { expect, row, test, tryAgain } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/** The rows of the results table, without the header. @param {Page} page */
const rows = (page) => page.getByRole('row').filter({ has: page.locator('time') });

/**
 * Returns the value next to a label, among the facts or the statistics.
 * @param {Page} page
 * @param {string} name
 */
const fact = (page, name) =>
  page
    .locator('dl > div')
    .filter({ has: page.locator('dt').getByText(name, { exact: true }) })
    .locator('dd')
    .first();

/** The period that the chart shows. @param {Page} page */
const span = (page) => page.getByTestId('span');

test('shows the status, the facts and the results of a monitor', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    group: 'Public',
    target: target.url,
    rule: 'status == 200',
    properties: { timeout: '3s', headers: '{"Authorization":"Bearer secret"}' },
  });
  await page.goto(`/#monitor/${id}?results=all`);
  await expect(page.getByTestId('status')).toHaveText('OK');
  await expect(page).toHaveTitle(/^Shop/);
  await expect(page.getByText(/^for \d+ s$/)).toHaveAttribute('title', /20\d\d.*(UTC|GMT)/);
  await expect(page.getByText(/^last check (just now|\d+ s ago)$/)).toHaveAttribute('title', /20\d\d/);
  const link = page.getByRole('link', { name: target.url });
  await expect(link).toHaveAttribute('rel', /noopener/);
  await expect(link).toHaveAttribute('target', '_blank');
  for (const [name, value] of [
    ['Type', 'http'],
    ['Interval', '1s'],
    ['Rule', 'status == 200'],
    ['Group', 'Public'],
    ['timeout', '3s'],
    ['headers', 'set'],
  ]) {
    await expect(fact(page, name)).toHaveText(value);
  }
  await expect(page.locator('main')).not.toContainText('secret');
  await expect(rows(page).nth(2)).toBeVisible();
  await expect(rows(page).nth(0)).toContainText('OK');
  await expect(rows(page).nth(0)).toContainText(/\d ms/);
  await rows(page).nth(2).getByRole('button').click();
  await expect(fact(page, 'bodyLen')).toHaveText('5');
});

test('hides a password in the target', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url.replace('//', '//me:secret@'),
    interval: '1h',
  });
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByRole('link', { name: target.url })).toHaveAttribute('href', target.url);
  await expect(page.locator('main')).not.toContainText('secret');
});

test('shows the uptime of four fixed time ranges once, and of another range', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  const unchecked = await nanomon.add({
    name: 'Mill',
    target: target.url,
    enabled: false,
  });
  await expect.poll(() => target.hits).toBeGreaterThan(1);
  await page.goto(`/#monitor/${id}`);
  for (const name of ['24 hours', '7 days', '30 days', '1 year']) {
    await expect(fact(page, name)).toHaveText('100 %');
  }
  await expect(page.locator('.uptime dd.value').filter({ visible: true })).toHaveText(Array(4).fill('100 %'));
  await page.getByRole('radio', { name: '1 hour' }).check();
  await expect(fact(page, 'Uptime, last hour')).toHaveText('100 %');
  await page.goto(`/#monitor/${unchecked}`);
  await expect(page.getByText('no checks in this period').filter({ visible: true })).toHaveCount(4);
  await expect(fact(page, '1 year')).toHaveText('–');
});

test('shows the recent checks as bars with descriptions', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url,
    rule: 'status == 200',
  });
  await page.goto(`/#monitor/${id}`);
  const bars = page.getByRole('list', { name: 'Recent checks' }).getByRole('listitem');
  await expect(bars.filter({ hasText: 'OK' }).first()).toBeVisible();
  target.status = 500;
  const notOk = bars.filter({
    hasText: /Error · .*20\d\d.* · .* ms · Rule violated: status == 200/,
  });
  await expect(notOk.first()).toBeVisible();
  await expect(page.locator('#recent-text')).toHaveText(/^Last \d+ checks?: \d+ OK, \d+ error, 0 failed$/);
  await notOk.first().hover();
  await expect(page.locator('#recent-text')).toContainText('Rule violated');
  const height = (/** @type {import('../../frontend/playwright-test.js').Locator} */ bar) =>
    bar.evaluate((element) => parseFloat(getComputedStyle(element, '::after').height));
  expect(await height(notOk.first())).toBeGreaterThan(await height(bars.filter({ hasText: 'OK' }).first()));
});

test('shows the chart and the statistics of the chosen time range', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}`);
  const canvas = page.locator('.chart canvas');
  await expect(canvas).toBeVisible();
  const drawn = await canvas.evaluate((/** @type {HTMLCanvasElement} */ element) => {
    const pixels = element.getContext('2d')?.getImageData(0, 0, element.width, element.height).data ?? [];
    return pixels.some((value) => value > 0);
  });
  expect(drawn).toBe(true);
  await page.getByRole('radio', { name: '6 hours' }).click();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('radio', { name: '1 hour' })).toBeChecked();
  await expect.poll(() => new URL(page.url()).hash).toBe(`#monitor/${id}?range=1h`);
  for (const name of ['Average', 'p50', 'p95', 'p99', 'Minimum', 'Maximum']) {
    await expect(fact(page, name)).toHaveText(/^[\d.,]+ ms$/);
  }
  await expect(page.getByText(/^[1-9]\d* OK, 0 error, 0 failed$/)).toBeVisible();
  await page.reload();
  await expect(page.getByRole('radio', { name: '1 hour' })).toBeChecked();
  const shown = await page.locator('.latency-figures').getByText(/ OK, /).textContent();
  await expect(page.locator('.latency-figures').getByText(/ OK, /)).not.toHaveText(shown ?? '');
});

test('zooms the chart by dragging and then does not refresh it', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}?range=1h`);
  await expect(fact(page, 'p50')).toHaveText(/ms$/);
  const reset = page.getByRole('button', { name: 'Reset' });
  await expect(reset).toBeDisabled();
  const over = page.locator('.chart .u-over');
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  if (!box) {
    throw new Error('the chart is not rendered');
  }
  const requested = page.waitForRequest((request) => /\/stats\?from=.*&to=/.test(request.url()));
  await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 50, { steps: 5 });
  await page.mouse.up();
  const query = new URL((await requested).url()).searchParams;
  const minutes = (Date.parse(query.get('to') ?? '') - Date.parse(query.get('from') ?? '')) / 60_000;
  expect(minutes).toBeGreaterThan(13);
  expect(minutes).toBeLessThan(17);
  await expect(reset).toBeEnabled();
  await expect(page.getByText('No data in this period.')).toBeVisible();

  const zoomed = (await span(page).textContent()) ?? '';
  const before = target.hits;
  await expect.poll(() => target.hits).toBeGreaterThan(before + 4);
  await expect(span(page)).toHaveText(zoomed);
  await reset.click();
  await expect(fact(page, 'p50')).toHaveText(/ms$/);
  await expect(span(page)).not.toHaveText(zoomed);
});

test('moves and zooms the chart with buttons and keys', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await page.goto(`/#monitor/${id}?range=1h`);
  await expect(fact(page, 'p50')).toHaveText(/ms$/);
  const changes = async (/** @type {() => Promise<void>} */ action) => {
    const before = (await span(page).textContent()) ?? '';
    await action();
    await expect(span(page)).not.toHaveText(before);
  };
  for (const name of ['Earlier', 'Zoom in', 'Later', 'Zoom out']) {
    await changes(() => page.getByRole('button', { name }).click());
  }
  await page.getByRole('application').focus();
  for (const key of ['ArrowLeft', '+', 'ArrowRight', '-']) {
    await changes(() => page.keyboard.press(key));
  }
  await expect(page.getByRole('button', { name: 'Reset' })).toBeEnabled();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Reset' })).toBeDisabled();
  await expect(fact(page, 'p50')).toHaveText(/ms$/);
});

test('the chart follows the width of its container and the theme', async ({ page, nanomon, target }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}`);
  const canvas = page.locator('.chart canvas');
  await expect(fact(page, 'p50')).toHaveText(/ms$/);
  const width = () =>
    page.getByRole('application').evaluate((box) => box.clientWidth - (box.querySelector('.uplot')?.clientWidth ?? 0));
  await expect.poll(width).toBe(0);
  await page.setViewportSize({ width: 600, height: 800 });
  await expect.poll(width).toBe(0);
  const light = await canvas.evaluate((/** @type {HTMLCanvasElement} */ element) => element.toDataURL());
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect
    .poll(() => canvas.evaluate((/** @type {HTMLCanvasElement} */ element) => element.toDataURL()))
    .not.toBe(light);
});

test('shows the message of a result that is not OK, and filters results', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url,
    rule: 'status == 200',
  });
  await page.goto(`/#monitor/${id}?results=all`);
  await expect(page.getByTestId('status')).toHaveText('OK');
  target.status = 500;
  await expect(page.getByTestId('status')).toHaveText('Error');
  await expect(rows(page).getByText('Rule violated: status == 200').first()).toBeVisible();
  await page.getByRole('combobox', { name: 'Status' }).selectOption('Error');
  await expect(rows(page).filter({ hasText: 'OK' })).toHaveCount(0);
  await expect(rows(page).first()).toContainText('Rule violated');
  await expect.poll(() => new URL(page.url()).hash).toBe(`#monitor/${id}?status=error&results=all`);
  await page.getByRole('combobox', { name: 'Status' }).selectOption('Failed');
  await expect(page.getByText('No results match the filters.')).toBeVisible();
});

test('Check now runs a check immediately', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url,
    interval: '1h',
  });
  await page.goto(`/#monitor/${id}?results=all`);
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole('button', { name: 'Check now' }).click();
  await expect(rows(page)).toHaveCount(2);
  expect(target.hits).toBe(2);
});

test('Disable stops the checks and Enable resumes them', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url,
    interval: '1h',
    group: 'Public',
  });
  await page.goto(`/#monitor/${id}?results=all`);
  await expect(page.getByTestId('status')).toHaveText('OK');
  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByTestId('status')).toHaveText('Disabled');
  await expect(page.getByText('This monitor is disabled')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Check now' })).toBeDisabled();
  await expect(fact(page, 'Group')).toHaveText('Public');
  await page.getByRole('button', { name: 'Enable' }).click();
  await expect(page.getByTestId('status')).toHaveText('OK');
  await expect(rows(page)).toHaveCount(2);
});

test('Edit and Clone link to the form', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByRole('link', { name: 'Edit' })).toHaveAttribute('href', `#edit/${id}`);
  await expect(page.getByRole('link', { name: 'Clone' })).toHaveAttribute('href', `#edit/new?from=${id}`);
});

test('Delete asks for confirmation', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}`);
  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete this monitor?' });
  await expect(dialog).toContainText('Shop');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();

  await page.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No monitors yet')).toBeVisible();
});

test('shows that a monitor was never checked', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url,
    enabled: false,
  });
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByTestId('status')).toHaveText('Disabled');
  await expect(page.getByText('never checked')).toBeVisible();
  await expect(page.getByText('No results yet.')).toBeVisible();
  await expect(page.getByText('No data in this period.')).toBeVisible();
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('shows that a monitor does not exist', async ({ page }) => {
    await page.goto('/#monitor/0123456789abcdef01234567');
    await expect(page.getByText('This monitor does not exist.')).toBeVisible();
    await page.getByRole('link', { name: 'All monitors' }).click();
    await expect(page).toHaveURL(/#list$/);
  });

  test('shows an error when loading fails and can load again', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url });
    await page.route('**/api/monitors/**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: '{"detail":"the store is unavailable"}',
      }),
    );
    await page.goto(`/#monitor/${id}`);
    await expect(page.getByRole('alert')).toContainText('the store is unavailable');
    await page.unroute('**/api/monitors/**');
    await tryAgain(page.getByRole('button', { name: 'Try again' }));
    await expect(page.getByTestId('status')).toHaveText('OK');
    await expect(page.getByText('the store is unavailable')).toHaveCount(0);
  });

  test('shows an error when an action fails', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url });
    await page.goto(`/#monitor/${id}`);
    await page.route('**/run', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: '{"detail":"the store is unavailable"}',
      }),
    );
    await page.getByRole('button', { name: 'Check now' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'the store is unavailable' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Check now' })).toBeEnabled();
  });
});
test('shows a hostile name as text', async ({ page, nanomon, target }) => {
  const name = '<img src=x onerror="document.title=1">{{7*7}}';
  target.status = 500;
  const id = await nanomon.add({
    name,
    group: name,
    target: target.url,
    rule: `status == 200 || '${name}' == ''`,
  });
  await page.goto('/');
  await expect(row(page, name)).toContainText('Error');
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
  await expect(page.getByText('Rule violated: ').first()).toContainText(name);
  await page.goto(`/#edit/${id}`);
  await expect(page.getByLabel('Name')).toHaveValue(name);
  expect(await page.locator('main img').count()).toBe(0);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`fits the width of a phone, ${colorScheme}`, async ({ page, nanomon, target }) => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.emulateMedia({ colorScheme });
    const name = `A name that is long ${'x'.repeat(200)}`;
    const id = await nanomon.add({
      name,
      target: `${target.url}${'y'.repeat(300)}`,
      rule: `status != 200${' '.repeat(100)}`,
    });
    for (const hash of ['#results', `#monitor/${id}`]) {
      await page.goto(`/${hash}`);
      await expect(page.getByText('Rule violated').filter({ visible: true }).first()).toBeVisible();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, hash).toBeLessThanOrEqual(0);
    }
  });
}
