import { readFile } from 'node:fs/promises';
import { expect, test as own, tryAgain } from './fixtures.mjs';
import { test } from './seeded.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */

/** @param {Page} page */
const monitors = (page) => page.getByRole('table', { name: 'Monitors' });
/**
 * @param {Page} page
 * @param {string} name the label of a figure
 */
const figure = (page, name) => page.getByRole('term').filter({ hasText: name }).locator('+ dd');

test.use({ timezoneId: 'America/St_Johns' });

test('shows all monitors, a group or one, and keeps the choice in the address', async ({ page }) => {
  await page.goto('/#list');
  await page.getByRole('link', { name: 'Reports' }).click();
  await expect(page.getByLabel('Time zone')).toHaveValue('America/St_Johns');
  await expect(page.getByText(/\(now\), America\/St_Johns$/)).toBeVisible();
  const all = await monitors(page).getByRole('row').count();

  await page.getByLabel('Group').selectOption('Shop');
  await expect.poll(() => monitors(page).getByRole('row').count()).toBeLessThan(all);
  await page.getByLabel('Month').selectOption({ index: 5 });
  const checkout = monitors(page).getByRole('row').filter({ hasText: 'Checkout' });
  await expect(checkout).toContainText(/(30|31|28|29)\sd/);
  await expect(page).toHaveURL(/#report\?month=\d{4}-\d\d&group=Shop$/);
  await page.getByLabel('Month').selectOption({ index: 0 });
  await page.getByLabel('Time zone').selectOption('UTC');
  await expect(page).toHaveURL(/#report\?group=Shop&zone=UTC$/);
  await expect(page.getByText(/\(now\), UTC$/)).toBeVisible();
  await page.reload();
  await expect(checkout).toBeVisible();
  await expect(page.getByLabel('Group')).toHaveValue('Shop');

  await checkout.getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'Incidents' })).toBeVisible();
  await page.getByRole('link', { name: 'Checkout' }).click();
  await page.getByRole('link', { name: 'Report', exact: true }).click();
  await expect(figure(page, 'Uptime')).toHaveText(/\d\s%$/);
  await expect(page.getByText('Uptime is the time with the status OK')).toBeVisible();
});

test('is downloaded as CSV', async ({ page }) => {
  await page.goto('/#report?month=2026-01&group=Shop');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const file = await downloading;
  expect(file.suggestedFilename()).toBe('nanomon-report-2026-01.csv');
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
  expect(lines[0]).toMatch(/^from,to,zone,id,name,group,ok_seconds,/);
  expect(lines.length).toBe(await monitors(page).getByRole('row').count());
  expect(lines[1]).toContain('2026-01-01T00:00:00-03:30,2026-02-01T00:00:00-03:30,America/St_Johns,');
});

test('is printed in black on white, without navigation', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/#report');
  await expect(monitors(page)).toBeVisible();
  // The width of A4 without the margins.
  await page.setViewportSize({ width: 680, height: 900 });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  for (const part of [page.getByRole('navigation'), page.getByLabel('Month'), page.getByRole('button')]) {
    await expect(part.filter({ visible: true })).toHaveCount(0);
  }
  const colours = await page.evaluate(() => {
    const { color, backgroundColor } = getComputedStyle(document.body);
    return { color, backgroundColor, fits: document.documentElement.scrollWidth <= innerWidth };
  });
  expect(colours).toEqual({ color: 'rgb(0, 0, 0)', backgroundColor: 'rgb(255, 255, 255)', fits: true });
  await expect(monitors(page).getByRole('columnheader').first()).toBeVisible();
});

own('shows the error budget and an incident that is still open', async ({ page, nanomon, target }) => {
  await page.goto('/#report');
  await expect(page.getByText('No monitors yet')).toBeVisible();
  const properties = { slo: '99.95' };
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200', properties });
  const results = async () => await (await fetch(`${nanomon.url}/api/monitors/${id}/results`)).json();
  // The report ends at the last full second.
  await expect.poll(async () => (await results()).length).toBeGreaterThan(2);
  await page.goto(`/#report/${id}`);
  await expect(figure(page, 'Objective')).toHaveText(/99[.]95\s%\s*met/);
  await expect(page.getByText('The first time that counts begins on')).toBeVisible();
  await expect(page.getByText('None in this period.')).toBeVisible();

  target.status = 500;
  await expect.poll(async () => (await results())[0].status).toBe(1);
  await expect.poll(async () => (await results())[1].status).toBe(1);
  await page.reload();
  const incident = page.getByRole('table', { name: 'Incidents' }).getByRole('row').nth(1);
  await expect(incident).toContainText('still open');
  await expect(incident).toContainText('Error');
  await expect(figure(page, 'Used')).toHaveText(/\d\ss$/);
});

own.describe('without an answer', () => {
  own.use({ requestsFail: true });

  own('says why, and loads the report later', async ({ page, nanomon }) => {
    await nanomon.add({ name: 'Shop', target: 'http://127.0.0.1:1/', enabled: false });
    await page.goto('/#report?zone=Mars/Olympus');
    await expect(page.getByRole('alert')).toContainText('zone must be the name of a time zone');
    await page.getByLabel('Time zone').selectOption('UTC');
    await expect(monitors(page)).toContainText('Shop');
    await page.goto('/#report/0123456789abcdef01234567');
    await expect(page.getByText('This monitor does not exist.')).toBeVisible();

    await page.route('**/api/report?*', (route) => route.abort());
    await page.goto('/#report');
    await expect(page.getByRole('alert')).toContainText('Could not reach the API');
    await page.unroute('**/api/report?*');
    await tryAgain(page.getByRole('button', { name: 'Try again' }));
    await expect(monitors(page)).toContainText('Shop');
  });
});
