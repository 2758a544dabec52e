import { expect, test } from './fixtures.mjs';
import { addFailing } from './incidents.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

test.use({ settings: { ALERT_FAIL_COUNT: '1' } });

/** @param {Page} page */
const names = (page) => page.getByRole('region', { name: 'Ended', exact: true }).getByRole('link');

/** @param {Page} page */
const more = (page) => page.getByRole('button', { name: 'Show more ended incidents' });

/**
 * Replaces the incidents of the API by 120 ended ones, Shop 120 to Shop 1, and no open ones.
 * @param {Page} page
 * @param {NanoMon} nanomon
 */
async function replaceIncidents(page, nanomon) {
  const id = await nanomon.add({ name: 'Shop', target: '127.0.0.1:1', type: 'tcp', interval: '1h', enabled: false });
  const incident = (/** @type {number} */ number) => {
    const date = new Date(Date.UTC(2026, 0, 31) + number * 3_600_000).toISOString();
    return {
      id: `${id}-${number}`,
      number,
      monitor_id: id,
      monitor_name: `Shop ${number}`,
      firstNotOK: date,
      opened: date,
      resolved: date,
      severity: 2,
      firstMessage: '',
      message: '',
      dependents: [],
      deliveries: [],
    };
  };
  const fake = {
    all: Array.from({ length: 120 }, (_, i) => incident(120 - i)),
    incident,
    /** The requests: the position of the first incident and the maximum number. @type {string[]} */
    asked: [],
    /** Is called with each request before its response is sent. @type {(request: string) => Promise<unknown>} */
    hold: () => Promise.resolve(),
  };
  await page.route('**/api/incidents?*', async (route) => {
    const query = new URL(route.request().url()).searchParams;
    if (query.get('open') === 'true') {
      return route.fulfill({ json: [] });
    }
    const { all } = fake;
    const max = Number(query.get('max'));
    const from = query.has('cursor') ? all.findIndex(({ id }) => id === query.get('cursor')) + 1 : 0;
    fake.asked.push(`${from}+${max}`);
    const page = all.slice(from, from + max);
    query.set('cursor', page.at(-1)?.id ?? '');
    const headers = from + max < all.length ? { Link: `</api/incidents?${query}>; rel="next"` } : undefined;
    await fake.hold(`${from}+${max}`);
    return route.fulfill({ json: page, headers });
  });
  return fake;
}

/** Returns a promise and the function that fulfills it. */
function gate() {
  let open = () => {};
  const opened = new Promise((resolve) => (open = () => resolve(null)));
  return { open, opened };
}

for (const range of ['', '7d']) {
  test(`shows more incidents page by page, and keeps them when an incident opens${range && ', also in a time range'}`, async ({
    page,
    nanomon,
  }) => {
    const { asked } = await replaceIncidents(page, nanomon);
    await page.goto(`/#incidents${range && `?range=${range}`}`);
    await expect(names(page)).toHaveCount(50);
    await more(page).click();
    await expect(names(page)).toHaveCount(100);
    await more(page).click();
    await expect(names(page)).toHaveCount(120);
    await expect(more(page)).toBeHidden();
    await expect(names(page).last()).toHaveText('Shop 1');
    await addFailing(nanomon, { name: 'New' });
    await expect.poll(() => asked).toContain('0+120');
    await expect(names(page)).toHaveCount(120);
    await page.getByLabel('Severity').selectOption('Failed');
    await expect(names(page)).toHaveCount(50);
    await more(page).click();
    await expect(names(page)).toHaveCount(100);
  });
}

test('a page that was shown during a refresh stays', async ({ page, nanomon }) => {
  const fake = await replaceIncidents(page, nanomon);
  await page.goto('/#incidents');
  await expect(names(page)).toHaveCount(50);
  const { open, opened } = gate();
  fake.hold = async (request) => request === '0+50' && opened;
  await addFailing(nanomon, { name: 'New' });
  await expect.poll(() => fake.asked).toEqual(['0+50', '0+50']);
  await more(page).click();
  await expect(names(page)).toHaveCount(100);
  open();
  // The refresh is repeated, for the deliveries that are made after the event.
  await expect.poll(() => fake.asked).toContain('0+100');
  await expect(names(page)).toHaveCount(100);
  await more(page).click();
  await expect(names(page)).toHaveCount(120);
});

test('no incident is missing if a new one ends before the next page is read', async ({ page, nanomon }) => {
  const fake = await replaceIncidents(page, nanomon);
  await page.goto('/#incidents');
  await expect(names(page)).toHaveCount(50);
  const { open, opened } = gate();
  // A later refresh, which would hide the fault, waits too.
  const { opened: end, open: finish } = gate();
  let refreshes = 0;
  fake.hold = async (request) => (request === '50+50' ? opened : refreshes++ > 0 && end);
  await more(page).click();
  await expect.poll(() => fake.asked).toContain('50+50');
  fake.all = [fake.incident(121), ...fake.all];
  await addFailing(nanomon, { name: 'New' });
  await expect(names(page).first()).toHaveText('Shop 121');
  open();
  await expect(names(page)).toHaveText(Array.from({ length: 100 }, (_, i) => `Shop ${121 - i}`));
  finish();
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('going back leads to the incident that was opened', async ({ page, nanomon }) => {
    await replaceIncidents(page, nanomon);
    await page.goto('/#incidents');
    const incident = page.getByRole('link', { name: 'Shop 85', exact: true });
    await incident.scrollIntoViewIfNeeded();
    const position = () => page.evaluate(() => scrollY);
    const before = await position();
    expect(before).toBeGreaterThan(500);
    await expect.poll(() => page.evaluate(() => history.state?.scroll)).toBe(before);
    await incident.click();
    await expect(page.getByRole('heading', { name: 'Shop', exact: true })).toBeVisible();
    await page.goBack();
    await expect(incident).toBeVisible();
    await expect.poll(position).toBe(before);
  });

  test('a refresh that fails is repeated, although the event stream works', async ({ page, nanomon }) => {
    await addFailing(nanomon, { name: 'Shop' });
    await page.clock.install();
    await page.goto('/#incidents');
    const problem = page.getByRole('alert').filter({ hasText: 'too slow' });
    await expect(page.getByRole('link', { name: 'Shop' })).toBeVisible();
    await page.route('**/api/incidents?*', (route) => route.fulfill({ status: 503, json: { detail: 'too slow' } }));
    await page.clock.runFor(11_000);
    await expect(problem).toBeVisible();
    await page.unroute('**/api/incidents?*');
    await page.clock.runFor(11_000);
    await expect(problem).toBeHidden();
  });
});
