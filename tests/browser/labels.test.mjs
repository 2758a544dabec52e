import { contrast } from './colors.mjs';
import { expectNoViolations } from './axe.mjs';
import { expect, row, test } from './fixtures.mjs';
import { field, open, put, save, saved, stored } from './form.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/**
 * @param {Page} page
 * @param {string} name
 */
function chips(page, name) {
  return row(page, name).locator('.label-chip');
}

/** @param {Page} page */
function filter(page) {
  return page.getByLabel('Label', { exact: true });
}

/** @param {Page} page */
function suggestedValues(page) {
  return page.locator('.row datalist option').evaluateAll((options) => options.map((it) => it.getAttribute('value')));
}

/**
 * Adds three monitors: two of team payments, and one without labels.
 * @param {NanoMon} nanomon
 * @param {string} target
 */
async function addThree(nanomon, target) {
  const monitor = { target, interval: '1h' };
  await nanomon.add({ ...monitor, name: 'API', labels: { team: 'payments', env: 'production' } });
  await nanomon.add({ ...monitor, name: 'Ledger', group: 'Books', labels: { team: 'payments', env: 'test lab' } });
  await nanomon.add({ ...monitor, name: 'Wiki' });
}

test.describe('in the form', () => {
  test('labels are added, changed and removed', async ({ page, nanomon, target }) => {
    await addThree(nanomon, target.url);
    await open(page, 'new');
    await field(page, 'Name').fill('Shop');
    await field(page, 'Target').fill(target.url);
    await expect(page.locator('#label-keys option')).toHaveCount(2);
    await page.getByRole('button', { name: 'Add label' }).click();
    await expect(field(page, 'Label 1: key')).toBeFocused();
    await page.keyboard.type(' team ');
    expect(await suggestedValues(page)).toEqual(['payments']);
    await field(page, 'Label 1: key').fill('env');
    expect((await suggestedValues(page)).sort()).toEqual(['production', 'test lab']);
    await field(page, 'Label 1: value').fill(' production ');
    await page.getByRole('button', { name: 'Add label' }).click();
    await expect(field(page, 'Label 2: key')).toBeFocused();
    await page.keyboard.type('app.kubernetes.io/name');
    await page.keyboard.press('Tab');
    await page.keyboard.type('shop: 日本');
    // A row without any text is ignored.
    await page.getByRole('button', { name: 'Add label' }).click();
    await save(page);
    const id = await saved(page, 'Shop');
    expect((await stored(nanomon, id)).labels).toEqual({ env: 'production', 'app.kubernetes.io/name': 'shop: 日本' });

    await open(page, id);
    await expect(field(page, 'Label 1: key')).toHaveValue('app.kubernetes.io/name');
    await page.getByRole('button', { name: 'Remove label 1' }).click();
    await expect(page.getByRole('button', { name: 'Add label' })).toBeFocused();
    await field(page, 'Label 1: value').fill('staging');
    await field(page, 'Name').fill('Shop 2');
    await save(page);
    await saved(page, 'Shop 2');
    expect((await stored(nanomon, id)).labels).toEqual({ env: 'staging' });

    await open(page, id);
    await page.getByRole('button', { name: 'Remove label 1' }).click();
    await field(page, 'Name').fill('Shop 3');
    await save(page);
    await saved(page, 'Shop 3');
    expect((await stored(nanomon, id)).labels).toBeUndefined();
  });

  test('labels stay in a clone, when a template is applied, and when an older client saves', async ({
    page,
    nanomon,
    target,
  }) => {
    await addThree(nanomon, target.url);
    const id = await nanomon.idOf('API');
    await open(page, `new?from=${id}`);
    await expect(field(page, 'Label 1: value')).toHaveValue('production');
    await expect(field(page, 'Label 2: value')).toHaveValue('payments');

    await open(page, 'new');
    await expect(field(page, 'Name')).toHaveValue('');
    await page.getByRole('button', { name: 'Add label' }).click();
    await field(page, 'Label 1: key').fill('team');
    await page.getByRole('button', { name: 'Use example' }).click();
    await expect(field(page, 'Label 1: key')).toHaveValue('team');

    await put(nanomon, id, { name: 'API', target: target.url });
    expect((await stored(nanomon, id)).labels).toEqual({ team: 'payments', env: 'production' });
  });
});

test.describe('rejected by the API or the form', () => {
  test.use({ requestsFail: true });

  test('mistakes are shown', async ({ page, target }) => {
    await open(page, 'new');
    await field(page, 'Name').fill('Shop');
    await field(page, 'Target').fill(target.url);
    await page.getByRole('button', { name: 'Add label' }).click();
    const labels = page.locator('[data-field=labels]');
    for (const [key, value, error] of [
      ['', 'payments', 'Label with the value "payments" has no key'],
      ['team', '', 'Label team has no value'],
      ['my team', 'payments', 'Label key "my team" is invalid: use letters'],
      ['team', 'p'.repeat(101), 'Value of the label team has 101 characters, at most 100 are allowed'],
    ]) {
      await field(page, 'Label 1: key').fill(key);
      await field(page, 'Label 1: value').fill(value);
      await save(page);
      await expect(labels.locator('.field-error')).toContainText(error);
      await expect(page.getByText('Please fix the highlighted fields.')).toBeVisible();
    }
    // Nothing is reported while the value is still to be entered.
    await field(page, 'Label 1: key').fill('cost-center');
    await expect(labels.locator('.field-error')).toBeHidden();
    await field(page, 'Label 1: value').fill('7');
    await page.getByRole('button', { name: 'Add label' }).click();
    await field(page, 'Label 2: key').fill('cost-center');
    await page.keyboard.press('Tab');
    await expect(labels.locator('.field-error')).toBeHidden();
    await page.keyboard.type('8');
    await field(page, 'Name').focus();
    await expect(labels.locator('.field-error')).toHaveText('Label key cost-center is used twice');
    await field(page, 'Label 2: key').fill('cost.center');
    await save(page);
    await expect(labels.locator('.field-error')).toContainText('are both label_cost_center in Prometheus');
  });
});

test.describe('in the list', () => {
  test.beforeEach(async ({ page, nanomon, target }) => {
    await addThree(nanomon, target.url);
    await page.goto('/');
    await expect(page.getByText('3 monitors')).toBeVisible();
  });

  test('labels are chips in the color of their key', async ({ page }) => {
    await expect(chips(page, 'API')).toHaveText(['env:production', 'team:payments']);
    await expect(chips(page, 'Wiki')).toHaveCount(0);
    const color = (/** @type {import('../../frontend/playwright-test.js').Locator} */ chip) =>
      chip.evaluate((element) => getComputedStyle(element).color);
    const [env, team] = [await color(chips(page, 'API').first()), await color(chips(page, 'API').last())];
    expect(env).not.toBe(team);
    expect(await color(chips(page, 'Ledger').first())).toBe(env);
  });

  for (const [query, found] of /** @type {[string, string[]][]} */ ([
    ['team:payments', ['API', 'Ledger']],
    ['PAYMENTS production', ['API']],
    ['env:test lab', ['Ledger']],
    ['env', ['API', 'Ledger']],
  ])) {
    test(`the search finds ${query}`, async ({ page }) => {
      await page.getByRole('searchbox').fill(query);
      await expect(page.getByText(`${found.length} of 3`)).toBeVisible();
      expect((await page.locator('.line .who a').allTextContents()).sort()).toEqual(found);
    });
  }

  test('a click filters, and the address stores the filter', async ({ page }) => {
    await chips(page, 'API').filter({ hasText: 'team:payments' }).click();
    await expect(page.getByText('2 of 3')).toBeVisible();
    await expect(filter(page)).toHaveValue('team:payments');
    await expect(page).toHaveURL(/#list\?label=team%3Apayments$/);
    await page.reload();
    await expect(page.getByText('2 of 3')).toBeVisible();
    await expect(filter(page)).toHaveValue('team:payments');
    // The values of labels can be sorted out with the other filters.
    await page.getByRole('searchbox').fill('lab');
    await expect(page.getByText('1 of 3')).toBeVisible();
    await page.getByRole('searchbox').clear();
    await chips(page, 'Ledger').filter({ hasText: 'team:payments' }).click();
    await expect(page.getByText('3 monitors')).toBeVisible();
    await expect(page).toHaveURL(/#list$/);

    await filter(page).selectOption('env:test lab');
    await expect(page.getByText('1 of 3')).toBeVisible();
    await filter(page).selectOption('All labels');
    await expect(page.getByText('3 monitors')).toBeVisible();
  });

  test('a filter that no monitor matches can be removed', async ({ page, nanomon }) => {
    await page.goto('/#list?label=team%3Anobody');
    await expect(page.getByText('No monitors match.')).toBeVisible();
    await expect(filter(page)).toHaveValue('team:nobody');
    await page.getByRole('button', { name: 'Clear search and filters' }).click();
    await expect(page.getByText('3 monitors')).toBeVisible();

    // The filter follows the labels in use.
    await put(nanomon, await nanomon.idOf('API'), { name: 'API', target: 'http://127.0.0.1:1', labels: { tier: '1' } });
    await expect(chips(page, 'API')).toHaveText(['tier:1']);
    await expect(filter(page).locator('option')).toHaveText(['All labels', 'env:test lab', 'team:payments', 'tier:1']);
  });

  test('a long list of labels does not make the row higher', async ({ page, nanomon }) => {
    const labels = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key-${i}`, 'value '.repeat(15).trim()]));
    await put(nanomon, await nanomon.idOf('Wiki'), { name: 'Wiki', target: 'http://127.0.0.1:1', labels });
    await expect(row(page, 'Wiki').locator('.labels')).toHaveAttribute('title', /key-19:value/);
    const heights = await page.locator('.line').evaluateAll((lines) => lines.map((line) => line.scrollHeight));
    expect(new Set(heights).size).toBe(1);
    await expect(row(page, 'Wiki').getByRole('link', { name: 'Wiki', exact: true })).toBeVisible();
  });
});

test('the page of a monitor shows its labels, and each leads to the filtered list', async ({
  page,
  nanomon,
  target,
}) => {
  await addThree(nanomon, target.url);
  await page.goto(`/#monitor/${await nanomon.idOf('Ledger')}`);
  await expect(page.locator('.facts .label-chip')).toHaveText(['env:test lab', 'team:payments']);
  await page.getByRole('link', { name: 'env:test lab' }).click();
  await expect(page.getByText('1 of 3')).toBeVisible();
  await expect(filter(page)).toHaveValue('env:test lab');
  await page.goto(`/#monitor/${await nanomon.idOf('Wiki')}`);
  await expect(page.getByRole('heading', { name: 'Wiki' })).toBeVisible();
  await expect(page.getByText('Labels', { exact: true })).toBeHidden();
});

test('without labels there is no filter for them', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Wiki', target: target.url });
  await page.goto('/');
  await expect(row(page, 'Wiki')).toBeVisible();
  await expect(filter(page)).toBeHidden();
});

test.describe('with every color', () => {
  test.use({ bypassCSP: true });

  test('labels are readable in both themes', async ({ page, nanomon, target }) => {
    // Keys of one letter, one after the other, have all hues.
    const letters = [...'abcdefghijkl'];
    await nanomon.add({
      name: 'Colors',
      target: target.url,
      labels: Object.fromEntries(letters.map((key) => [key, 'value'])),
    });
    await page.goto(`/#monitor/${await nanomon.idOf('Colors')}`);
    const labels = page.locator('.facts .label-chip');
    await expect(labels).toHaveCount(letters.length);
    const colors = await labels.evaluateAll((all) => all.map((label) => getComputedStyle(label).color));
    expect(new Set(colors).size).toBe(12);
    await expectNoViolations(page);
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      const pairs = await labels.evaluateAll(colorsOf);
      expect(Math.min(...pairs.map(([text, background]) => contrast(text, background)))).toBeGreaterThan(4.5);
    }
  });
});

/**
 * Returns the color of the text and of the background of each element: red, green and blue from 0 to 255.
 * @param {Element[]} elements
 */
function colorsOf(elements) {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const parts = (/** @type {string} */ color) => {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  return elements.map((element) => {
    const { color, backgroundColor } = getComputedStyle(element);
    return [parts(color), parts(backgroundColor)];
  });
}
