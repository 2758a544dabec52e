import { expectNoViolations } from './axe.mjs';
import { expect, test } from './fixtures.mjs';
import { field, save } from './form.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

// axe needs a page without the content security policy.
test.use({ bypassCSP: true, timezoneId: 'UTC' });

/** @param {NanoMon} nanomon @param {string} [path] */
async function read(nanomon, path = '') {
  return (await fetch(`${nanomon.url}/api/status-pages${path}`)).json();
}

/**
 * Creates a status page with two sections with the API.
 * @param {NanoMon} nanomon
 * @param {object} [members]
 */
async function addPage(nanomon, members) {
  const entry = async (/** @type {string} */ name) => ({
    name,
    monitor: await nanomon.add({ name, type: 'tcp', target: '127.0.0.1:1', interval: '1h', enabled: false }),
  });
  const body = {
    slug: 'shop',
    title: 'Shop',
    sections: [
      { title: 'Web', entries: [await entry('Front page'), await entry('Search')] },
      { title: 'Payments', entries: [await entry('Cards')] },
    ],
    show: { uptime: true, responseTime: false, incidents: true },
    ...members,
  };
  const response = await fetch(`${nanomon.url}/api/status-pages`, { method: 'POST', body: JSON.stringify(body) });
  const page = await response.json();
  expect(response.status, page.detail).toBe(200);
  return page;
}

/**
 * Replaces a status page with the API.
 * @param {NanoMon} nanomon
 * @param {any} page
 * @param {object} members
 */
async function change(nanomon, { id, slug, title, sections, show }, members) {
  const body = JSON.stringify({ slug, title, sections, show, ...members });
  const response = await fetch(`${nanomon.url}/api/status-pages/${id}`, { method: 'PUT', body });
  expect(response.status).toBe(200);
}

/** @param {Page} page */
const preview = (page) => page.getByRole('region', { name: 'Preview of the page' });

/** The sections in the form: the names of their entries. @param {Page} page */
function sectionsOf(page) {
  return page
    .locator('.section')
    .evaluateAll((all) =>
      all.map((one) =>
        [.../** @type {NodeListOf<HTMLInputElement>} */ (one.querySelectorAll('.row input'))].map(
          (input) => input.value,
        ),
      ),
    );
}

test('from nothing to a page with two sections takes at most 15 actions', async ({ page, nanomon, target }) => {
  for (const name of ['Front page', 'Search', 'Cards', 'Invoices']) {
    await nanomon.add({ name, target: target.url, interval: '1h' });
  }
  await page.goto('/');
  let actions = 0;
  /** @param {Promise<unknown>} action */
  const act = async (action) => {
    actions++;
    await action;
  };
  const choice = (/** @type {string} */ name) => page.getByRole('checkbox', { name: new RegExp(`^${name}`) });
  await act(page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Status pages' }).click());
  await act(page.getByRole('link', { name: 'Create your first status page' }).click());
  await act(field(page, 'Title').fill('Example Shop'));
  await expect(field(page, 'Address')).toHaveValue('example-shop');
  await act(page.getByLabel('Title of section 1').fill('Web'));
  await act(choice('Front page').check());
  await act(choice('Search').check());
  await act(page.getByRole('button', { name: 'Add section' }).click());
  await expect(page.getByLabel('Title of section 2')).toBeFocused();
  await act(page.keyboard.type('Payments'));
  await act(choice('Cards').check());
  await act(choice('Invoices').check());
  await expect(preview(page).getByRole('heading', { name: 'Invoices' })).toBeVisible();
  await act(page.getByRole('button', { name: 'Save', exact: true }).click());
  await expect(page.getByRole('heading', { name: 'Example Shop', level: 1 })).toBeVisible();
  const opened = page.waitForEvent('popup');
  await act(page.getByRole('link', { name: 'Open page' }).click());
  expect(actions).toBeLessThanOrEqual(15);

  const shown = await opened;
  await expect(async () => {
    await shown.reload();
    await expect(shown.getByRole('heading', { name: 'Example Shop' })).toBeVisible({ timeout: 1000 });
  }).toPass();
  expect(shown.url()).toBe(`${nanomon.url}/status/example-shop`);
  for (const name of ['Web', 'Front page', 'Search', 'Payments', 'Cards', 'Invoices']) {
    await expect(shown.getByRole('heading', { name, exact: true })).toBeVisible();
  }
});

test('sections and entries move by keyboard and buttons, and a removal can be undone', async ({ page, nanomon }) => {
  const { id } = await addPage(nanomon);
  await page.goto(`/#status-pages/${id}`);
  await expect(page.getByLabel('Title of section 2')).toHaveValue('Payments');
  await page.getByRole('button', { name: 'Move up: Cards' }).press('Enter');
  expect(await sectionsOf(page)).toEqual([['Web', 'Front page', 'Search', 'Cards'], ['Payments']]);
  await expect(page.getByRole('status').filter({ hasText: 'Cards is entry 3 of 3 in Web.' })).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Move up: Cards' })).toBeFocused();
  await page.keyboard.press('Enter');
  expect(await sectionsOf(page)).toEqual([['Web', 'Front page', 'Cards', 'Search'], ['Payments']]);
  await expect(page.getByRole('button', { name: 'Move up: Cards' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Move down: Cards' })).toBeFocused(); // It is the first entry.
  await page.getByLabel('Public name of Monitor Front page').press('Alt+ArrowDown');
  await expect(page.getByLabel('Public name of Monitor Front page')).toBeFocused();
  expect(await sectionsOf(page)).toEqual([['Web', 'Cards', 'Search', 'Front page'], ['Payments']]);
  await page.getByRole('button', { name: 'Move section up: Payments' }).click();
  await page.getByLabel('Title of section 2').press('Alt+ArrowUp');
  await page.getByRole('button', { name: 'Remove section: Web' }).click();
  expect(await sectionsOf(page)).toEqual([['Payments']]);
  await expect(page.getByText('Removed Web with 3 entries.').filter({ visible: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Title of section 1')).toHaveValue('Web');
  await expect(page.getByLabel('Title of section 1')).toBeFocused();
  await page.getByRole('button', { name: 'Remove: Search' }).click();
  await page.getByLabel('Title of section 1').fill('Shop front');
  await page.getByRole('button', { name: 'Undo' }).click(); // It undoes the removal only.
  await expect(page.getByLabel('Title of section 1')).toHaveValue('Shop front');
  await page.getByLabel('Title of section 1').fill('Web');
  await page.getByRole('button', { name: 'Remove: Search' }).click();
  await save(page);
  await expect(page.getByText('Saved Shop')).toBeVisible();
  const [first, second] = (await read(nanomon, `/${id}`)).sections;
  expect([first, second].map(({ title }) => title)).toEqual(['Web', 'Payments']);
  expect(first.entries.map((/** @type {any} */ entry) => entry.name)).toEqual(['Cards', 'Front page']);
});

test('groups, labels and a section for each group can be shown', async ({ page, nanomon }) => {
  const monitor = { type: 'tcp', target: '127.0.0.1:1', interval: '1h', enabled: false };
  await nanomon.import([
    { ...monitor, name: 'Cards', group: 'Payments', labels: { team: 'money' } },
    { ...monitor, name: 'Invoices', group: 'Payments', labels: { team: 'office' } },
    { ...monitor, name: 'Front page', group: 'Web' },
  ]);
  await page.goto('/#status-pages/new');
  await field(page, 'Title').fill('Shop');
  await page.getByRole('button', { name: 'Add a section for each group' }).click();
  expect(await sectionsOf(page)).toEqual([
    ['Payments', 'Cards', 'Invoices'],
    ['Web', 'Front page'],
  ]);
  await page.getByRole('button', { name: 'Add entries to Web' }).click();
  await page.getByRole('searchbox').fill('team');
  await page.getByRole('checkbox', { name: /^team=money Label · 1 monitor/ }).check();
  await page.getByRole('searchbox').fill('group');
  await page.getByRole('checkbox', { name: /^Payments Group · 2 monitors/ }).check();
  await page.getByLabel('Public name of Label team=money').fill('Money');
  await save(page);
  await expect(page.getByText('Saved Shop')).toBeVisible();
  const [{ sections }] = await read(nanomon);
  expect(sections[1].entries.slice(1)).toMatchObject([
    { name: 'Money', label: 'team=money' },
    { name: 'Payments', group: 'Payments' },
  ]);
});

test('the preview follows the form and needs no valid page', async ({ page, nanomon }) => {
  const { id } = await addPage(nanomon);
  await page.goto(`/#status-pages/${id}`);
  await expect(preview(page).getByRole('heading', { name: 'Front page' })).toBeVisible();
  await field(page, 'Address').fill('Not valid');
  await field(page, 'Introduction').fill('Ask **us**. <script>document.body.dataset.hit = 1</script>');
  await expect(preview(page).locator('strong').filter({ hasText: /^us$/ })).toBeVisible();
  await page.getByLabel('Public name of Monitor Search').fill('Find');
  await expect(preview(page).getByRole('heading', { name: 'Find' })).toBeVisible();
  await field(page, 'Introduction').fill('[a link](https://example.com)');
  await preview(page).getByText('a link', { exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Edit Shop' })).toBeVisible();
  expect(await page.locator('body').getAttribute('data-hit')).toBeNull();
  const logo = { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.alloc(70_000) };
  await field(page, 'Logo').setInputFiles(logo);
  await expect(page.getByText('The image has 69 KB. Choose one of at most 64 KB')).toBeVisible();
});

test('the form fits on a phone, and warns before the address changes', async ({ page, nanomon }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const { id } = await addPage(nanomon);
  await page.goto(`/#status-pages/${id}`);
  await expect(page.getByText('Visitors see this name.').filter({ visible: true })).toHaveCount(1);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  const warning = page.getByText('The old address and its badges stop working when you save.');
  await expect(warning).toHaveCount(0);
  await field(page, 'Address').fill('shop-2');
  await expect(warning).toBeVisible();
  await field(page, 'Address').fill('shop');
  await expect(warning).toHaveCount(0);
});

test.describe('when requests fail', () => {
  test.use({ requestsFail: true });

  test('errors are shown at their fields, and the form keeps its content', async ({ page, nanomon }) => {
    const { id } = await addPage(nanomon);
    await addPage(nanomon, { slug: 'other', title: 'Other', sections: [] });
    await page.goto(`/#status-pages/${id}`);
    /** @param {import('../../frontend/playwright-test.js').Locator} input @param {string} bad @param {RegExp} text @param {string} good */
    const expectError = async (input, bad, text, good) => {
      await input.fill(bad);
      await save(page);
      await expect(
        page.locator('.invalid').filter({ has: input }).locator('.field-error').filter({ hasText: text }).first(),
      ).toBeVisible();
      await expect(input).toBeFocused();
      await input.fill(good);
      await expect(page.locator('.invalid')).toHaveCount(0);
    };
    await field(page, 'Title').fill('');
    await field(page, 'Address').fill('');
    await save(page);
    await expect(page.getByText('Title is missing')).toBeVisible();
    await expect(page.getByText('Address is missing')).toBeVisible();
    await expect(field(page, 'Title')).toBeFocused();
    await field(page, 'Address').fill('shop');
    await expectError(field(page, 'Title'), '', /^Title is missing/, 'Shop 2');
    await expectError(field(page, 'Address'), 'Foo Bar', /^Address must contain only/, 'shop');
    await expectError(field(page, 'Address'), 'other', /other/, 'shop');
    await expectError(page.getByLabel('Public name of Monitor Search'), '', /^Public name is missing/, 'Search');
    await expectError(field(page, 'Own host names'), 'localhost', /^Own host names must not contain/, '');
    await expectError(field(page, 'Time zone'), 'Nowhere', /^Time zone must be/, 'UTC');
    await page.getByRole('radio', { name: 'People with a password' }).check();
    await expectError(field(page, 'Password'), 'short', /^Password must have/, 'long enough');
    await expect(field(page, 'Title')).toHaveValue('Shop 2');
    await page.getByRole('link', { name: 'Cancel' }).click();
    await expect(page.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible();
    await page.getByRole('button', { name: 'Stay' }).click();
    await save(page);
    await expect(page.getByText('Saved Shop 2')).toBeVisible();
    await expect(page.getByText('Visible with a password')).toBeVisible();
    await page.getByRole('link', { name: 'Edit page' }).click();
    await expect(field(page, 'New password')).toHaveValue('');
    await field(page, 'Title').fill('Shop 3');
    await save(page);
    await expect(page.getByText('Saved Shop 3')).toBeVisible();
    expect(await read(nanomon, `/${id}`)).toMatchObject({ visibility: 'password', hasPassword: true });
  });

  test('two people edit the same page, and one deletes it', async ({ page, nanomon }) => {
    const stored = await addPage(nanomon);
    await page.goto(`/#status-pages/${stored.id}`);
    await field(page, 'Title').fill('Mine');
    await change(nanomon, stored, { title: 'Theirs', hosts: ['status.example.com'] });
    await save(page);
    const review = page.getByRole('region', { name: 'Someone else changed this status page' });
    await expect(review.getByRole('group', { name: 'Title' }).getByLabel('Yours Mine')).toBeChecked();
    await expect(review.getByRole('group', { name: 'Host names' }).getByLabel('Saved by someone else')).toBeChecked();
    await expectNoViolations(page);
    await save(page);
    await expect(page.getByText('Saved Mine')).toBeVisible();
    expect(await read(nanomon, `/${stored.id}`)).toMatchObject({ title: 'Mine', hosts: ['status.example.com'] });

    await page.getByRole('link', { name: 'Edit page' }).click();
    await field(page, 'Title').fill('Again');
    await fetch(`${nanomon.url}/api/status-pages/${stored.id}`, { method: 'DELETE' });
    await save(page);
    await expect(page.getByText('This status page has been deleted. You can save it as a new one.')).toBeVisible();
    await page.getByRole('button', { name: 'Save as new page' }).click();
    await expect(page.getByText('Saved Again')).toBeVisible();
  });
});

test('deleting a page asks first, and the list follows changes by others', async ({ page, nanomon }) => {
  const stored = await addPage(nanomon);
  await page.goto('/#status-pages');
  await expect(page.getByRole('row').filter({ hasText: 'Shop' })).toContainText('3 entries in 2 sections');
  await expect(page.locator('.connection')).toHaveText('Live');
  await change(nanomon, stored, { title: 'Renamed', sections: [{ entries: [{ name: 'Gone', group: 'Nothing' }] }] });
  await expect(page.getByRole('row').filter({ hasText: 'Renamed' })).toContainText('1 entry without a monitor');
  await page.getByRole('button', { name: 'Delete: Renamed' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('No status pages yet')).toBeVisible();
});
