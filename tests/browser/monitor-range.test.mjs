import { expect, test as bare } from './fixtures.mjs';
import { test } from './seeded.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const HOUR = 3_600_000;

/** The choice of a time range. @param {Page} page @param {string} name */
const choice = (page, name) => page.getByRole('radio', { name, exact: true });

/** The shown range in words. @param {Page} page */
const span = (page) => page.getByTestId('span');

/** The uptime of the range. @param {Page} page */
const uptime = (page) => page.locator('.uptime :is(.in-range, .chosen)').filter({ visible: true });

/** @param {Page} page */
const parameters = (page) => Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.split('?')[1]));

/**
 * Drags over a part of the chart.
 * @param {Page} page
 * @param {number} from part of the width
 * @param {number} to
 */
async function drag(page, from, to) {
  const over = page.locator('.latency .u-over');
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  if (!box) {
    throw new Error('the chart is not rendered');
  }
  await page.mouse.move(box.x + box.width * from, box.y + 90);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, box.y + 90, { steps: 5 });
  await page.mouse.up();
}

test('the range survives reload, and the back button undoes changes of it', async ({ page, views, requests }) => {
  await page.goto(`/${views.monitor}`);
  await expect(choice(page, '24 hours')).toBeChecked();
  await choice(page, '7 days').click();
  await expect.poll(() => parameters(page)).toEqual({ range: '7d' });
  await page.reload();
  await expect(choice(page, '7 days')).toBeChecked();
  await expect(page.locator('.chart canvas').first()).toBeVisible();
  await requests.settle();

  await choice(page, '1 hour').click();
  await expect.poll(() => parameters(page)).toEqual({ range: '1h' });
  await requests.settle();
  await drag(page, 0.25, 0.5);
  await expect.poll(() => Object.keys(parameters(page))).toEqual(['from', 'to']);
  const { from, to } = parameters(page);
  expect(Date.parse(to) - Date.parse(from)).toBeGreaterThan(0.22 * HOUR);
  expect(Date.parse(to) - Date.parse(from)).toBeLessThan(0.28 * HOUR);
  await expect(choice(page, '1 hour')).not.toBeChecked();

  await page.goBack();
  await expect(choice(page, '1 hour')).toBeChecked();
  await expect.poll(() => parameters(page)).toEqual({ range: '1h' });
  await page.goBack();
  await expect(choice(page, '7 days')).toBeChecked();
  await page.goForward();
  await expect(choice(page, '1 hour')).toBeChecked();
  await page.goBack();
  await page.goBack();
  await expect(choice(page, '24 hours')).toBeChecked();
  await expect.poll(() => parameters(page)).toEqual({});
});

test('back keeps the view and its place', async ({ page, views, requests }) => {
  await page.goto(`/${views.monitor}`);
  await requests.settle();
  await choice(page, '7 days').click();
  await requests.settle();
  await page.getByRole('heading', { level: 1 }).evaluate((element) => (element.dataset.kept = 'true'));
  await page.getByRole('heading', { name: 'Results' }).scrollIntoViewIfNeeded();
  const before = await page.evaluate(() => scrollY);
  expect(before).toBeGreaterThan(100);
  await page.goBack();
  await expect(choice(page, '24 hours')).toBeChecked();
  await expect(page.locator('h1[data-kept]')).toHaveCount(1);
  expect(await page.evaluate(() => scrollY)).toBeGreaterThan(100);
});

test('the range drives uptime, chart, incidents, notifications and results, with one request for the statistics', async ({
  page,
  views,
  requests,
}) => {
  await page.route('**/api/events', () => {}); // Results that arrive during the test cause requests, too.
  await page.goto(`/${views.monitor}`);
  await expect(uptime(page)).toContainText('24 hours');
  // A slow answer of a running check may add to it.
  await expect(uptime(page)).toContainText(/2[6-9] min not OK/);
  const incidents = page.getByRole('region', { name: 'Incidents' });
  await expect(incidents.getByRole('listitem').filter({ hasText: '26 min' })).toHaveCount(1);
  await page.getByRole('region', { name: 'Notifications' }).scrollIntoViewIfNeeded();
  await requests.settle();

  /** @type {URL[]} */
  const sent = [];
  page.on('request', (request) => sent.push(new URL(request.url())));
  await choice(page, '1 hour').click();
  await expect(uptime(page)).toContainText('Uptime, last hour');
  await expect(uptime(page)).toContainText(/OK all the time|\d+ s not OK/);
  await expect(incidents.getByRole('listitem').filter({ hasText: '26 min' })).toHaveCount(0);
  await requests.settle();
  const paths = sent.map(({ pathname }) => pathname.split('/').at(-1));
  expect(paths.filter((path) => path === 'stats')).toHaveLength(1);
  expect(new Set(paths)).toEqual(new Set(['stats', 'incidents', 'notifications', 'results', 'outputs']));
  for (const path of ['results', 'notifications']) {
    const [{ searchParams }] = sent.filter(
      ({ pathname, searchParams }) => pathname.endsWith(path) && searchParams.has('from'),
    );
    const age = Date.now() - Date.parse(searchParams.get('from') ?? '');
    expect(Math.abs(age - HOUR), path).toBeLessThan(60_000);
  }
});

test('back to other settings shows these too', async ({ page, views }) => {
  await page.goto(`/${views.monitor}?chart=phases&status=error`);
  await expect(page.getByRole('radio', { name: 'Phases' })).toBeChecked();
  await choice(page, '7 days').click();
  await expect.poll(() => parameters(page).range).toBe('7d');
  await page.getByRole('radio', { name: 'Response time' }).click();
  await page.getByRole('combobox', { name: /^Status/ }).selectOption('All');
  await expect.poll(() => parameters(page)).toEqual({ range: '7d' });
  await page.goBack();
  await expect(page.getByRole('radio', { name: 'Phases' })).toBeChecked();
  await expect(choice(page, '24 hours')).toBeChecked();
  await expect(page.getByRole('combobox', { name: /^Status/ })).toHaveValue('error');
});

test('the fixed figures are shortcuts', async ({ page, views }) => {
  await page.goto(`/${views.monitor}`);
  const shortcut = page.getByRole('button', { name: '30 days' });
  await expect(shortcut).toHaveAttribute('aria-pressed', 'false');
  await shortcut.click();
  await expect(shortcut).toHaveAttribute('aria-pressed', 'true');
  await expect(choice(page, '30 days')).toBeChecked();
  await expect.poll(() => parameters(page)).toEqual({ range: '30d' });
});

const [FROM, TO, LATER] = [20, 10, -2].map((hours) =>
  new Date(Math.floor(Date.now() / HOUR - hours) * HOUR).toISOString(),
);

for (const [old, current] of /** @type {[string, Record<string, string>][]} */ ([
  ['window=7d', { range: '7d' }],
  ['window=nonsense', {}],
  [`zoom=${FROM}/${TO}`, { from: FROM, to: TO }],
  [`zoom=${FROM}/`, { from: FROM }],
  [`from=${FROM}&to=${TO}`, { from: FROM, to: TO }],
  [`from=${FROM}`, { from: FROM }],
  [`from=${FROM}&to=${LATER}`, { from: FROM, to: LATER }],
  [`from=${TO}&to=${FROM}`, {}],
  ['from=nonsense', {}],
  ['range=30d&status=error', { range: '30d', status: 'error' }],
])) {
  test(`the address ${old.replaceAll(FROM, 'A').replaceAll(TO, 'B').replaceAll(LATER, 'C')} is understood and replaced`, async ({
    page,
    views,
  }) => {
    await page.goto(`/${views.monitor}?${old}`);
    await expect(span(page)).not.toBeEmpty();
    await expect.poll(() => parameters(page)).toEqual(current);
  });
}

test('custom dates', async ({ page, views }) => {
  await page.goto(`/${views.monitor}`);
  const open = page.getByRole('button', { name: 'Custom…' });
  await open.click();
  const form = page.getByRole('form', { name: 'Custom time range' });
  await expect(form.getByLabel('From')).not.toHaveValue('');
  await form.getByLabel('To').fill('2026-01-01T10:00');
  await form.getByLabel('From').fill('2026-01-01T12:00');
  await form.getByRole('button', { name: 'Show' }).click();
  await expect(form.getByRole('alert')).toHaveText('The start must be before the end.');
  await form.getByLabel('From').fill('2024-01-01T12:00');
  await form.getByRole('button', { name: 'Show' }).click();
  await expect(form.getByRole('alert')).toHaveText('The range must not be longer than 400 days.');
  await page.keyboard.press('Escape');
  await expect(form).toBeHidden();
  await expect(open).toBeFocused();

  await open.click();
  const local = (/** @type {number} */ hours) =>
    page.evaluate(
      (time) => {
        const date = new Date(time);
        return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
      },
      Date.now() - hours * HOUR,
    );
  await form.getByLabel('From').fill(await local(20));
  await form.getByLabel('To').fill(await local(12));
  await form.getByRole('button', { name: 'Show' }).click();
  await expect(form).toBeHidden();
  await expect(span(page)).toContainText('8 h');
  await expect(uptime(page)).toContainText('26 min not OK');
  const { from, to } = parameters(page);
  expect(Date.parse(to) - Date.parse(from)).toBe(8 * HOUR);
});

test('an address with only an incident sets the range around it', async ({ page, views, nanomon }) => {
  const id = views.monitor.split('/')[1];
  const [incident] = await (await fetch(`${nanomon.url}/api/incidents?monitor=${id}`)).json();
  await page.goto(`/${views.monitor}?incident=${incident.id}`);
  await expect.poll(() => Object.keys(parameters(page))).toEqual(['incident', 'from', 'to']);
  const { from, to } = parameters(page);
  expect(Date.parse(from)).toBeLessThan(Date.parse(incident.firstNotOK));
  expect(Date.parse(to)).toBeGreaterThan(Date.parse(incident.resolved));
  await expect(page.getByRole('region', { name: 'Incidents' }).getByRole('listitem')).toHaveCount(1);
});

bare(
  'a range that lasts until now follows new results, one in the past does not',
  async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url });
    await page.goto(`/#monitor/${id}?range=1h`);
    const checks = page.locator('.latency-figures').getByText(/ OK, /);
    await expect(checks).toHaveText(/^[1-9]\d* OK/);
    const shown = (await checks.textContent()) ?? '';
    await expect(checks).not.toHaveText(shown);
    await page.getByRole('button', { name: 'Earlier' }).click();
    await expect.poll(() => Object.keys(parameters(page))).toEqual(['from', 'to']);
    const fixed = (await span(page).textContent()) ?? '';
    const { hits } = target;
    await expect.poll(() => target.hits).toBeGreaterThan(hits + 4);
    await expect(span(page)).toHaveText(fixed);
    // Back to now: this is the last hour again.
    await page.getByRole('button', { name: 'Later' }).click();
    await expect(choice(page, '1 hour')).toBeChecked();
    await expect(page.getByRole('button', { name: 'Later' })).toBeDisabled();
  },
);
