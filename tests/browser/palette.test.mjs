import { expectNoViolations } from './axe.mjs';
import { addMany, nameOf } from './bulk.mjs';
import { expect, row, test } from './fixtures.mjs';
import { field } from './form.mjs';
import { signIn, button, test as signInTest } from './sign-in-fixtures.mjs';
import { addresses, prefetched } from './views.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/** The maximum time from a key to the change of the palette, in milliseconds. */
const MAX_TIME = 16;

/** @param {Page} page */
function palette(page) {
  return page.getByRole('dialog', { name: 'Command palette' });
}

/** @param {Page} page */
function options(page) {
  return palette(page).getByRole('option');
}

/** @param {Page} page */
function active(page) {
  return palette(page).getByRole('option', { selected: true });
}

/**
 * Opens the palette and types a text.
 * @param {Page} page
 * @param {string} [text]
 */
async function openPalette(page, text = '') {
  await expect(page.getByRole('main')).toHaveAttribute('data-view'); // Before a view is shown, nothing listens to keys.
  await page.keyboard.press('Control+k');
  await expect(palette(page).getByRole('combobox')).toBeFocused();
  await page.keyboard.type(text);
}

/**
 * Adds monitors that are not checked: their names, groups and labels.
 * @param {NanoMon} nanomon
 * @returns {Promise<string>} the id of the first one
 */
async function addShop(nanomon) {
  const more = { type: 'tcp', interval: '24h', target: 'localhost:1', enabled: false };
  const id = await nanomon.add({ ...more, name: 'Shop', group: 'Web', enabled: true });
  await nanomon.add({ ...more, name: 'The shop', target: 'localhost:2' });
  await nanomon.add({ ...more, name: 'Bishop' });
  await nanomon.add({ ...more, name: 'Mill', labels: { team: 'workshop' } });
  await nanomon.add({ ...more, name: 'Wind', group: 'Shops' });
  return id;
}

/**
 * @param {NanoMon} nanomon
 * @param {string} id
 */
async function read(nanomon, id) {
  return (await fetch(`${nanomon.url}/api/monitors/${id}`)).json();
}

test('the best match is first, and Enter opens it', async ({ page, nanomon }) => {
  const id = await addShop(nanomon);
  await page.goto('/#about');
  await openPalette(page, 'SHOP');
  await expect(options(page).locator('.name')).toHaveText(['Shop', 'The shop', 'Bishop', 'Mill', 'Wind']);
  await expect(palette(page).getByRole('status')).toHaveText('5 monitors');
  await expect(options(page).nth(3)).toContainText('team:workshop');
  await expect(active(page)).toHaveText(/^Shop/);
  await expect(palette(page).getByRole('combobox')).toHaveAttribute(
    'aria-activedescendant',
    `${await active(page).getAttribute('id')}`,
  );
  await page.keyboard.press('ArrowUp');
  await expect(active(page)).toHaveText(/^Wind/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Shop' })).toBeVisible();
  await expect(page).toHaveURL(`/#monitor/${id}`);
  await expect(palette(page)).toBeHidden();
  await expect(page.locator('main')).toBeFocused();

  // By its target
  await openPalette(page, 'localhost:2');
  await expect(options(page).locator('.name')).toHaveText(['The shop']);
});

test('the palette opens in every view', async ({ page, nanomon }) => {
  const views = addresses(await addShop(nanomon));
  for (const [name, address] of Object.entries(views)) {
    await page.goto(`/${address}`);
    await expect(page.locator('main > [x-data=view]'), name).toBeVisible();
    await openPalette(page, 'mill');
    await expect(options(page).locator('.name'), name).toHaveText(['Mill']);
    await page.keyboard.press('Escape');
    await expect(palette(page), name).toBeHidden();
  }
});

test('opens views, and creates a monitor', async ({ page }) => {
  await page.goto('/');
  await openPalette(page, 'rep');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/#report');
  await openPalette(page, 'new mon');
  await expect(active(page)).toHaveText(/^Create monitor/);
  await page.keyboard.press('Enter');
  await expect(field(page, 'Name')).toBeVisible();

  // It works in a field, and warns before it leaves a form with changes.
  await field(page, 'Name').fill('Shop');
  await openPalette(page, 'wall');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(field(page, 'Name')).toHaveValue('Shop');
});

test('pauses, resumes and checks a monitor by the name of the action', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '24h' });
  await nanomon.add({ name: 'Mill', target: target.url, interval: '24h' });
  await page.goto('/#wall');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect.poll(() => target.hits).toBe(2);
  await openPalette(page, 'check now shop');
  await expect(options(page)).toHaveText([/^Check now Shop/]);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Checking “\u2068Shop\u2069”…')).toBeVisible();
  await expect.poll(() => target.hits).toBe(3);

  await openPalette(page, 'pause shop');
  await expect(options(page)).toHaveText([/^Disable Shop pauses its checks/]);
  await page.keyboard.press('Enter');
  await expect(page.getByText('“\u2068Shop\u2069” disabled.')).toBeVisible();
  expect((await read(nanomon, id)).enabled).toBe(false);

  await openPalette(page, 'pause');
  await expect(options(page)).toHaveText([/^Disable Mill/]);
  await page.keyboard.press('Escape');
  await openPalette(page, 'resume');
  await expect(options(page)).toHaveText([/^Enable Shop/]);
  await page.keyboard.press('Enter');
  await expect(page.getByText('“\u2068Shop\u2069” enabled.')).toBeVisible();
  expect((await read(nanomon, id)).enabled).toBe(true);
});

test('Tab lists the actions of a monitor, and Escape returns to the search', async ({ page, nanomon }) => {
  const id = await addShop(nanomon);
  await page.goto('/');
  await openPalette(page, 'shop');
  await expect(active(page)).toContainText('Shop');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Tab');
  await expect(palette(page).getByRole('combobox', { name: 'Actions on Shop' })).toBeFocused();
  await expect(options(page).locator('.name')).toHaveText([
    'Open',
    'Check now',
    'Disable',
    'Edit',
    'Clone',
    'Incidents',
    'Report',
  ]);
  await page.keyboard.press('Escape');
  await expect(options(page)).toHaveCount(5);
  await expect(palette(page).getByRole('combobox')).toHaveValue('shop');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.type('ed');
  await expect(options(page)).toHaveText(['Edit']);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/#edit/${id}`);

  // The pointer does the same.
  await openPalette(page, 'the shop');
  await options(page).first().hover();
  await options(page).first().locator('.more').click();
  await options(page).filter({ hasText: 'Report' }).click();
  await expect(page).toHaveURL(/#report\/[0-9a-f]{24}$/);
});

test('the palette follows changes while it is open, and keeps the active row', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await nanomon.add({ name: 'Shop 2', target: target.url });
  await page.goto('/#about');
  await openPalette(page, 'shop');
  await expect(options(page).first()).toContainText('OK');
  await page.keyboard.press('ArrowDown');
  await nanomon.add({ name: 'Shop 1', target: target.url });
  await expect(options(page).locator('.name')).toHaveText(['Shop', 'Shop 1', 'Shop 2']);
  await expect(active(page)).toContainText('Shop 2');
  target.status = 500;
  await expect(options(page).first()).toContainText('Error');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Tab');
  await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' });
  await expect(options(page).locator('.name')).toHaveText(['Shop 1', 'Shop 2']);
});

test('Command+K opens the palette on a Mac, and Control+K does not', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' }));
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Monitors' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Meta+k');
  await expect(palette(page)).toBeVisible();
  await page.keyboard.press('Meta+k');
  await expect(palette(page)).toBeHidden();
});

test('a thousand monitors are searched quickly, and few rows are drawn', async ({ page, nanomon }) => {
  await addMany(nanomon, 1000);
  await page.goto('/');
  await expect(page.getByText('1,000 monitors')).toBeVisible();
  await openPalette(page);
  await expect(options(page)).toHaveCount(50);
  await page.keyboard.type('mon');
  await expect(palette(page).getByRole('status')).toHaveText('1,000 monitors, the first 35 are shown');
  await expect(options(page).locator('.name').first()).toHaveText(nameOf(1));
  await expect(options(page).filter({ hasText: 'View' })).toHaveText(/^Monitors/);
  const median = () => palette(page).getByRole('combobox').evaluate(typeText);
  await expect.poll(median, { timeout: 60_000 }).toBeLessThan(MAX_TIME);
});

/**
 * Types into the field and returns the median time until the rows have their new layout, in milliseconds.
 * @param {Element} element
 */
function typeText(element) {
  const field = /** @type {HTMLInputElement} */ (element);
  const times = [
    'm',
    'mo',
    'mon',
    'monitor',
    '9',
    '99',
    '999',
    'pause',
    'enable',
    '',
    'enable 7',
    '77',
    's',
    'team',
  ].map((text) => {
    const start = performance.now();
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.closest('dialog')?.getBoundingClientRect();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

signInTest.describe('with sign-in', () => {
  signInTest('people who may only read get no action that changes anything', async ({ page, nanomon }) => {
    await signIn(page);
    await page.goto('/#edit/new');
    await field(page, 'Name').fill('Shop');
    await field(page, 'Target').fill('http://127.0.0.1:1/');
    await button(page, 'Save').click();
    await expect(page.getByRole('heading', { level: 1, name: 'Shop' })).toBeVisible();
    await openPalette(page, 'create');
    await expect(options(page)).toHaveCount(3);
    await page.keyboard.press('Escape');
    await button(page, 'Sign out').click();
    await button(page, 'Sign me out').click();
    await page.waitForURL(`${nanomon.url}/`);
    await expect(row(page, 'Shop')).toBeVisible();
    await openPalette(page, 'create');
    await expect(palette(page).getByRole('status')).toHaveText('Nothing matches.');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('shop');
    await page.keyboard.press('Tab');
    await expect(options(page).locator('.name')).toHaveText(['Open', 'Incidents', 'Report']);
    await page.keyboard.type('op');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'Shop' })).toBeVisible();
  });

  signInTest.describe('and protected reads', () => {
    signInTest.use({ extraSettings: { AUTH_PROTECT_READS: 'true' }, requestsFail: true });

    signInTest('the palette asks to sign in and opens views', async ({ page }) => {
      await page.goto('/');
      await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
      await openPalette(page, 'about');
      await expect(palette(page).getByRole('alert')).toHaveText('Sign in to see the monitors.');
      await page.keyboard.press('Enter');
      await expect(page).toHaveURL('/#about');
    });
  });
});

test.describe('while the server is away', () => {
  test.use({ requestsFail: true });

  test('the palette says so, and still opens monitors and views', async ({ page, nanomon }) => {
    await addShop(nanomon);
    await page.clock.install();
    await page.goto('/');
    await expect(page.locator('.connection')).toHaveText('Live');
    await page.clock.fastForward(10_000);
    await prefetched(page);
    await expect(page.locator('link[href="./keyboard/keyboard.css"]')).toHaveCount(1);
    await nanomon.stop();
    await expect(page.locator('.connection')).toContainText('Disconnected');
    await openPalette(page, 'pause shop');
    await expect(palette(page).getByRole('alert')).toContainText('The API does not respond.');
    await page.keyboard.press('Enter');
    await expect(page.getByText('Could not disable “\u2068Shop\u2069”')).toBeVisible();
    await openPalette(page, 'about');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
    await openPalette(page);
    await nanomon.start();
    await expect(palette(page).getByRole('alert')).toBeHidden();
  });

  test('a palette that cannot be loaded says so, and opens later', async ({ page }) => {
    await page.route('**/keyboard/**', (route) => route.abort());
    await page.goto('/');
    await expect(page.locator('.connection')).toHaveText('Live');
    await page.keyboard.press('Control+k');
    await expect(page.getByText('Could not load the keyboard commands: the server does not respond.')).toBeVisible();
    await page.unroute('**/keyboard/**');
    await openPalette(page);
  });
});

test.describe('accessibility', () => {
  test.use({ bypassCSP: true });

  for (const width of [390, 1280]) {
    test(`the palette has no serious violation at ${width} px`, async ({ page, nanomon }) => {
      await addShop(nanomon);
      await page.setViewportSize({ width, height: 800 });
      await page.goto('/');
      await expect(row(page, 'Shop')).toBeVisible();
      await openPalette(page, 'shop');
      await expect(options(page)).toHaveCount(5);
      await expectNoViolations(page);
      await page.keyboard.press('Tab');
      await expect(options(page)).toHaveCount(7);
      await expectNoViolations(page);
      await page.keyboard.type('nothing');
      await expect(options(page)).toHaveCount(0);
      await expectNoViolations(page);
      expect(await palette(page).evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth)).toBe(0);
    });
  }
});
