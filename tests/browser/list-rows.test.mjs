import { expect, row, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/** The cells of a row that a wide screen shows. */
const CELLS = ['.state', '.who', '.kind', '.day', '.month', '.p95', '.strip', '.value', '.last', '.act'];

/**
 * Adds monitors in two groups.
 * @param {NanoMon} nanomon
 * @param {string} url the address of a target
 * @param {number} count
 * @param {number} [first] how many are in the first group
 */
async function addMany(nanomon, url, count, first = 5) {
  const monitors = Array.from({ length: count }, (_, i) => ({
    name: `Monitor ${i + 1}`,
    type: 'http',
    interval: '10s',
    target: url,
    group: i < first ? 'First' : 'Second',
    labels: { team: 'storefront', env: 'production' },
  }));
  const response = await fetch(`${nanomon.url}/api/monitors/import`, {
    method: 'POST',
    body: JSON.stringify(monitors),
  });
  expect(response.status).toBe(204);
}

/**
 * Returns how many rows of monitors are completely visible.
 * @param {Page} page
 */
function countVisible(page) {
  return page.locator('.line').evaluateAll(
    (lines) =>
      lines.filter((line) => {
        const { top, bottom } = line.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      }).length,
  );
}

for (const [width, height, rows, first] of [
  [1280, 800, 13, 5],
  [1920, 1080, 24, 30],
]) {
  test(`at ${width}x${height}, at least ${rows} rows are visible below the headings of their groups`, async ({
    page,
    nanomon,
    target,
  }) => {
    await addMany(nanomon, target.url, 40, first);
    await page.setViewportSize({ width, height });
    await page.goto('/');
    await expect(row(page, 'Monitor 1')).toContainText('OK');
    await expect(page.locator('.heading-row')).toHaveCount(2);
    expect(await countVisible(page)).toBeGreaterThanOrEqual(rows);
    const heights = await page.locator('.line').evaluateAll((lines) => lines.map((line) => line.clientHeight + 1));
    expect(new Set(heights)).toEqual(new Set([36]));
  });
}

test('all columns are aligned in all groups and below their titles', async ({ page, nanomon, target }) => {
  await addMany(nanomon, target.url, 8);
  await nanomon.add({ name: 'Mail', type: 'tcp', target: '127.0.0.1:1', group: 'G'.repeat(100) });
  await nanomon.add({ name: 'N'.repeat(200), target: target.url, enabled: false });
  await page.goto('/');
  await expect(row(page, 'Mail')).toContainText('Failed');
  for (const cell of CELLS) {
    const edges = await page.locator(`.line ${cell}`).evaluateAll((cells) =>
      cells.map((it) => {
        const { left, right } = it.getBoundingClientRect();
        return `${left} ${right}`;
      }),
    );
    expect(edges, cell).toHaveLength(10);
    expect(new Set(edges).size, cell).toBe(1);
  }
  const edges = (/** @type {string} */ selector) =>
    page.locator(selector).evaluateAll((cells) => cells.map((it) => it.getBoundingClientRect().left));
  const first = await page
    .locator('.line')
    .first()
    .evaluate((line) => line.getAttribute('data-id'));
  expect(await edges(`[data-id="${first}"] td`)).toEqual(await edges('thead th'));
});

for (const width of [390, 768]) {
  test(`names are complete at ${width} px, also with labels`, async ({ page, nanomon, target }) => {
    await nanomon.add({ name: 'Monitor 001', target: target.url, labels: { env: 'prod', team: 'web' } });
    await page.setViewportSize({ width, height: 800 });
    await page.goto('/');
    const name = page.getByRole('link', { name: 'Monitor 001' });
    await expect(name).toBeVisible();
    expect(await name.evaluate((link) => link.scrollWidth - link.clientWidth)).toBeLessThanOrEqual(0);
  });
}

test('the row tells why a monitor is not OK, and the tooltip has the whole text', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 201' });
  await nanomon.add({ name: 'Mill', target: target.url });
  await page.goto('/');
  const about = row(page, 'Shop').locator('.about');
  await expect(about).toHaveText(`Rule violated: status == 201 ${target.url}`);
  await expect(about).toHaveAttribute('title', `Rule violated: status == 201\n${target.url}`);
  await expect(row(page, 'Mill').locator('.about')).toHaveText(target.url);

  const silenced = await fetch(`${nanomon.url}/api/monitors/${id}/silence`, {
    method: 'POST',
    body: JSON.stringify({ duration: '1h' }),
  });
  expect(silenced.ok).toBe(true);
  await page.reload();
  await expect(row(page, 'Shop').locator('.silenced')).toHaveText('Silenced');
  await expect(row(page, 'Shop').locator('.silenced')).toHaveAttribute('title', /^Nobody is notified until /);
});

test.describe('groups', () => {
  test.beforeEach(async ({ page, nanomon, target }) => {
    await addMany(nanomon, target.url, 8);
    await nanomon.add({ name: 'Alone', target: target.url });
    await page.goto('/');
    await expect(page.getByText('9 monitors')).toBeVisible();
  });

  test('all groups can be collapsed and expanded', async ({ page }) => {
    const collapse = page.getByRole('button', { name: 'Collapse all groups' });
    const expand = page.getByRole('button', { name: 'Expand all groups' });
    await expect(expand).toBeDisabled();
    await collapse.click();
    await expect(page.locator('.line')).toHaveCount(0);
    await expect(page.locator('.heading-row')).toHaveCount(3);
    await expect(collapse).toBeDisabled();
    await page.reload();
    await expect(page.locator('.heading-row')).toHaveCount(3);
    await expect(page.locator('.line')).toHaveCount(0);
    await page.getByRole('button', { name: 'First', exact: true }).click();
    await expect(page.locator('.line')).toHaveCount(5);
    await expect(collapse).toBeEnabled();
    await expand.click();
    await expect(page.locator('.line')).toHaveCount(9);
    await page.getByLabel('Sort').selectOption('name');
    await expect(collapse).toBeHidden();
  });

  test('the list can be filtered by group, and the address stores it', async ({ page }) => {
    await page.getByLabel('Group', { exact: true }).selectOption('First');
    await expect(page.getByText('5 of 9')).toBeVisible();
    await expect(page).toHaveURL(/#list\?group=First$/);
    await expect(page.getByRole('button', { name: 'Collapse all groups' })).toBeDisabled();
    await page.reload();
    await expect(page.getByText('5 of 9')).toBeVisible();
    await expect(page.getByLabel('Group', { exact: true })).toHaveValue('First');
    await page.getByRole('searchbox').fill('nowhere');
    await page.getByRole('button', { name: 'Clear search and filters' }).click();
    await expect(page.getByText('9 monitors')).toBeVisible();
    await expect(page.getByLabel('Group', { exact: true })).toHaveValue('');
  });

  for (const width of [800, 1280]) {
    test(`at ${width} px, the titles of the columns and the heading of the group stay visible`, async ({ page }) => {
      await page.setViewportSize({ width, height: 360 });
      const bar = await page.locator('.bar').boundingBox();
      const before = await page.locator('.heading-row').first().boundingBox();
      // The heading would be 20 px below the top of the screen.
      await page.evaluate((to) => scrollTo(0, to), (before?.y ?? 0) - 20);
      const [head, heading] = await Promise.all(
        ['thead', '.heading-row >> nth=0'].map((selector) => page.locator(selector).boundingBox()),
      );
      expect(head?.y).toBeCloseTo(bar?.height ?? 0, 0);
      expect(heading?.y).toBeCloseTo((head?.y ?? 0) + (head?.height ?? 0), 0);
    });
  }
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('a row has two lines with everything that matters, and buttons for fingers', async ({
    page,
    nanomon,
    target,
  }) => {
    await addMany(nanomon, target.url, 20);
    await page.goto('/');
    const line = row(page, 'Monitor 1');
    await expect(line).toContainText('OK');
    await page.evaluate(() => scrollTo(0, 300));
    expect(await countVisible(page)).toBeGreaterThanOrEqual(8);
    for (const part of ['.state', '.who a', '.strip', '.day', '.value', '.more']) {
      await expect(line.locator(part)).toBeVisible();
    }
    const { width = 0, height = 0 } = (await line.locator('.more').boundingBox()) ?? {};
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(44);
    const before = target.hits;
    await page.getByRole('button', { name: 'More actions: Monitor 1', exact: true }).tap();
    await page.getByRole('menuitem', { name: 'Check now' }).tap();
    await expect(page.getByText(/^Checking .*Monitor 1/)).toBeVisible();
    await expect.poll(() => target.hits).toBeGreaterThan(before);
  });
});
