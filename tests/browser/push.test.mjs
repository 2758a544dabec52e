// Push monitors: the form, the ping URL, and the pings of a real job.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, row, test } from './fixtures.mjs';
import { field, open, save, saved, stored } from './form.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const BACKUP = {
  name: 'Backup',
  type: 'push',
  target: 'every 1h',
  interval: '',
};

test.use({ timezoneId: 'America/New_York' });

/**
 * @param {Page} page
 * @param {string | RegExp} name
 */
const button = (page, name) => page.getByRole('button', { name, exact: true });

/** @param {Page} page */
const preview = (page) => page.getByRole('table', { name: 'Next times' }).locator('tbody').getByRole('row');

/** @param {Page} page */
async function chooseType(page) {
  await page.getByRole('radio', { name: 'Push (cron job)' }).check();
}

/** @param {Page} page */
async function shownUUID(page) {
  await button(page, 'Show ping URL').click();
  await expect(page.getByTestId('ping-url')).toContainText(UUID);
  return (UUID.exec(await page.getByTestId('ping-url').innerText()) ?? [''])[0];
}

test('creates a push monitor with a schedule in a time zone', async ({ page, nanomon }) => {
  await open(page, 'new');
  await chooseType(page);
  await expect(field(page, 'Interval')).toBeHidden();
  await expect(button(page, 'Run check')).toBeHidden();
  await field(page, 'Name').fill('Backup');
  await button(page, '0 6 * * 1-5: Monday to Friday at 06:00').click();
  await expect(field(page, 'Schedule')).toHaveValue('0 6 * * 1-5');
  await expect(preview(page)).toHaveCount(5);
  await expect(preview(page).first()).toHaveText(/6:00 AM\s+\w+, \w+ \d+, [12]:00 AM/);
  await button(page, 'Use the time zone America/New_York').click();
  await expect(field(page, 'Time zone')).toHaveValue('America/New_York');
  await expect(preview(page).first()).toHaveText(/^\s*\w+, \w+ \d+, 6:00 AM\s*/);
  await field(page, 'Grace time').fill('10m');
  await expect(page.getByText('It may be up to 10m late.')).toBeVisible();
  await save(page);
  const monitor = await stored(nanomon, await saved(page, 'Backup'));
  expect(monitor).toMatchObject({ type: 'push', target: '0 6 * * 1-5' });
  expect(monitor.properties).toEqual({
    zone: 'America/New_York',
    grace: '10m',
  });
  expect(JSON.stringify(monitor)).not.toMatch(UUID);
  await expect(page.getByText('America/New_York, grace time 10m')).toBeVisible();
  await expect(button(page, 'Check now')).toBeHidden();
});

test('edits a push monitor and changes its type', async ({ page, nanomon }) => {
  const id = await nanomon.add(BACKUP);
  await open(page, id);
  await expect(field(page, 'Schedule')).toHaveValue('every 1h');
  await expect(page.getByText('A ping is due 1h after the one before. It may be up to 5m late.')).toBeVisible();
  await expect(page.getByText('When you save, this monitor gets a secret ping URL.')).toBeHidden();
  await expect(page.getByRole('link', { name: 'The page of this monitor' })).toHaveAttribute('href', `#monitor/${id}`);
  await field(page, 'Schedule').fill('every 2h');
  await save(page);
  await saved(page, 'Backup');
  expect(await stored(nanomon, id)).toMatchObject({
    target: 'every 2h',
    interval: '2h',
  });
  await open(page, id);
  await page.getByRole('radio', { name: 'TCP port' }).check();
  await expect(field(page, 'Interval')).toHaveValue('1m');
});

test.describe('with rejected requests', () => {
  test.use({ requestsFail: true });

  test('shows errors in the schedule and the time zone while they are typed', async ({ page }) => {
    await open(page, 'new');
    await chooseType(page);
    await field(page, 'Schedule').fill('0 0 30 2 *');
    await expect(page.locator('#target-error')).toHaveText(/^Invalid monitor target: "0 0 30 2 \*" is never true\./);
    await expect(preview(page)).toHaveCount(0);
    await field(page, 'Schedule').fill('0 0 28 2 *');
    await expect(page.locator('#target-error')).toBeEmpty();
    await expect(preview(page)).toHaveCount(5);
    await field(page, 'Time zone').fill('Berlin');
    await expect(page.locator('#property-zone-error')).toHaveText(/^"Berlin" is not a time zone\./);
    await field(page, 'Time zone').fill('Europe/Berlin');
    await expect(page.locator('#property-zone-error')).toBeEmpty();
    await field(page, 'Schedule').fill('');
    await expect(preview(page)).toHaveCount(0);
    await field(page, 'Name').fill('Backup');
    await save(page);
    await expect(page.locator('#target-error')).toHaveText('Missing schedule');
  });

  test('renews the ping URL after a confirmation', async ({ page, nanomon }) => {
    await page.goto(`/#monitor/${await nanomon.add(BACKUP)}`);
    const before = await shownUUID(page);
    await button(page, 'Renew…').click();
    await button(page, 'Cancel').click();
    await expect(page.getByTestId('ping-url')).toContainText(before);
    await button(page, 'Renew…').click();
    await button(page, 'Renew').click();
    await expect(page.getByText('The ping URL has been renewed.')).toBeVisible();
    await expect(page.getByTestId('ping-url')).not.toContainText(before);
    const after = (UUID.exec(await page.getByTestId('ping-url').innerText()) ?? [''])[0];
    expect((await fetch(`${nanomon.url}/api/push/${before}`)).status).toBe(404);
    expect((await fetch(`${nanomon.url}/api/push/${after}`)).status).toBe(200);
  });

  test('says why the ping URL can not be read', async ({ page, nanomon }) => {
    await page.route('**/ping-url', (route) =>
      route.fulfill({
        status: 503,
        json: { detail: 'the store is unavailable' },
      }),
    );
    await page.goto(`/#monitor/${await nanomon.add(BACKUP)}`);
    await button(page, 'Copy URL').click();
    await expect(page.getByRole('alert').getByText('the store is unavailable')).toBeVisible();
    await expect(page.getByTestId('ping-url')).toHaveText(/push\/•+$/);
  });
});

test('reads the ping URL only on request and keeps it nowhere', async ({ page, context, nanomon }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], {
    origin: nanomon.url,
  });
  /** @type {string[]} */
  const requests = [];
  page.on('request', (request) => requests.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`));
  const wanted = () => requests.filter((request) => /\/api\/.*\/ping-url /.test(request)).length;
  await page.goto(`/#monitor/${await nanomon.add(BACKUP)}`);
  await expect(page.getByTestId('ping-url')).toHaveText(`${nanomon.url}/api/push/••••••••`);
  await page.getByRole('radio', { name: 'crontab' }).check({ force: true });
  const commands = page.getByRole('region', { name: 'Commands: crontab' });
  await expect(commands).toContainText('push/••••••••/start');
  expect(wanted()).toBe(0);

  await button(page, 'Copy commands').click();
  await expect(page.getByText('Copied.')).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const [uuid] = UUID.exec(copied) ?? [''];
  expect(copied).toMatch(/^0 \* \* \* \* curl /);
  await expect(commands).not.toContainText(uuid);
  expect(await shownUUID(page)).toBe(uuid);
  await expect(commands).toContainText(uuid);
  await button(page, 'Hide').click();
  await expect(page.locator('body')).not.toContainText(uuid);
  expect(wanted()).toBe(2);

  await page.getByRole('link', { name: 'Monitors', exact: true }).click();
  await expect(row(page, 'Backup')).toBeVisible();
  await page.goBack();
  await expect(page.getByTestId('ping-url')).toHaveText(/push\/•+$/);
  const kept = await page.evaluate(async () => {
    const texts = [
      location.href,
      JSON.stringify(history.state),
      JSON.stringify({ ...localStorage, ...sessionStorage }),
    ];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        texts.push(request.url, (await (await cache.match(request))?.text()) ?? '');
      }
    }
    return texts.join('\n') + JSON.stringify(await indexedDB.databases());
  });
  expect(kept).not.toContain(uuid);
  expect(requests.join('\n')).not.toContain(uuid);
});

test('selects the URL if the browser does not allow copying', async ({ page, nanomon }) => {
  await page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'));
  });
  await page.goto(`/#monitor/${await nanomon.add(BACKUP)}`);
  await button(page, 'Copy URL').click();
  await expect(page.getByText('The browser does not allow copying.')).toBeVisible();
  expect(await page.evaluate(() => String(getSelection()))).toMatch(UUID);
});

test('the page of a push monitor fits a phone', async ({ page, nanomon }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/#monitor/${await nanomon.add({ ...BACKUP, target: '0 2 * * *' })}`);
  for (const name of ['curl', 'wget', 'PowerShell', 'crontab', 'systemd', 'Kubernetes']) {
    await page.getByRole('radio', { name, exact: true }).check({ force: true });
    await expect(page.getByRole('region', { name: `Commands: ${name}` })).toContainText('/api/push/••••••••');
    expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(390);
  }
});

test('a push monitor can not be checked on demand', async ({ page, nanomon }) => {
  await nanomon.add(BACKUP);
  await page.goto('/');
  await expect(row(page, 'Backup')).toContainText('No result yet');
  await expect(page.locator('.chips').getByRole('button', { name: 'Without result 1' })).toBeVisible();
  await expect(button(page, 'Check now: Backup')).toBeDisabled();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('check backup');
  await expect(page.getByText('Nothing matches.')).toBeVisible();
});

test('shows the pings of a job that runs the commands', async ({ page, nanomon }) => {
  await page.goto(`/#monitor/${await nanomon.add({ ...BACKUP, properties: { maxRun: '1h' } })}`);
  await expect(page.getByText('No ping yet.')).toBeVisible();
  await expect(page.getByText(/^in (59 min|1 h)/)).toBeVisible();
  await shownUUID(page);
  const script = await page.getByRole('region', { name: 'Commands: curl' }).innerText();
  const [start, end] = script.split('/path/to/backup.sh');
  await run(start);
  await expect(page.getByText('Running', { exact: true })).toBeVisible();
  await expect(page.getByTestId('status')).toHaveText('No result yet');
  await run(`url=$(sed -n 's/^url=//p' <<< "$0"); true${end}`, script);
  await expect(page.getByTestId('status')).toHaveText('OK');
  await run(script.replace('/path/to/backup.sh', 'sh -c "exit 24"'));
  await expect(page.getByTestId('status')).toHaveText('Error');
  const pings = page.getByRole('table', { name: 'Last pings' }).locator('tbody').getByRole('row');
  await expect(pings).toHaveCount(4);
  await expect(pings.first()).toContainText(/Exit status 24\s+Error/);
  await expect(pings.nth(2)).toContainText(/Success\s+OK/);
  await expect(page.getByText('Running', { exact: true })).toBeHidden();
  await expect(page.locator('#recent-text')).toHaveText(/^Last \d+ results: \d+ OK, 1 error/);
});

/**
 * Runs commands of the shell.
 * @param {string} commands
 * @param {string[]} parameters
 */
async function run(commands, ...parameters) {
  await promisify(execFile)('bash', ['-c', commands, ...parameters]);
}
