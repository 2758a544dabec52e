import { expect, row, test } from './fixtures.mjs';
import { field, save } from './form.mjs';

/** @param {import('./fixtures.mjs').Page} page */
const facts = (page) => page.locator('dl.facts');

test('maintenance can be planned from the page of a monitor and marks its results until it ends', async ({
  page,
  nanomon,
  target,
}) => {
  target.status = 500;
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto(`/#monitor/${id}`);
  await expect(facts(page)).toContainText('None planned');
  await page.getByRole('link', { name: 'Plan maintenance' }).click();
  await expect(page.getByText('1 selected: 1 monitor')).toBeVisible();
  await field(page, 'Name').fill('New disks');
  await field(page, 'Start').fill('2020-01-01T10:00');
  await field(page, 'End').fill('2040-01-01T10:00');
  await save(page);

  await expect(page.getByTestId('mark')).toHaveText('Maintenance');
  await expect(page.getByTestId('status')).toHaveText('Error');
  await expect(facts(page)).toContainText('New disks Active ends in', { useInnerText: true });
  const bars = page.getByRole('list', { name: 'Recent checks' }).getByRole('listitem');
  await expect(bars.filter({ hasText: /Error · Maintenance · / }).first()).toBeAttached();
  await page.mouse.move(0, 0);
  await expect(page.locator('#recent-text')).toContainText(/; \d+ ignored$/);
  await page.getByText('All results').click();
  await expect(page.locator('.results .mark').first()).toHaveText('Maintenance');
  await page.goto('/#list');
  await expect(row(page, 'Shop')).toContainText('Error Maintenance');
  await expect(row(page, 'Shop').locator('path.excluded')).toHaveAttribute('d', /M/);
  await expect(row(page, 'Shop').getByRole('img', { name: /; \d+ ignored$/ })).toBeVisible();
  await page.goto('/#wall');
  await expect(page.locator('.wall-headline h1')).toHaveText('1 in maintenance');
  await expect(page.locator('a.tile')).toHaveAttribute('title', /^Shop: In maintenance · .*Rule violated/);

  await page.goto('/#maintenance');
  await page.getByRole('button', { name: 'Delete: New disks' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.goto('/#list');
  await expect(row(page, 'Shop')).toContainText('Error');
  await expect(row(page, 'Shop')).not.toContainText('Maintenance');
});

test('a monitor is blocked while its dependency is not OK, and shows the dependency', async ({
  page,
  nanomon,
  target,
}) => {
  const dependency = await nanomon.add({ name: 'Router', target: target.url, rule: 'status == 200' });
  await page.goto('/#edit/new');
  await field(page, 'Name').fill('Shop');
  await field(page, 'Target').fill(target.url);
  await field(page, 'Interval').fill('1s');
  await field(page, 'Rule').fill('status == 200');
  await page.getByText('Notifications', { exact: true }).click();
  await field(page, 'Depends on').fill('Router');
  await save(page);
  const link = facts(page).getByRole('link', { name: 'Router' });
  await expect(link).toHaveAttribute('href', `#monitor/${dependency}`);
  await expect(facts(page)).toContainText('Router OK', { useInnerText: true });
  await expect(page.getByTestId('status')).toHaveText('OK');
  target.status = 500;
  await expect(page.getByTestId('mark')).toHaveText('Blocked');
  await expect(facts(page)).toContainText('Router Error', { useInnerText: true });
  await expect(page.getByText('Blocked: the monitor that this one depends on is not OK.')).toBeVisible();
  await page.goto(`/#monitor/${dependency}`);
  await expect(page.getByRole('region', { name: 'Notifications' })).toContainText('1 monitor depends on this one.');
  await page.goto('/#list');
  await expect(row(page, 'Shop')).toContainText('Error Blocked');
  await expect(row(page, 'Router')).not.toContainText('Blocked');
  await page.goto('/#results');
  await expect(page.locator('.results .mark').first()).toHaveText('Blocked');
  target.status = 200;
  await page.goto('/#list');
  await expect(row(page, 'Shop')).not.toContainText('Blocked');
});

test('list, wall and About count ignored monitors in the same way, and show maintenance before the next check', async ({
  page,
  nanomon,
  target,
}) => {
  target.status = 500;
  const monitor = { target: target.url, rule: 'status == 200' };
  await nanomon.add({ ...monitor, name: 'Router' });
  await nanomon.add({ ...monitor, name: 'Shop', properties: { dependsOn: 'Router' } });
  const id = await nanomon.add({ ...monitor, name: 'Database', interval: '1h' });
  await page.goto('/');
  await expect(row(page, 'Shop')).toContainText('Error Blocked');
  await expect(row(page, 'Database')).toContainText(/Error\s+\d/);
  const start = new Date().toISOString();
  const window = { name: 'New disks', monitors: [id], groups: [], start, end: '2099-01-01T00:00:00Z' };
  const answer = await fetch(`${nanomon.url}/api/maintenance`, { method: 'POST', body: JSON.stringify(window) });
  expect(answer.ok).toBe(true);

  await expect(row(page, 'Database')).toContainText('Error Maintenance');
  const names = page.locator('.line .who a');
  for (const [label, name] of /** @type {const} */ ([
    ['Error 1', 'Router'],
    ['In maintenance 1', 'Database'],
    ['Blocked 1', 'Shop'],
  ])) {
    await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: label }).click();
    await expect(names).toHaveText([name]);
  }
  await page.goto('/#wall');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('1 error');
  await expect(page.getByText('1 in maintenance · 1 blocked')).toBeVisible();
  await page.goto('/#about');
  await expect(page.getByText('1 error · 1 in maintenance · 1 blocked')).toBeVisible();
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByTestId('mark')).toHaveText('Maintenance');
  const { id: planned } = await answer.json();
  await fetch(`${nanomon.url}/api/maintenance/${planned}`, { method: 'DELETE' });
  await expect(page.getByTestId('mark')).toHaveCount(0);
});

test.describe('a monitor that depends on itself', () => {
  test.use({ requestsFail: true });

  test('is rejected at the field', async ({ page, target }) => {
    await page.goto('/#edit/new');
    await field(page, 'Name').fill('Shop');
    await field(page, 'Target').fill(target.url);
    await page.getByText('Notifications', { exact: true }).click();
    await field(page, 'Depends on').fill('Shop');
    await save(page);
    await expect(page.locator('#property-dependsOn-error')).toHaveText("A monitor can't depend on itself");
    await expect(field(page, 'Name')).toHaveValue('Shop');
  });
});
