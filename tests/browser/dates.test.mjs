import { expect, row, test } from './fixtures.mjs';

const HOUR = 3_600_000;

test.describe('in German', () => {
  test.use({ locale: 'de-DE' });

  test('numbers and dates have the same format', async ({ page, nanomon, target }) => {
    for (const [name, number] of [
      ['Queue', '1153.4'],
      ['Load', '1.5'],
    ]) {
      target.body = `n=${number}`;
      const properties = { bodyRegex: 'n=([0-9.]+)' };
      const id = await nanomon.add({ name, target: target.url, interval: '1h', properties });
      const results = async () => (await fetch(`${nanomon.url}/api/monitors/${id}/results`)).json();
      await expect.poll(async () => (await results()).length).toBe(1);
    }
    await page.goto('/');
    await expect(row(page, 'Queue').locator('.value')).toHaveText('1.153');
    await expect(row(page, 'Load').locator('.value')).toHaveText('1,5');
    await expect(row(page, 'Load').locator('.last time')).toHaveAttribute('title', / \d\d:\d\d:\d\d /);
  });
});

test('uptime says since when it is known', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await expect.poll(() => target.hits).toBeGreaterThan(1);
  await page.goto(`/#monitor/${id}`);
  await expect(page.locator('.uptime dd').getByText(/(^| )since \d+:\d\d [AP]M$/)).toHaveCount(5);
});

test('a date of another year has its year', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#monitor/${id}?range=365d`);
  const year = new Date(Date.now() - 365 * 24 * HOUR).getFullYear();
  await expect(page.getByTestId('span')).toContainText(new RegExp(`^\\w+ \\d+, ${year}\\s–`));
});

for (const [name, difference] of /** @type {const} */ ([
  ['ahead', 3 * HOUR],
  ['behind', -3 * HOUR],
])) {
  test(`the clock of the browser may be three hours ${name}`, async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url });
    await expect.poll(() => target.hits).toBeGreaterThan(1);
    await page.clock.install({ time: Date.now() + difference });
    await page.goto('/');
    await expect(row(page, 'Shop').locator('.last time')).toHaveText(/^(just now|[1-9] s ago)$/);
    await page.goto('/#wall');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('1 OK');
    await expect(page.getByText(/last result (just now|[1-9] s ago)/)).toBeVisible();
    await page.goto('/#results?range=1h');
    await expect(page.locator('.result-table tbody tr').first()).toContainText('OK');
    await page.goto(`/#maintenance/new?monitor=${id}`);
    const start = Date.parse(await page.getByLabel('Start', { exact: true }).inputValue());
    expect(Math.abs(start - Date.now())).toBeLessThan(HOUR + 60_000);
  });
}
