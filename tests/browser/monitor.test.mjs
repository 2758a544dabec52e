import { expect, row, test } from './fixtures.mjs';

test('the page of a monitor shows its results, figures and chart', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByTestId('status')).toHaveText('OK');
  const results = page.getByRole('table').filter({ hasText: 'Message and outputs' }).getByRole('row');
  await expect(results.nth(2)).toBeVisible();
  await expect(results.nth(1)).toContainText('OK');
  await expect(results.nth(1)).toContainText('bodyLen 5');

  await page.getByLabel('Window').selectOption('hour');
  await expect(page.getByText('100 %', { exact: true })).toBeVisible();
  await expect(page.getByText(/^[1-9]\d* OK, 0 error, 0 failed$/)).toBeVisible();
  const canvas = page.locator('.chart canvas');
  await expect(canvas).toBeVisible();
  const drawn = await canvas.evaluate((/** @type {HTMLCanvasElement} */ element) => {
    const pixels = element.getContext('2d')?.getImageData(0, 0, element.width, element.height).data ?? [];
    return pixels.some((value) => value > 0);
  });
  expect(drawn).toBe(true);
});

test('the message of a bad result is shown', async ({ page, nanomon, target }) => {
  target.status = 500;
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByTestId('status')).toHaveText('Error');
  await expect(page.getByText('Rule violated: status == 200').first()).toBeVisible();
});

test('Run now runs at once', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await page.goto(`/#monitor/${id}`);
  const badges = page.getByRole('table').getByText('OK', { exact: true });
  await expect(badges).toHaveCount(1);
  await page.getByRole('button', { name: 'Run now' }).click();
  await expect(badges).toHaveCount(2);
  expect(target.hits).toBe(2);
});

test('Delete asks first', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}`);
  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete this monitor?' });
  await expect(dialog).toContainText('Shop');
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();

  await page.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete it' }).click();
  await expect(page.getByText('Nothing is watched yet.')).toBeVisible();
});

test('a hostile name is text', async ({ page, nanomon, target }) => {
  const name = '<img src=x onerror="document.title=1">{{7*7}}';
  target.status = 500;
  const id = await nanomon.add({ name, group: name, target: target.url, rule: `status == 200 || '${name}' == ''` });
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
  test(`nothing is wider than a telephone, ${colorScheme}`, async ({ page, nanomon, target }) => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.emulateMedia({ colorScheme });
    const name = `A name that is long ${'x'.repeat(200)}`;
    const id = await nanomon.add({
      name,
      target: `${target.url}${'y'.repeat(300)}`,
      rule: `status != 200${' '.repeat(100)}`,
    });
    for (const hash of ['#home', `#monitor/${id}`, `#edit/${id}`]) {
      await page.goto(`/${hash}`);
      await expect(page.getByText('Error').or(page.getByLabel('Name')).first()).toBeVisible();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, hash).toBeLessThanOrEqual(0);
    }
  });
}
