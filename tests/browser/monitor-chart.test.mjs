import { contrast, distance, variables } from './colors.mjs';
import { test as bare } from './fixtures.mjs';
import { expect, test } from './seeded.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('../../frontend/types/model').Stats} Stats */

const MINUTE = 60_000;

/** The tooltip of the large chart. @param {Page} page */
const tip = (page) => page.locator('.latency .tip');

/**
 * Opens a monitor and waits until its chart is drawn. Returns its statistics.
 * @param {Page} page
 * @param {string} address
 * @returns {Promise<Stats>}
 */
async function open(page, address) {
  const answer = page.waitForResponse((response) => response.url().includes('/stats?'));
  await page.goto(`/${address}`);
  const stats = await (await answer).json();
  await expect(page.locator('.latency canvas')).toBeVisible();
  return stats;
}

/**
 * Returns the position of a time in the chart, from 0 to 1.
 * @param {Stats} stats
 * @param {number} time
 */
function partOf({ from, to }, time) {
  return (time - Date.parse(from)) / (Date.parse(to) - Date.parse(from));
}

/** The limits of the error in the last day, which lasts 26 minutes. @param {Stats} stats */
function outage({ periods }) {
  const period = periods.findLast(({ kind }) => kind === 'error');
  return [Date.parse(period?.from ?? ''), Date.parse(period?.to ?? '')];
}

/**
 * Returns the first and last pixel of the strip at the bottom of the chart that has the color of an error, near a position
 * from 0 to 1, and these pixels for the position itself. Pixels at the edges may be shaded only partly.
 * @param {Page} page
 * @param {number} from
 * @param {number} to
 */
function strip(page, from, to) {
  return page.locator('.latency .chart').evaluate(
    (chart, { from, to }) => {
      const canvas = /** @type {HTMLCanvasElement} */ (chart.querySelector('canvas'));
      const over = /** @type {HTMLElement} */ (chart.querySelector('.u-over'));
      // A copy, because Chromium warns of several reads of the same canvas.
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
        copy.getContext('2d', { willReadFrequently: true })
      );
      context.drawImage(canvas, 0, 0);
      const sample = chart.appendChild(document.createElement('i'));
      sample.style.color = 'var(--error)';
      const [red, green, blue] = (getComputedStyle(sample).color.match(/\d+/g) ?? []).map(Number);
      sample.remove();
      const y = Math.round((over.offsetTop + over.clientHeight - 2) * devicePixelRatio);
      const { data } = context.getImageData(0, y, canvas.width, 1);
      const isError = (/** @type {number} */ x) =>
        data[4 * x + 3] > 100 && Math.hypot(data[4 * x] - red, data[4 * x + 1] - green, data[4 * x + 2] - blue) < 20;
      const pixel = (/** @type {number} */ part) => (over.offsetLeft + part * over.clientWidth) * devicePixelRatio;
      const near = Array.from(
        { length: Math.round(pixel(to) - pixel(from)) + 20 },
        (_, i) => Math.round(pixel(from)) - 10 + i,
      );
      const found = near.filter(isError);
      return {
        first: found[0] ?? NaN,
        last: found.at(-1) ?? NaN,
        from: pixel(from),
        to: pixel(to),
        count: found.length,
      };
    },
    { from, to },
  );
}

for (const range of ['24h', '7d', '30d']) {
  for (const width of [390, 1920]) {
    test(`an outage of 26 minutes is drawn from its first to its last second in ${range} at ${width} px`, async ({
      page,
      views,
    }) => {
      await page.setViewportSize({ width, height: 1440 });
      const stats = await open(page, `${views.monitor}?range=${range}`);
      const [from, to] = outage(stats);
      expect(to - from).toBe(26 * MINUTE);
      await expect
        .poll(async () => (await strip(page, partOf(stats, from), partOf(stats, to))).count)
        .toBeGreaterThan(0);
      const drawn = await strip(page, partOf(stats, from), partOf(stats, to));
      // The rightmost shaded pixel is the one before the end. A narrow period has at least two pixels.
      expect(Math.abs(drawn.first - drawn.from), JSON.stringify(drawn)).toBeLessThanOrEqual(1);
      expect(Math.abs(drawn.last + 1 - Math.max(drawn.to, drawn.from + 2)), JSON.stringify(drawn)).toBeLessThanOrEqual(
        1,
      );
      expect(drawn.count).toBe(drawn.last - drawn.first + 1);
    });
  }
}

test('the tooltip names time, values, counts and the period with its first and last second', async ({
  page,
  views,
}) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  const stats = await open(page, views.monitor);
  const [from, to] = outage(stats);
  const over = page.locator('.latency .u-over');
  const { width } = (await over.boundingBox()) ?? { width: 0 };
  await expect(tip(page)).toBeHidden();
  await over.hover({ position: { x: width * partOf(stats, (from + to) / 2), y: 90 } });
  await expect(tip(page)).toContainText(/p50[\d.,]+ ms/);
  await expect(tip(page)).toContainText(/p95[\d.,]+ ms/);
  await expect(tip(page)).toContainText(/Checks0 OK, \d+ error, 0 failed/);
  const times = await page.evaluate(
    (limits) =>
      limits.map((time) => new Date(time).toLocaleTimeString(undefined, { timeStyle: 'medium' }).split(' ')[0]),
    [from, to],
  );
  await expect(tip(page)).toContainText(/Error: .*\(26 min\)/);
  for (const time of times) {
    await expect(tip(page)).toContainText(time.replace(/\s.*/, ''));
  }
  // It stays within the chart at both ends.
  for (const x of [2, width - 2]) {
    await over.hover({ position: { x, y: 200 } });
    const [box, chart] = await Promise.all([tip(page).boundingBox(), page.locator('.latency').boundingBox()]);
    expect(box?.x ?? 0).toBeGreaterThanOrEqual(chart?.x ?? Infinity);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual((chart?.x ?? 0) + (chart?.width ?? 0));
  }
  await page.mouse.move(0, 0);
  await expect(tip(page)).toBeHidden();
});

test('a short period is described when the pointer is on its marked pixels', async ({ page, views }) => {
  const stats = await open(page, `${views.monitor}?range=30d`);
  const [from] = outage(stats);
  const over = page.locator('.latency .u-over');
  const { width } = (await over.boundingBox()) ?? { width: 0 };
  await over.hover({ position: { x: width * partOf(stats, from) + 1, y: 90 } });
  await expect(tip(page)).toContainText(/Error: .*\(26 min\)/);
});

test('the values and periods are in a table for screen readers', async ({ page, views }) => {
  const stats = await open(page, views.monitor);
  await page.getByText('Values as a table').click();
  const table = page.getByRole('region', { name: 'Values as a table' });
  const periods = table.getByRole('table', { name: /Periods/ });
  await expect(periods.getByRole('row').filter({ hasText: /Error.*26 min/s })).toHaveCount(1);
  const values = table.getByRole('table', { name: /Values/ });
  const withChecks = stats.buckets.filter(({ ok, error, failed }) => ok + error + failed > 0);
  expect(Math.abs((await values.getByRole('row').count()) - 1 - withChecks.length)).toBeLessThanOrEqual(2);
  await expect(values.getByRole('row').nth(1)).toContainText(/ms.*ms.*OK/);
});

test('the threshold of the rule is a line with its label', async ({ page, views }) => {
  await open(page, views.monitor);
  await expect(page.locator('.latency .legend')).toContainText('Rule: respTime < 400');
  const chart = page.locator('.latency .chart');
  await expect(chart).toHaveAttribute('data-thresholds', /^\d+$/);
  const share = await chart.evaluate((element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element.querySelector('canvas'));
    const over = /** @type {HTMLElement} */ (element.querySelector('.u-over'));
    const y = Math.round((over.offsetTop + Number(element.dataset.thresholds)) * devicePixelRatio);
    const left = Math.round(over.offsetLeft * devicePixelRatio);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const { data, width } = context.getImageData(left, y - 1, canvas.width - left, 2);
    const isDark = (/** @type {number} */ x) => [0, 1].some((row) => data[4 * (row * width + x) + 3] > 150);
    return Array.from({ length: width }, (_, x) => x).filter(isDark).length / width;
  });
  expect(share).toBeGreaterThan(0.3); // It is dotted.
});

test('a threshold far above the values is named at the top, and does not flatten the chart', async ({
  page,
  nanomon,
}) => {
  // The response times are about 40 ms, the rule allows 500. On a busy machine, the last ones may be longer.
  const id = await nanomon.idOf('Front page');
  const [from, to] = [3, 2].map((hours) => new Date(Date.now() - hours * 3_600_000).toISOString());
  const stats = await open(page, `#monitor/${id}?from=${from}&to=${to}`);
  expect(stats.max).toBeLessThan(125);
  await expect(page.locator('.latency .legend')).toContainText('Rule: respTime < 500');
  await expect(page.locator('.latency .chart')).toHaveAttribute('data-thresholds', '');
});

test('the phases of HTTP checks are stacked, and the choice is in the address', async ({ page, views }) => {
  const responded = page.waitForResponse((response) => response.url().includes('/outputs?'));
  await open(page, views.monitor);
  await page.getByRole('radio', { name: 'Phases' }).click();
  const outputs = await (await responded).json();
  const legend = page.locator('.latency .legend');
  for (const phase of ['DNS', 'Connect', 'TLS', 'Wait', 'Read']) {
    await expect(legend).toContainText(phase);
  }
  await expect(legend).not.toContainText('p95');
  await expect(page).toHaveURL(/chart=phases/);
  const over = page.locator('.latency .u-over');
  const { width } = (await over.boundingBox()) ?? { width: 0 };
  await over.hover({ position: { x: width / 2, y: 90 } });
  await expect(tip(page)).toContainText(/Read[\d.,]+ ms.*Wait[\d.,]+ ms.*TLS0 ms.*Connect[\d.,]+ ms.*DNS0 ms/);
  // The sum is the response time of the bucket.
  const time = outputs.outputs.find((/** @type {{name: string}} */ { name }) => name === 'respTime');
  const values = time.avg.filter((/** @type {number | null} */ value) => value !== null);
  const sum = Number(/Sum([\d.,]+) ms/.exec((await tip(page).textContent()) ?? '')?.[1]);
  expect(sum).toBeGreaterThanOrEqual(Math.floor(Math.min(...values)));
  expect(sum).toBeLessThanOrEqual(Math.ceil(Math.max(...values)));
  await page.reload();
  await expect(page.getByRole('radio', { name: 'Phases' })).toBeChecked();
  await expect(legend).toContainText('Wait');
  await page.getByRole('radio', { name: 'Response time' }).click();
  await expect(legend).toContainText('p95');
  await expect(page).not.toHaveURL(/chart=/);
});

test('other outputs have charts, which are loaded when they come into view', async ({ page, nanomon, requests }) => {
  const id = await nanomon.idOf('Office gateway'); // a ping monitor without a rule
  /** @type {string[]} */
  const sent = [];
  page.on('request', (request) => request.url().includes('/outputs?') && sent.push(request.url()));
  await page.setViewportSize({ width: 390, height: 400 });
  await page.goto(`/#monitor/${id}`);
  await requests.settle();
  expect(sent).toEqual([]);
  const charts = page.getByRole('region', { name: 'Other outputs' });
  await charts.scrollIntoViewIfNeeded();
  await expect(charts.getByRole('img', { name: /^Packet loss \(%\): Latest 0 %/ })).toBeVisible();
  await expect(charts.locator('canvas').first()).toBeVisible();
  await requests.settle();
  expect(sent).toHaveLength(1);
});

bare(
  'the chart of a number from the response is named by it, and the response time has a small chart',
  async ({ page, nanomon, target }) => {
    target.body = 'queue=12';
    const id = await nanomon.add({
      name: 'Queue',
      target: target.url,
      rule: 'regexMatch < 40 && respTime < 900',
      properties: { bodyRegex: 'queue=([0-9]+)' },
    });
    await expect.poll(() => target.hits).toBeGreaterThan(1);
    await page.goto(`/#monitor/${id}?range=1h`);
    await expect(page.getByRole('heading', { name: 'Match of bodyRegex' })).toBeVisible();
    await expect(page.locator('.latency .legend')).toContainText('Rule: regexMatch < 40');
    await expect(page.locator('.latency .legend')).not.toContainText('respTime');
    const charts = page.getByRole('region', { name: 'Other outputs' });
    await charts.scrollIntoViewIfNeeded();
    await expect(charts.getByRole('img', { name: /^Response time \(ms\): Latest/ })).toBeVisible();
    await expect(charts.getByText('Match of bodyRegex')).toHaveCount(0);
  },
);

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`the colors of charts differ from the background and from the colors of statuses, ${colorScheme}`, async ({
    page,
    views,
  }) => {
    await page.emulateMedia({ colorScheme });
    await open(page, views.monitor);
    const phases = ['dns', 'connect', 'tls', 'wait', 'read'].map((phase) => `phase-${phase}`);
    const names = ['chart-1', 'chart-2', ...phases];
    const values = await variables(page.locator('body'), [...names, 'card', 'ok', 'error', 'failed', 'accent']);
    for (const name of names) {
      expect(contrast(values[name], values.card), name).toBeGreaterThanOrEqual(3);
      for (const status of ['ok', 'error', 'failed', 'accent']) {
        expect(distance(values[name], values[status]), `${name} and ${status}`).toBeGreaterThan(0.08);
      }
    }
    expect(distance(values['chart-1'], values['chart-2'])).toBeGreaterThan(0.15);
  });
}

test('the chart is at least 280 px high, and higher on a large screen', async ({ page, views }) => {
  for (const [width, height, least] of [
    [390, 700, 280],
    [1280, 800, 280],
    [2560, 1440, 400],
  ]) {
    await page.setViewportSize({ width, height });
    await open(page, views.monitor);
    const box = await page.locator('.latency .chart').boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(least);
    await page.goto('/#about');
  }
});
