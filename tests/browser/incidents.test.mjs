import { expect, row, test, tryAgain } from './fixtures.mjs';
import { put } from './form.mjs';
import { addFailing, incidentsOf } from './incidents.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

test.use({ settings: { ALERT_FAIL_COUNT: '1' } });

/**
 * The section of the open or the ended incidents.
 * @param {Page} page
 * @param {'Open' | 'Ended'} name
 */
const section = (page, name) => page.getByRole('region', { name, exact: true });

/** @param {Page} page */
const count = (page) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: /^Incidents/ });

/** Whether the icon of the page has a dot. @param {Page} page */
const hasDot = (page) =>
  page.locator('link[rel=icon]').evaluate((icon) => /circle/.test(/** @type {HTMLLinkElement} */ (icon).href));

/**
 * Returns the tooltip that the mouse shows at an element.
 * @param {import('../../frontend/playwright-test.js').Locator} locator
 */
const tooltipOf = (locator) =>
  locator.evaluate((element) => {
    const { x, y } = element.getBoundingClientRect();
    return document
      .elementFromPoint(x + 4, y + 4)
      ?.closest('[title]')
      ?.getAttribute('title');
  });

/** @param {Page} page */
const hash = (page) => new URL(page.url()).hash;

test('shows an incident live from its opening to its end, with its cause and length', async ({
  page,
  nanomon,
  target,
}) => {
  await nanomon.add({ name: 'Shop', group: 'Public', target: target.url, rule: 'status == 200' });
  await page.goto('/#incidents');
  await expect(page.getByText('No incidents.')).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(page).toHaveTitle('Incidents · NanoMon');
  expect(await hasDot(page)).toBe(false);

  target.status = 500;
  const open = section(page, 'Open').getByRole('row').filter({ hasText: 'Shop' });
  await expect(open).toContainText(/Error[^]*Shop[^]*Public[^]*Rule violated: status == 200/);
  await expect(open).toContainText(/for \d+ s/);
  await expect(open).toContainText('No notifications');
  expect(await tooltipOf(open.locator('time'))).toMatch(/^From .*20\d\d.*(UTC|GMT)/);
  await expect(count(page)).toHaveText(/^Incidents\s+1 open$/);
  await expect(page).toHaveTitle('(1) Incidents · NanoMon');
  expect(await hasDot(page)).toBe(true);

  target.status = 200;
  const ended = section(page, 'Ended').getByRole('row').filter({ hasText: 'Shop' });
  await expect(ended).toContainText('Rule violated: status == 200');
  await expect(open).toHaveCount(0);
  await expect(ended.getByRole('button')).toHaveCount(0);
  expect(await tooltipOf(ended.locator('.length'))).toMatch(/^to .*20\d\d.*(UTC|GMT)/m);
  await expect(page).toHaveTitle('Incidents · NanoMon');
  await expect(count(page)).toHaveText(/^Incidents\s*open$/);
  expect(await hasDot(page)).toBe(false);
});

test('counts the open incidents in every view, also after a reload and in a second tab', async ({
  page,
  context,
  nanomon,
}) => {
  const shop = await addFailing(nanomon, { name: 'Shop' });
  /** @type {string[]} */
  const requested = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await page.goto('/');
  await expect(page).toHaveTitle('(1) Monitors · NanoMon');
  await expect(count(page)).toHaveText(/1 open/);
  expect(requested.filter((path) => /^\/api\/(incidents|status)/.test(path))).toEqual([]);
  const other = await context.newPage();
  await other.goto(`${nanomon.url}/#about`);
  await expect(other).toHaveTitle('(1) About · NanoMon');
  await addFailing(nanomon, { name: 'Mill' });
  for (const tab of [page, other]) {
    await expect(tab).toHaveTitle(/^\(2\) /);
  }
  await page.reload();
  await expect(page).toHaveTitle('(2) Monitors · NanoMon');
  await put(nanomon, shop, { name: 'Shop', type: 'tcp', target: '127.0.0.1:1', enabled: false });
  for (const tab of [page, other]) {
    await expect(tab).toHaveTitle(/^\(1\) /);
  }
  await other.close();
});

test.describe('without the event stream', () => {
  test.use({ requestsFail: true });

  test('the page reads the number of open incidents', async ({ page, nanomon }) => {
    await addFailing(nanomon, { name: 'Shop' });
    await page.route('**/api/events', (route) => route.abort());
    await page.goto('/');
    await expect(page).toHaveTitle('(1) Monitors · NanoMon');
  });

  test('the number is right after a reconnect', async ({ page, nanomon }) => {
    const id = await addFailing(nanomon, { name: 'Shop' });
    await page.goto('/');
    await expect(page).toHaveTitle('(1) Monitors · NanoMon');
    await page.route('**/api/{events,status}', (route) => route.abort());
    await nanomon.stop();
    await nanomon.start();
    await put(nanomon, id, { name: 'Shop', type: 'tcp', target: '127.0.0.1:1', enabled: false });
    await expect.poll(() => incidentsOf(nanomon, 'open=true')).toHaveLength(0);
    await expect(page).toHaveTitle('(1) Monitors · NanoMon');
    await page.unroute('**/api/{events,status}');
    await expect(page).toHaveTitle('Monitors · NanoMon');
  });

  test('a hidden page reads the number of open incidents from time to time', async ({ page, nanomon }) => {
    await page.clock.install();
    await page.goto('/');
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await addFailing(nanomon, { name: 'Shop' });
    await page.clock.runFor(61_000);
    await expect(page).toHaveTitle('(1) Monitors · NanoMon');
  });

  test('an incident that cannot be loaded shows the error and can be loaded again', async ({ page, nanomon }) => {
    await addFailing(nanomon, { name: 'Shop' });
    await page.route('**/api/incidents?*', (route) =>
      route.fulfill({ status: 503, json: { detail: 'the store is unavailable' } }),
    );
    await page.goto('/#incidents');
    await expect(page.getByRole('alert').filter({ hasText: 'the store is unavailable' })).toBeVisible();
    await page.unroute('**/api/incidents?*');
    await tryAgain(page.getByRole('button', { name: 'Try again' }));
    await expect(row(page, 'Shop')).toBeVisible();
  });
});

test('many events at once cause few requests', async ({ page, nanomon }) => {
  const monitor = { type: 'tcp', interval: '2s', target: '127.0.0.1:1' };
  const names = [...'ABCDEFGH'];
  const ids = await Promise.all(names.map((name) => nanomon.add({ ...monitor, name })));
  await page.goto('/#incidents');
  await expect(page).toHaveTitle('(8) Incidents · NanoMon');
  await expect(section(page, 'Open').getByRole('link', { name: /^[A-H]$/ })).toHaveCount(8);
  let requests = 0;
  page.on('request', (request) => (requests += Number(/incidents\?.*open=true/.test(request.url()))));
  await Promise.all(ids.map((id, i) => put(nanomon, id, { ...monitor, name: names[i], enabled: false })));
  await expect(page).toHaveTitle('Incidents · NanoMon');
  await expect(section(page, 'Ended').getByRole('link', { name: /^[A-H]$/ })).toHaveCount(8);
  expect(requests).toBeLessThan(5);
});

test('filters, and stores the filters in the address', async ({ page, nanomon, target }) => {
  target.status = 500;
  const shop = await addFailing(nanomon, { name: 'Shop', group: 'Web' });
  await addFailing(nanomon, { name: 'Mill', type: 'http', target: target.url, rule: 'status == 200' });
  await put(nanomon, shop, { name: 'Shop', group: 'Web', type: 'tcp', target: '127.0.0.1:1', enabled: false });
  await expect.poll(() => incidentsOf(nanomon, 'open=false')).toHaveLength(1);
  await page.goto('/#incidents');
  const names = page.locator('main').getByRole('row').getByRole('link');
  await expect(names).toHaveText(['Mill', 'Shop']);
  await expect(row(page, 'Shop')).toContainText('Closed: the monitor was disabled or deleted');
  for (const [label, choice, shown, address] of /** @type {[string, string, string[], string][]} */ ([
    ['State', 'Ended', ['Shop'], 'state=ended'],
    ['State', 'Open', ['Mill'], 'state=open'],
    ['Severity', 'Error', ['Mill'], 'severity=error'],
    ['Severity', 'Failed', ['Shop'], 'severity=failed'],
    ['Group', 'Web', ['Shop'], 'group=Web'],
    ['Group', 'No group', ['Mill'], 'ungrouped=true'],
    ['Opened', 'Last 24 hours', ['Mill', 'Shop'], 'range=24h'],
  ])) {
    const filter = page.getByLabel(label);
    await filter.selectOption(choice);
    await expect(names).toHaveText(shown);
    await expect.poll(() => hash(page)).toBe(`#incidents?${address}`);
    await page.reload();
    await expect(names).toHaveText(shown);
    await expect(filter.locator('option:checked')).toHaveText(choice);
    await filter.selectOption({ index: 0 });
  }
  await page.getByLabel('Monitor').fill('Shop');
  await page.getByLabel('Monitor').press('Enter');
  await expect(names).toHaveText(['Shop']);
  await expect.poll(() => hash(page)).toBe(`#incidents?monitor=${shop}`);
  await page.goto('/#incidents?from=2026-01-01T00:00:00.000Z&to=2026-01-02T00:00:00.000Z');
  await expect(page.getByLabel('Opened')).toHaveValue('custom');
  await expect(page.getByText('No incidents match the filters.')).toBeVisible();
  await page.getByLabel('Monitor').fill('xyz');
  await page.getByLabel('Monitor').press('Enter');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByLabel('Monitor')).toHaveValue('');
  await expect(names).toHaveText(['Mill', 'Shop']);
  expect(hash(page)).toBe('#incidents');
});

test('a live update keeps what is typed in the filter', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto('/#incidents');
  await expect(page.locator('.connection')).toHaveText('Live');
  const field = page.getByLabel('Monitor');
  await expect(page.locator('datalist option')).toHaveCount(1);
  await field.fill('Sh');
  await nanomon.add({ name: 'Mill', target: target.url });
  await expect(page.locator('datalist option')).toHaveCount(2);
  await expect(field).toHaveValue('Sh');
});

test('a double click selects a word of the cause, and the rest of the row opens the incident', async ({
  page,
  nanomon,
}) => {
  const id = await addFailing(nanomon, { name: 'Shop' });
  await page.goto('/#incidents');
  const cause = row(page, 'Shop').locator('.cause');
  await cause.dblclick({ position: { x: 5, y: 8 } });
  expect(await page.evaluate(() => String(getSelection()).trim())).toMatch(/^\w+$/);
  expect(hash(page)).toBe('#incidents');
  await row(page, 'Shop').locator('.when time').click({ force: true }); // The link is above the time.
  await expect(page).toHaveURL(new RegExp(`#monitor/${id}`));
});

test('shows the deliveries of each channel and the hidden dependents', async ({ page, nanomon }) => {
  const gateway = await addFailing(nanomon, { name: 'Gateway' });
  const date = '2026-01-31T08:00:00.000Z';
  const ids = await Promise.all(
    ['One', 'Two', 'Three', 'Four'].map((name) =>
      nanomon.add({ name, type: 'tcp', target: '127.0.0.1:1', enabled: false }),
    ),
  );
  await page.route('**/api/incidents?*open=true*', (route) =>
    route.fulfill({
      json: [
        {
          id: `${gateway}-1`,
          monitor_id: gateway,
          monitor_name: 'Gateway',
          firstNotOK: date,
          opened: date,
          severity: 2,
          firstMessage: 'timeout',
          message: 'refused',
          dependents: [...ids, '0123456789abcdef01234567'],
          reconstructed: true,
          deliveries: [
            { channel: 'email', sent: 2, failed: 0, pending: 0 },
            { channel: 'slack', sent: 1, failed: 1, pending: 1, answer: '404 <i>no_team</i>' },
          ],
        },
        {
          id: '0123456789abcdef01234567-1',
          monitor_id: '0123456789abcdef01234567',
          monitor_name: 'Gone',
          firstNotOK: date,
          opened: date,
          severity: 1,
          firstMessage: 'timeout',
          message: 'timeout',
          dependents: [],
          silenced: true,
          deliveries: [],
        },
      ],
    }),
  );
  await page.goto('/#incidents?state=open');
  const shown = row(page, 'Gateway');
  await expect(shown).toContainText('E-mail: 2 sent');
  await expect(shown).toContainText(/Slack: 1 failed, 1 pending, 1 sent\s+404 <i>no_team<\/i>/);
  await expect(shown).toContainText('timeout');
  await expect(shown).toContainText('Later: refused');
  await expect(shown).toContainText('Hides 5 dependents: One, Two, Three, 2 more');
  await expect(shown).toContainText('Reconstructed');
  await expect(row(page, 'Gone')).toContainText('Opened in a silence');
  await expect(row(page, 'Gone')).toContainText('The monitor was deleted');
  await expect(row(page, 'Gone').getByRole('button')).toHaveText(['Acknowledge']);
});
