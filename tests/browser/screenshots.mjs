// Takes screenshots of every view in both themes and three widths: docs/screenshots/NAME-WIDTH-THEME.webp.
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from '../../frontend/playwright-test.js';
import config from '../../frontend/playwright.config.js';
import { NanoMon } from './nanomon.mjs';
import { addStatusPage } from './shop-status-page.mjs';
import { Shop, addWindows, seed } from './shop.mjs';
import { Requests, addresses, comparedIDs } from './views.mjs';

const FOLDER = process.argv[2] ?? fileURLToPath(new URL('../../docs/screenshots', import.meta.url));
const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
  { width: 2560, height: 1440 },
];
/** The maximum height of a screenshot at phone width, in pixels. */
const MAX_HEIGHT = 2000;
/** The WebP quality. The files have half the size of PNG without a visible difference. */
const QUALITY = 85;
/** The first port of the shop's servers. It is fixed, because the screenshots show it. */
const PORT = 18_080;

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const shop = new Shop();
const nanomon = new NanoMon();
const browser = await chromium.launch({ ...config.use?.launchOptions, ignoreDefaultArgs: ['--hide-scrollbars'] });
try {
  await shop.open(PORT);
  await nanomon.create((data) => seed(data, shop.entries()));
  await mkdir(FOLDER, { recursive: true });
  const id = await nanomon.idOf('Payments API');
  await addWindows(nanomon.url, id);
  const page = await addStatusPage(nanomon);
  await haveSummaries();
  const views = Object.entries(addresses(id, await comparedIDs(nanomon), page));
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    for (const viewport of SIZES) {
      const isMobile = viewport.width === SIZES[0].width;
      for (const [name, address] of views) {
        const page = await browser.newPage({
          viewport,
          isMobile,
          colorScheme,
          reducedMotion: 'reduce',
          baseURL: nanomon.url,
        });
        await take(page, address, `${FOLDER}/${name}-${viewport.width}-${colorScheme}.webp`);
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
  await nanomon.destroy();
  await shop.close();
}

/** Waits until the API has computed the uptimes of the list. */
async function haveSummaries() {
  const read = async () => (await fetch(`${nanomon.url}/api/monitors?include=summary`)).json();
  while (!(await read()).some((/** @type {any} */ { summary }) => summary.uptime24h !== null)) {
    await setTimeout(200);
  }
}

/**
 * @param {Page} page
 * @param {string} address
 * @param {string} file
 */
async function take(page, address, file) {
  const requests = new Requests(page);
  await page.goto(`/${address}`);
  await page.locator('.connection').getByText('Live', { exact: true }).waitFor();
  await requests.settle();
  if (address === '#edit/new') {
    await tryOut(page, `${shop.url}/payments/health`);
    await requests.settle();
  }
  const { width, height } = /** @type {{width: number, height: number}} */ (page.viewportSize());
  if (width === SIZES[0].width) {
    const whole = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width, height: Math.min(Math.max(whole, height), MAX_HEIGHT) });
    await requests.settle();
  }
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
  await writeFile(file, data, 'base64');
}

/**
 * Fills in the form and runs an on-demand check.
 * @param {Page} page
 * @param {string} target
 */
async function tryOut(page, target) {
  await page.getByLabel('Name', { exact: true }).fill('Payments API, read only');
  await page.getByLabel('Target', { exact: true }).fill(target);
  await page.getByLabel('Rule', { exact: true }).fill('status == 200 && respTime < 400');
  const answered = page.waitForResponse('**/api/monitors/check');
  await page.getByRole('button', { name: 'Run check' }).click();
  await answered;
}
