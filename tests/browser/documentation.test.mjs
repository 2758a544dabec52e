import { expectNoViolations } from './axe.mjs';
import { expect, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const heading = (/** @type {Page} */ page) => page.getByRole('heading', { level: 1 });

/**
 * Opens each visible link of a view to the documentation, and checks that it leads to a document and its heading.
 * @param {Page} page
 * @param {string} view
 * @returns {Promise<string[]>} the addresses
 */
async function openDocumentation(page, view) {
  const links = page.locator(`[data-view='${view}'] a[href^="./docs/"]:visible`);
  await expect(links.first()).toBeVisible();
  const addresses = [];
  for (const link of await links.all()) {
    const opened = page.waitForEvent('popup');
    await link.click();
    const document = await opened;
    await expect(heading(document)).toBeVisible();
    await expect(document).toHaveTitle(/NanoMon documentation$/);
    const { pathname, hash } = new URL(document.url());
    if (hash) {
      await expect(document.locator(`:is(h2, h3)${hash}`)).toBeInViewport();
    }
    addresses.push(pathname + hash);
    await document.close();
  }
  return addresses;
}

test('the links of the views open their documents', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto('/#about');
  const listed = await openDocumentation(page, 'about');
  expect(listed).toEqual(expect.arrayContaining(['/docs/', '/docs/monitors', '/docs/configuration', '/docs/backup']));
  await page.goto('/#edit/new');
  expect(await openDocumentation(page, 'monitor-form')).toEqual(['/docs/monitors#rules', '/docs/monitors#warnings']);
  await page.goto('/#report');
  expect(await openDocumentation(page, 'report')).toEqual(['/docs/reports#how-time-is-counted']);
  await page.goto(`/#monitor/${await nanomon.idOf('Shop')}`);
  expect(await openDocumentation(page, 'monitor')).toEqual(['/docs/notifications#when-a-notification-is-sent']);
  await page.goto('/#status-pages');
  expect(await openDocumentation(page, 'status-pages')).toEqual(['/docs/status-pages']);
  await page.goto('/#status-pages/new');
  expect(await openDocumentation(page, 'status-page-form')).toEqual(['/docs/status-pages#own-host-names']);
  await page.goto('/#admin');
  await page.getByRole('button', { name: 'Send test notification' }).click();
  await expect(page.getByText('configures channels with the settings of the runner')).toBeVisible();
  expect(await openDocumentation(page, 'admin')).toEqual(['/docs/notifications#e-mail']);
});

test('the help and the command palette open the documentation', async ({ page }) => {
  await page.goto('/#list');
  await expect(page.locator('.connection')).toHaveText('Live');
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  const opened = page.waitForEvent('popup');
  await help.getByRole('link', { name: 'documentation' }).click();
  await expect(heading(await opened)).toHaveText('Documentation');
  await page.bringToFront();
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();
  await page.keyboard.press('Control+k');
  const again = page.waitForEvent('popup');
  await page.getByRole('combobox').fill('documentation');
  await page.keyboard.press('Enter');
  await expect(heading(await again)).toHaveText('Documentation');
});

test('the documents link to each other, to their sections and to the page', async ({ page }) => {
  await page.goto('/docs');
  await expect(page).toHaveURL(/\/docs\/$/);
  await page.getByRole('main').getByRole('link', { name: 'Notifications', exact: true }).click();
  await expect(heading(page)).toHaveText('Notifications');
  const contents = page.getByRole('navigation', { name: 'Documentation' });
  await expect(contents.locator('[aria-current=page]')).toHaveText('Notifications');
  await contents.getByRole('link', { name: 'Webhooks' }).click();
  await expect(page.getByRole('heading', { name: 'Webhooks' })).toBeInViewport();
  await contents.getByRole('link', { name: 'Glossary' }).click();
  await expect(heading(page)).toHaveText('Glossary');
  await page.goBack();
  await expect(page).toHaveURL(/\/docs\/notifications#webhooks$/);
  await page.getByRole('link', { name: 'NanoMon', exact: true }).click();
  await expect(heading(page)).toHaveText('Monitors');
});

test('the documents have the theme of the page', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/#about');
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  await page.goto('/docs/monitors');
  await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(20, 23, 28)');
});

test('a document fits on a phone, and its tables scroll', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  for (const name of ['', 'monitors', 'architecture', 'api', 'workshop']) {
    await page.goto(`/docs/${name}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, name).toBeLessThanOrEqual(0);
  }
  await page.goto('/docs/monitors');
  const table = page.locator('.scroll').filter({ hasText: 'certExpiryDays' });
  expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(true);
  await page.getByRole('link', { name: 'Contents' }).click();
  await expect(page.getByRole('navigation', { name: 'Documentation' })).toBeInViewport();
});

test.describe('accessibility', () => {
  test.use({ bypassCSP: true });

  for (const [width, name] of /** @type {const} */ ([
    [390, 'monitors'],
    [1280, ''],
    [1280, 'notifications'],
    [1280, 'architecture'],
  ])) {
    test(`/docs/${name} has no serious violation at ${width} px`, async ({ page }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`/docs/${name}`);
      await expectNoViolations(page);
    });
  }
});
