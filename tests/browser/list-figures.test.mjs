import { expect, row, test as bare } from './fixtures.mjs';
import { test } from './seeded.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/**
 * Returns the numbers in a column, in the order of the rows. NaN means that there is no figure.
 * @param {Page} page
 * @param {string} column
 */
async function figures(page, column) {
  const texts = await page.locator(`.line ${column}`).allTextContents();
  return texts.map((text) => parseFloat(text.replace(',', '')));
}

/**
 * Changes the lists of monitors that the API sends. The page always gets a whole list.
 * @param {Page} page
 * @param {string} include
 * @param {(list: any[]) => void} change
 */
async function changeLists(page, include, change) {
  await page.route(`**/api/monitors?include=${include}`, async (route) => {
    const response = await route.fetch({ headers: { ...route.request().headers(), 'if-none-match': '"another"' } });
    const list = await response.json();
    change(list);
    await route.fulfill({ response, json: list });
  });
}

/**
 * Makes the event stream begin with an event about new figures.
 * @param {Page} page
 * @param {number} date of their computation
 */
async function sendSummaryEvent(page, date) {
  const body = `event: summary\ndata: ${JSON.stringify({ date: new Date(date) })}\n\n`;
  await page.route('**/api/events', (route) => route.fulfill({ contentType: 'text/event-stream', body }));
}

/** @param {Page} page */
async function open(page) {
  await page.goto('/#list?sort=name');
  // The API computes the figures after the first request.
  await expect.poll(async () => (await figures(page, '.month')).filter(Number.isFinite).length).toBeGreaterThan(15);
}

test('each row has the uptime and p95 of its monitor', async ({ page, nanomon }) => {
  await open(page);
  const id = await nanomon.idOf('Payments API');
  const list = await (await fetch(`${nanomon.url}/api/monitors?include=summary`)).json();
  const { summary } = list.find((/** @type {{id: string}} */ monitor) => monitor.id === id);
  expect(summary.uptime24h).toBeLessThan(100);
  const line = row(page, 'Payments API');
  expect(parseFloat(await line.locator('.day').innerText())).toBe(summary.uptime24h);
  expect(parseFloat(await line.locator('.month').innerText())).toBe(summary.uptime30d);
  expect(parseFloat(await line.locator('.p95').innerText())).toBeCloseTo(summary.p95, 0);
  await expect(line.locator('.p95')).toContainText('ms');
  // The incident of the night before is one click away, also after the bars have passed it.
  await expect(line.locator('.day a')).toHaveAttribute('href', `#incidents?monitor=${id}`);
  await expect(line.locator('.day a')).toHaveAttribute('title', /^Uptime in the last 24 hours\. Show the incidents of/);
  await expect(line.locator('.month a')).toHaveAttribute('tabindex', '-1');
  const perfect = row(page, 'Customer accounts');
  await expect(perfect.locator('.day')).toHaveText('100 %');
  await expect(perfect.locator('.day a')).not.toHaveAttribute('href');
});

for (const [name, column, order] of /** @type {const} */ ([
  ['Uptime 24 h', '.day', 'ascending'],
  ['Uptime 30 d', '.month', 'ascending'],
  ['p95', '.p95', 'descending'],
])) {
  test(`the list can be sorted by ${name}`, async ({ page }) => {
    await open(page);
    const header = page.getByRole('columnheader', { name });
    await header.getByRole('button').click();
    await expect(header).toHaveAttribute('aria-sort', order);
    const sign = order === 'ascending' ? 1 : -1;
    const sorted = (/** @type {number[]} */ numbers, /** @type {number} */ direction) => {
      const known = numbers.filter(Number.isFinite);
      expect(known).toEqual(known.toSorted((a, b) => direction * (a - b)));
      expect(numbers.slice(0, known.length)).toEqual(known);
    };
    sorted(await figures(page, column), sign);
    await expect(page).toHaveURL(/sort=\w+/);
    await header.getByRole('button').click();
    await expect(header).not.toHaveAttribute('aria-sort', order);
    sorted(await figures(page, column), -sign);
    await expect(page.getByLabel('Sort')).toHaveValue(/^-/);
  });
}

bare('without figures there are dashes, and such monitors come last', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Alpha', target: target.url, enabled: false });
  await nanomon.add({ name: 'Shop', target: target.url });
  await changeLists(page, 'brief,series,summary', ([alpha, shop]) => {
    alpha.summary = { uptime24h: null, uptime30d: null, p95: null };
    shop.summary = { uptime24h: 99.5, uptime30d: 100, p95: 12.3 };
  });
  for (const sort of ['uptime24h', '-uptime24h', 'p95', '-p95']) {
    await page.goto(`/#list?sort=${sort}`);
    await expect(page.locator('.line .who a')).toHaveText(['Shop', 'Alpha']);
  }
  for (const column of ['.day', '.month', '.p95']) {
    await expect(row(page, 'Alpha').locator(column)).toHaveText('–');
    await expect(row(page, 'Alpha').locator(`${column} a[href]`)).toHaveCount(0);
  }
  await expect(row(page, 'Shop').locator('.day')).toHaveText('99.50 %');
});

bare('new figures appear without a reload of the list', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Mill', target: target.url, interval: '1h' });
  await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  const known = { uptime24h: 100, uptime30d: 100, p95: 5 };
  // The event comes after the next computation of the API, at most five minutes later. This test sends it itself.
  await sendSummaryEvent(page, Date.now() + 60_000);
  await changeLists(page, 'brief,series,summary', (list) => list.forEach((it) => (it.summary = known)));
  await changeLists(page, 'summary', ([mill, shop]) => {
    mill.summary = known;
    shop.summary = { ...known, uptime24h: 97.25 };
  });
  await page.goto('/');
  await expect(row(page, 'Shop').locator('.day')).toHaveText('97.25 %');
  await expect(row(page, 'Mill').locator('.day')).toHaveText('100 %');
});

bare('figures that the list already has are not read again', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await sendSummaryEvent(page, Date.now() - 60_000);
  /** @type {string[]} */
  const requested = [];
  page.on('request', (request) => requested.push(request.url()));
  await page.clock.install();
  await page.goto('/');
  await expect(row(page, 'Shop')).toContainText('OK');
  await page.clock.fastForward(6000);
  await page.evaluate(() => fetch('/api/'));
  expect(requested.filter((url) => url.endsWith('include=brief,series,summary'))).not.toEqual([]);
  expect(requested.filter((url) => url.endsWith('include=summary'))).toEqual([]);
});
