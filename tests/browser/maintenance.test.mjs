import { expect, test } from './fixtures.mjs';
import { field, save } from './form.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

const HOUR = 3_600_000;
const HOSTILE = '<img src=x onerror="document.body.dataset.hit=1"> &amp; gnp.exe';

// UTC+2 in summer, UTC+1 in winter.
test.use({ timezoneId: 'Europe/Amsterdam' });

/** @param {number} hours from now */
const at = (hours) => new Date(Date.now() + hours * HOUR).toISOString();

/**
 * Creates a window with the API and returns its id.
 * @param {NanoMon} nanomon
 * @param {object} window
 */
async function addWindow(nanomon, window) {
  const body = JSON.stringify({ name: 'New disks', monitors: [], groups: [], ...window });
  const response = await fetch(`${nanomon.url}/api/maintenance`, { method: 'POST', body });
  expect(response.status).toBe(200);
  return (await response.json()).id;
}

/** @param {NanoMon} nanomon */
async function storedWindows(nanomon) {
  return (await fetch(`${nanomon.url}/api/maintenance`)).json();
}

/** @param {Page} page */
const picks = (page) => page.getByRole('list', { name: 'Monitors and groups' });

/**
 * @param {Page} page
 * @param {string} name the start of the name
 */
const pick = (page, name) => picks(page).getByRole('checkbox', { name: new RegExp(`^${name}`) });

test('a single window is created, listed and shown in the view of its monitor', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url, enabled: false });
  await page.goto('/#maintenance');
  await expect(page.getByText('No maintenance windows yet')).toBeVisible();
  await page.getByRole('link', { name: 'Create your first window' }).click();
  await expect(field(page, 'Name')).toBeFocused();
  await expect(page.getByText('Time zone: Europe/Amsterdam. Duration: 1 h.')).toBeVisible();
  await field(page, 'Name').fill(HOSTILE);
  await field(page, 'Start').fill('2030-07-01T10:00');
  await field(page, 'Start').blur();
  await field(page, 'End').fill('2030-07-01T12:30');
  await expect(page.getByText('Duration: 2 h 30 min.')).toBeVisible();
  await pick(page, 'Shop').check();
  await expect(page.getByText('1 selected: 1 monitor')).toBeVisible();
  await save(page);

  const line = page.getByRole('row').filter({ hasText: '<img src=x' });
  await expect(line).toContainText('Scheduled');
  await expect(line).toContainText(/starts in \d+ d/);
  await expect(line.getByRole('link', { name: 'Shop' })).toHaveAttribute('href', `#monitor/${id}`);
  expect(await storedWindows(nanomon)).toMatchObject([
    { name: HOSTILE, monitors: [id], groups: [], start: '2030-07-01T08:00:00Z', end: '2030-07-01T10:30:00Z' },
  ]);
  await line.getByRole('link', { name: 'Shop' }).click();
  await expect(page.locator('dl.facts').getByRole('link', { name: HOSTILE })).toBeVisible();
  await expect(page.locator('dl.facts')).toContainText('Scheduled');
  expect(await page.locator('body').getAttribute('data-hit')).toBeNull();
});

test('a weekly window uses the user’s time zone by default', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url, group: 'Public', enabled: false });
  await nanomon.add({ name: 'Mill', target: target.url, group: 'Public', enabled: false });
  await page.goto('/#maintenance/new');
  await field(page, 'Name').fill('Updates');
  await page.getByRole('radio', { name: 'Every week' }).check();
  await expect(field(page, 'Time zone')).toHaveValue('Europe/Amsterdam');
  await page.getByLabel('Sunday').check();
  await page.getByLabel('Wednesday').focus();
  await page.keyboard.press('Space');
  await field(page, 'Starts at').fill('23:30');
  await page.getByRole('button', { name: '2h' }).click();
  await pick(page, 'Public Group · 2 monitors').check();
  await expect(page.getByText('1 selected: 2 monitors')).toBeVisible();
  await expect(picks(page).getByRole('listitem').filter({ hasText: 'Mill' })).toContainText('included by its group');
  await field(page, 'Name').press('Control+Enter');

  const line = page.getByRole('row').filter({ hasText: 'Updates' });
  await expect(line).toContainText('Wed, Sun at 23:30 for 2h, Europe/Amsterdam');
  await expect(line).toContainText(/(now|next) (Wed|Sun), .*11:30/);
  await expect(line).toContainText('Group Public', { useInnerText: true });
  const weekly = { days: ['wednesday', 'sunday'], at: '23:30', duration: '2h', zone: 'Europe/Amsterdam' };
  const [stored] = await storedWindows(nanomon);
  expect(stored).toMatchObject({ name: 'Updates', monitors: [], groups: ['Public'], weekly });
  expect(stored.start).toBeUndefined();
});

test.describe('an error of the API', () => {
  test.use({ requestsFail: true });

  test('is shown at its field, and the form keeps its values', async ({ page, nanomon, target }) => {
    await nanomon.add({ name: 'Shop', target: target.url, enabled: false });
    await page.goto('/#maintenance/new');
    await expect(field(page, 'Name')).toBeFocused();
    /** @param {string} name @param {RegExp} text */
    const expectError = async (name, text) => {
      await save(page);
      await expect(page.locator(`[data-field="${name}"] .field-error`)).toHaveText(text);
      await expect(page.locator('.invalid')).toHaveCount(1);
    };
    await expectError('name', /^Name is missing/);
    await expect(field(page, 'Name')).toBeFocused();
    await expect(field(page, 'Name')).toHaveAttribute('aria-invalid', 'true');
    await field(page, 'Name').fill('New disks');
    await expect(page.locator('.invalid')).toHaveCount(0);
    await expectError('monitors', /^Choose at least one monitor or group/);
    await pick(page, 'Shop').check();
    await field(page, 'End').fill('2020-01-01T00:00');
    await expectError('end', /^End must be after start/);
    await field(page, 'Start').fill('');
    await expectError('start', /^Start is missing/);
    await page.getByRole('radio', { name: 'Every week' }).check();
    await expectError('weekly.days', /^Must contain at least one day/);
    await page.getByLabel('Monday').check();
    await field(page, 'Starts at').fill('');
    await expectError('weekly.at', /^Must be a time/);
    await field(page, 'Starts at').fill('02:30');
    await field(page, 'Duration').fill('200h');
    await expectError('weekly.duration', /^Must be a duration from 1m to 168h/);
    await field(page, 'Duration').fill('90m');
    await field(page, 'Time zone').fill('Europe/Nowhere');
    await expectError('weekly.zone', /^Must be the name of a time zone.*Europe\/Nowhere/);
    await field(page, 'Time zone').fill('UTC');
    await expect(field(page, 'Name')).toHaveValue('New disks');

    await page.route('**/api/maintenance', (route) =>
      route.fulfill({ status: 503, json: { detail: 'store unavailable' } }),
    );
    await save(page);
    await expect(page.getByRole('alert').filter({ hasText: 'store unavailable' })).toBeVisible();
    await expect(field(page, 'Duration')).toHaveValue('90m');
    await page.unroute('**/api/maintenance');
    await save(page);
    await expect(page.getByRole('row').filter({ hasText: 'New disks' })).toContainText('Mondays at 02:30 for 90m, UTC');
  });

  test('a window that was deleted by someone else can be saved as a new one', async ({ page, nanomon }) => {
    const id = await addWindow(nanomon, { groups: ['Data'], start: at(1), end: at(2) });
    await page.goto(`/#maintenance/${id}`);
    await field(page, 'Name').fill('Old disks');
    await fetch(`${nanomon.url}/api/maintenance/${id}`, { method: 'DELETE' });
    await save(page);
    await expect(page.getByText('This window has been deleted. You can save it as a new one.')).toBeVisible();
    await page.getByRole('button', { name: 'Save as new window' }).click();
    await expect(page.getByRole('row').filter({ hasText: 'Old disks' })).toBeVisible();
    await page.goto(`/#maintenance/${id}`);
    await expect(page.getByText('This maintenance window does not exist.')).toBeVisible();
  });
});

test('editing keeps unchanged fields, and leaving the form asks first', async ({ page, nanomon, target }) => {
  const monitor = await nanomon.add({ name: 'Shop', target: target.url, enabled: false });
  const deleted = '0123456789abcdef01234567';
  const window = { monitors: [deleted, monitor], start: '2030-01-01T10:00:30.5Z', end: '2030-01-01T12:00:00Z' };
  const id = await addWindow(nanomon, window);
  await page.goto('/#maintenance');
  await page.getByRole('link', { name: 'Edit: New disks' }).click();
  await expect(field(page, 'Start')).toHaveValue('2030-01-01T11:00');
  await field(page, 'Name').fill('Newer disks');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await expect(page.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible();
  await page.getByRole('button', { name: 'Stay' }).click();
  await pick(page, `Deleted monitor ${deleted}`).uncheck();
  await save(page);
  await expect(page.getByRole('row').filter({ hasText: 'Newer disks' })).toBeVisible();
  expect(await storedWindows(nanomon)).toMatchObject([
    { ...window, id, name: 'Newer disks', monitors: [monitor], start: '2030-01-01T10:00:30.5Z' },
  ]);

  await page.getByRole('link', { name: 'Newer disks', exact: true }).click();
  await field(page, 'Start').fill('2030-01-02T08:00');
  await field(page, 'Start').blur();
  await expect(field(page, 'End')).toHaveValue('2030-01-02T10:00');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Leave' }).click();
  await expect(page.getByRole('heading', { name: 'Maintenance', exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Edit: Newer disks' }).click();
  await expect(field(page, 'Name')).toHaveValue('Newer disks');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await expect(page.getByRole('link', { name: 'Edit: Newer disks' })).toBeVisible();
});

test('deleting a window asks first', async ({ page, nanomon }) => {
  const id = await addWindow(nanomon, { name: 'First', groups: ['Data'], start: at(-3), end: at(-2) });
  await addWindow(nanomon, { name: 'Second', groups: ['Data'], start: at(-1), end: at(1) });
  await page.goto('/#maintenance');
  const rows = page.getByRole('rowheader');
  await expect(rows).toHaveText(['Second', 'First']);
  await expect(page.getByText('1 active · 1 ended')).toBeVisible();
  await page.getByRole('button', { name: 'Delete: Second' }).click();
  await expect(page.getByRole('dialog', { name: 'Delete Second?' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(rows).toHaveCount(2);
  await page.getByRole('button', { name: 'Delete: Second' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(rows).toHaveText(['First']);
  await page.goto(`/#maintenance/${id}`);
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('No maintenance windows yet')).toBeVisible();
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('monitors can be searched and selected among a thousand', async ({ page, nanomon }) => {
    const monitors = Array.from({ length: 1000 }, (_, i) => ({
      name: `Node ${i}`,
      group: `Rack ${i % 20}`,
      type: 'http',
      target: 'http://localhost/', // without a port, because a search could match it
      interval: '1h',
      enabled: false,
    }));
    await fetch(`${nanomon.url}/api/monitors/import`, { method: 'POST', body: JSON.stringify(monitors) });
    await page.goto('/#maintenance/new');
    await field(page, 'Name').fill('Power');
    const boxes = picks(page).getByRole('checkbox');
    await expect(boxes).toHaveCount(100);
    await page.getByRole('button', { name: 'Show more (920 left)' }).click();
    await expect(boxes).toHaveCount(200);
    const search = page.getByRole('searchbox', { name: 'Search monitors and groups' });
    await search.fill('rack 7');
    await pick(page, 'Rack 7 Group').check();
    await search.fill('node 999');
    await expect(boxes).toHaveCount(1);
    await boxes.check();
    await search.press('Enter');
    await search.fill('nothing like it');
    await expect(page.getByText('Nothing matches.')).toBeVisible();
    await search.fill('');
    await expect(page.getByText('2 selected: 51 monitors')).toBeVisible();
    await expect(boxes.nth(1)).toBeChecked();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await save(page);
    await expect(page.getByRole('row').filter({ hasText: 'Power' })).toContainText('Node 999');
    expect(await storedWindows(nanomon)).toMatchObject([
      { groups: ['Rack 7'], monitors: [await nanomon.idOf('Node 999')] },
    ]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
});
