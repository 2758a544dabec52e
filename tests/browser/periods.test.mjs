import { expect, test } from './seeded.mjs';

/** @typedef {import('../../frontend/types/model').Stats} Stats */

/**
 * Opens a monitor and waits for the chart of a day. Returns the statistics and whether the chart is shaded at each of the
 * times that a function returns.
 * @param {import('../../frontend/playwright-test.js').Page} page
 * @param {string} address
 * @param {(stats: Stats) => number[]} timesOf
 */
async function open(page, address, timesOf) {
  const answer = page.waitForResponse((response) => response.url().endsWith('/stats?window=24h'));
  await page.goto(`/${address}?window=24h`);
  /** @type {Stats} */
  const stats = await (await answer).json();
  await expect(page.locator('.chart canvas')).toBeVisible();
  const parts = timesOf(stats).map((time) => partOf(stats, time));
  const shaded = await page.locator('.chart').evaluate((chart, parts) => {
    const canvas = /** @type {HTMLCanvasElement} */ (chart.querySelector('canvas'));
    const over = /** @type {HTMLElement} */ (chart.querySelector('.u-over'));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const { data, width } = context.getImageData(0, 0, canvas.width, canvas.height);
    const rows = Array.from({ length: over.clientHeight }, (_, y) =>
      Math.round((over.offsetTop + y) * devicePixelRatio),
    );
    return parts.map((part) => {
      const x = Math.round((over.offsetLeft + part * over.clientWidth) * devicePixelRatio);
      // A line of the grid has one pixel, so the pixels beside it must be shaded too.
      return rows.every((y) => [x - 1, x, x + 1].every((column) => data[4 * (y * width + column) + 3] > 0));
    });
  }, parts);
  return { stats, shaded };
}

/**
 * Returns the position of a time in the chart, from 0 to 1.
 * @param {Stats} stats
 * @param {number} time
 */
function partOf({ from, to }, time) {
  return (time - Date.parse(from)) / (Date.parse(to) - Date.parse(from));
}

/** The limits of the error in the chart. @param {Stats} stats */
function limits({ periods }) {
  const period = periods.find(({ kind }) => kind === 'error');
  return [Date.parse(period?.from ?? ''), Date.parse(period?.to ?? '')];
}

test('the chart shades the exact time during which a monitor was not OK, and the readout names it', async ({
  page,
  views,
}) => {
  await page.setViewportSize({ width: 2560, height: 1440 });
  const pixels = 2 * 60_000; // A pixel is about a minute.
  const { stats, shaded } = await open(page, views.monitor, (stats) => {
    const [from, to] = limits(stats);
    return [from - pixels, from + pixels, to - pixels, to + pixels];
  });
  expect(stats.buckets.length).toBeGreaterThan(287);
  const [from, to] = limits(stats);
  expect(to - from).toBe(26 * 60_000);
  expect(shaded).toEqual([false, true, true, false]);

  const over = page.locator('.chart .u-over');
  const { width } = (await over.boundingBox()) ?? { width: 0 };
  await over.hover({ position: { x: width * partOf(stats, (from + to) / 2), y: 20 } });
  await expect(page.locator('.readout')).toContainText(/; error .*:\d\d.* to .*:\d\d/);
});
