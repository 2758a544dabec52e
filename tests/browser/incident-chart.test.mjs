import { expect, row, test } from './fixtures.mjs';
import { test as seededTest } from './seeded.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/** The period that the chart shows. @param {Page} page */
const span = (page) => page.getByTestId('span');

/** @param {Page} page */
const shownIncident = (page) => page.getByRole('region', { name: /^(Latest incident|Incident )/ });

/** @param {Page} page */
const parameters = (page) => new URLSearchParams(new URL(page.url()).hash.split('?')[1]);

seededTest('why a monitor failed last night: two clicks from the start page', async ({ page }) => {
  await page.goto('/');
  await expect(row(page, 'Search')).toBeVisible();
  await page.getByRole('link', { name: /^Incidents/ }).click();
  await page.getByRole('region', { name: 'Ended' }).getByRole('link', { name: 'Search', exact: true }).click();
  await expect(shownIncident(page)).toContainText('Rule violated: status == 200');
  await expect(shownIncident(page)).toContainText('(17 min)');
  await expect(page.locator('.chart canvas')).toBeVisible();
  await expect(page.locator('.chart')).toBeInViewport();
});

seededTest('why a monitor failed last night: one click from the list', async ({ page }) => {
  await page.goto('/');
  await row(page, 'Search').getByRole('link', { name: 'Search', exact: true }).click();
  await expect(shownIncident(page)).toContainText('Latest incident');
  await expect(shownIncident(page)).toContainText('Rule violated: status == 200');
  await expect(shownIncident(page)).toContainText('(17 min)');
});

seededTest(
  'the chart is zoomed to the incident with a margin, and the address can be shared',
  async ({ page, nanomon }) => {
    const id = await nanomon.idOf('Search');
    const [incident] = await (await fetch(`${nanomon.url}/api/incidents?monitor=${id}`)).json();
    await page.goto(`/#incidents?monitor=${id}`);
    await page.getByRole('link', { name: 'Search', exact: true }).click();
    await expect(span(page)).not.toBeEmpty();
    const [from, to] = ['from', 'to'].map((name) => Date.parse(parameters(page).get(name) ?? ''));
    for (const margin of [Date.parse(incident.firstNotOK) - from, to - Date.parse(incident.resolved)]) {
      expect(margin).toBeGreaterThanOrEqual(15 * 60_000);
      expect(margin).toBeLessThanOrEqual(17 * 60_000);
    }
    const shown = (await span(page).textContent()) ?? '';
    const address = page.url();
    await page.reload();
    await expect(span(page)).toHaveText(shown);
    expect(page.url()).toBe(address);
    // The results of this time are listed too.
    await expect(page.getByRole('cell', { name: 'Rule violated: status == 200' }).first()).toBeVisible();

    // A zoom of the user is in the address too.
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await expect(span(page)).not.toHaveText(shown);
    const zoomed = (await span(page).textContent()) ?? '';
    await expect.poll(() => parameters(page).get('from')).not.toBe(new Date(from).toISOString());
    await page.reload();
    await expect(span(page)).toHaveText(zoomed);
    await page.getByRole('button', { name: 'Reset', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Reset', exact: true })).toBeDisabled();
    await expect(page.getByRole('radio', { name: '24 hours' })).toBeChecked();
    await page.getByRole('link', { name: 'Whole monitor' }).click();
    await expect(shownIncident(page)).toContainText('Latest incident');
    await page.getByRole('link', { name: 'Show in chart' }).click();
    await expect(span(page)).toHaveText(shown);
  },
);

test.describe('with new incidents', () => {
  test.use({ settings: { ALERT_FAIL_COUNT: '1' } });

  test('an open incident: the chart lasts until now and shows new results', async ({ page, nanomon, target }) => {
    target.status = 500;
    await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
    await page.goto('/#incidents');
    await page.getByRole('link', { name: 'Shop', exact: true }).click();
    await expect(shownIncident(page)).toContainText(/Open: .* to now \(\d+ s\)/);
    expect(parameters(page).has('to')).toBe(false);
    await expect(page.getByRole('heading', { name: 'Notifications of this incident' })).toBeVisible();
    await expect(page.getByRole('article', { name: /^Incident 1/ })).toContainText('Opened');
    const before = (await span(page).textContent()) ?? '';
    await expect(span(page)).not.toHaveText(before, { timeout: 20_000 });
    target.status = 200;
    await expect(shownIncident(page)).not.toContainText('Open:');
    await expect(page.getByRole('article', { name: /^Incident 1/ })).toContainText('Resolved');
    await page.getByRole('button', { name: 'Show all notifications' }).click();
    await expect(page.getByRole('heading', { name: 'Notifications', exact: true })).toBeVisible();
    await expect(page.getByRole('article', { name: /^Incident 1/ })).toContainText('Resolved');
  });

  test('acknowledges and silences in the monitor view', async ({ page, nanomon }) => {
    const id = await nanomon.add({ name: 'Shop', type: 'tcp', interval: '1h', target: '127.0.0.1:1' });
    await page.goto(`/#monitor/${id}`);
    await shownIncident(page).getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByLabel('Note (optional)').fill('on it');
    await page.keyboard.press('Tab');
    await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
    await expect(shownIncident(page)).toContainText(/Acknowledged, .*on it/);
    await page.getByRole('button', { name: 'Silence', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Silence', exact: true }).click();
    await expect(page.getByTestId('silenced')).toContainText('Silenced until');
  });

  test.describe('of a deleted monitor', () => {
    test.use({ requestsFail: true });

    test('the page says that the monitor was deleted, and shows the incident', async ({ page, nanomon }) => {
      const id = await nanomon.add({ name: 'Shop', type: 'tcp', interval: '1h', target: '127.0.0.1:1' });
      await page.goto('/#incidents');
      await expect(row(page, 'Shop')).toBeVisible();
      await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' });
      await expect(row(page, 'Shop')).toContainText('The monitor was deleted');
      await expect(row(page, 'Shop')).toContainText('Closed: the monitor was disabled or deleted');
      await row(page, 'Shop').getByRole('link').click();
      await expect(page.getByText('This monitor does not exist. It was deleted after this incident:')).toBeVisible();
      await expect(page.locator('.deleted-incident')).toContainText(/Shop[^]*Failed/);
      await expect(page.locator('.deleted-incident')).toContainText('refused');
    });

    test('says that an incident in the address does not exist', async ({ page, nanomon, target }) => {
      const id = await nanomon.add({ name: 'Shop', target: target.url });
      for (const incident of [`${id}-9`, '0123456789abcdef01234567-1', 'nonsense']) {
        await page.goto(`/#monitor/${id}?incident=${incident}`);
        await expect(page.getByText('The incident in the address of this page does not exist.')).toBeVisible();
        await expect.poll(() => parameters(page).has('incident')).toBe(false);
      }
    });
  });
});

// The date is so old that results have expired: the chart has coarser buckets, and shows more time.
for (const { days, hours } of [
  { days: 0.5, hours: 1 },
  { days: 25, hours: 12 },
  { days: 200, hours: 144 },
]) {
  test(`the chart of an incident of seconds, ${days} days ago, shows at least ${hours} h`, async ({
    page,
    nanomon,
    target,
  }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
    const date = (/** @type {number} */ more) => new Date(Date.now() - days * 86_400_000 + more).toISOString();
    const incident = {
      id: `${id}-1`,
      number: 1,
      monitor_id: id,
      monitor_name: 'Shop',
      firstNotOK: date(0),
      opened: date(0),
      resolved: date(3000),
      severity: 2,
      firstMessage: 'timeout',
      message: 'timeout',
      dependents: [],
      deliveries: [],
      notifications: [],
    };
    await page.route('**/api/incidents?*', (route) =>
      route.fulfill({ json: route.request().url().includes('open=true') ? [] : [incident] }),
    );
    await page.route(`**/api/incidents/${id}-1`, (route) => route.fulfill({ json: incident }));
    await page.goto('/#incidents');
    await expect(row(page, 'Shop')).toContainText('3 s');
    const answered = page.waitForResponse(/stats\?from=/);
    await page.getByRole('link', { name: 'Shop', exact: true }).click();
    const stats = await (await answered).json();
    const length = (Date.parse(stats.to) - Date.parse(stats.from)) / 3_600_000;
    expect(length).toBeGreaterThanOrEqual(hours / 2);
    expect(length).toBeLessThanOrEqual(hours * 1.5);
    expect(Date.parse(stats.from)).toBeLessThan(Date.parse(incident.firstNotOK));
    expect(Date.parse(stats.to)).toBeGreaterThan(Date.parse(incident.resolved));
    await expect(shownIncident(page)).toContainText('(3 s)');
  });
}
