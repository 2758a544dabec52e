// Tests of the HTML of status pages, which a Go test has written to files: no service runs here.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test } from '../../frontend/playwright-test.js';
import { expectNoViolations, expectNoViolationsIn } from './axe.mjs';
import { expect } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const FOLDER = new URL('../../services/api/statuspage/render/', import.meta.url);
const ADDRESS = 'http://localhost:9/status/acme';
/** The time between two requests of the script, in milliseconds. */
const REFRESH = 30_000;

/** @param {string} name */
const file = (name) => readFile(fileURLToPath(new URL(name, FOLDER)), 'utf8');

/**
 * Returns a page with the style sheet and the script, which the files of the Go test leave out.
 * @param {string} name
 */
async function read(name) {
  const [html, style, script] = await Promise.all([file(`testdata/${name}`), file('style.css'), file('script.js')]);
  return html.replace('/* style.css */', () => style).replace('// script.js', () => script);
}

/** Returns the page as it is before the partial outage of page.html. */
async function readFine() {
  return (await read('page.html'))
    .replaceAll('Partial outage: Payments', 'All systems operational')
    .replace('overall partial', 'overall operational');
}

/**
 * Serves a file as the status page, and JSON with an entity tag.
 * @param {Page} page
 * @param {{html: string, tag: string, status: number}} served the test may change it
 */
async function open(page, served) {
  await page.clock.install();
  await page.route('**/*', (route) => {
    if (route.request().url() === ADDRESS) {
      return route.fulfill({ body: served.html, contentType: 'text/html; charset=utf-8' });
    }
    return route.fulfill({ status: served.status, body: '{}', headers: { ETag: served.tag } });
  });
  await page.goto(ADDRESS);
}

for (const name of ['page', 'password']) {
  test(`${name}.html is accessible in both themes`, async ({ page }) => {
    await page.setContent(await read(`${name}.html`));
    for (const summary of await page.locator('summary').all()) {
      await summary.click();
    }
    // All bars are alike and part of one image. A few are enough, and much faster to check.
    await page.evaluate(() => document.querySelectorAll('rect:nth-child(n + 4)').forEach((bar) => bar.remove()));
    await expectNoViolations(page);
  });
}

for (const [name, html] of /** @type {const} */ ([
  ['a fine', readFine],
  ['an old', () => read('old.html')],
])) {
  test(`the state of ${name} page is accessible in both themes`, async ({ page }) => {
    await page.setContent(await html());
    await expectNoViolationsIn(page, 'main > p');
  });
}

test('the script replaces the status without closing what is open', async ({ page }) => {
  const served = { html: await readFine(), tag: '"1"', status: 200 };
  await open(page, served);
  await expect(page.locator('.overall')).toHaveText('All systems operational');
  const details = page.locator('details', { hasText: 'Payments' }).first();
  await details.locator('summary').focus();
  await page.keyboard.press('Enter');
  await expect(details).toHaveAttribute('open');

  Object.assign(served, { html: await read('page.html'), tag: '"2"' });
  await page.clock.runFor(REFRESH);
  await expect(page.locator('.overall')).toHaveText('Partial outage: Payments');
  await expect(page).toHaveTitle('Partial outage: Payments – Acme Shop');
  await expect(page.getByRole('status').last()).toHaveText('Partial outage: Payments – Acme Shop');
  await expect(details).toHaveAttribute('open');
  await expect(details.locator('summary')).toBeFocused();
});

test('the script downloads the page only after a change, and never the JSON', async ({ page }) => {
  const served = { html: await readFine(), tag: '"1"', status: 200 };
  await open(page, served);
  /** @type {string[]} */
  const requests = [];
  page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
  const refresh = async () => {
    const answered = page.waitForResponse((response) => response.url().endsWith('.json'));
    await page.clock.runFor(REFRESH);
    await answered;
  };
  await refresh();
  // The script does not know the tag of the page that the browser has loaded.
  await expect.poll(() => requests).toEqual(['HEAD /status/acme.json', 'GET /status/acme']);
  await refresh();
  served.tag = '"2"';
  await refresh();
  await expect
    .poll(() => requests.slice(2))
    .toEqual(['HEAD /status/acme.json', 'HEAD /status/acme.json', 'GET /status/acme']);
});

test('the script says that the server does not answer, until it does', async ({ page }) => {
  const served = { html: await readFine(), tag: '"1"', status: 500 };
  await open(page, served);
  await page.clock.runFor(REFRESH);
  await expect(page.getByRole('status').first()).toContainText('No connection. Last updated at');
  served.status = 200;
  await page.clock.runFor(REFRESH);
  await expect(page.getByRole('status').first()).toBeEmpty();
});

test('the page loads again if it needs a password now', async ({ page }) => {
  const served = { html: await readFine(), tag: '"1"', status: 401 };
  await open(page, served);
  served.html = await read('password.html');
  await page.clock.runFor(REFRESH);
  await expect(page.getByLabel('Password')).toBeFocused();
});

test('a bar has a tip for mouse and finger, and one text for screen readers', async ({ page }) => {
  // Scrolling hides tips, so nothing may need it.
  await page.setViewportSize({ width: 1280, height: 3000 });
  await open(page, { html: await read('page.html'), tag: '"1"', status: 200 });
  const days = page.getByRole('img', {
    name: 'Payments, last 7 days: 1 day with a short outage, 6 days without an outage',
  });
  const { width = 0 } = (await days.boundingBox()) ?? {};
  await days.hover({ position: { x: width - 1, y: 10 } });
  await expect(page.locator('.tip')).toHaveText('30 Nov 2026\n96.22 % uptime\nDown for 50 minutes\n1 incident');
  await days.hover({ position: { x: 1, y: 2 } });
  await expect(page.locator('.tip')).toHaveText('24 Nov 2026\n100 % uptime');
  await page.keyboard.press('Escape');
  await expect(page.locator('.tip')).toBeEmpty();
});

test('on a phone, a tip does not cover the name of its entry', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 4000 });
  await open(page, { html: await read('page.html'), tag: '"1"', status: 200 });
  const days = page.locator('.days').first();
  await days.hover({ position: { x: 1, y: 2 } });
  const bars = await days.boundingBox();
  const tip = await page.locator('.tip').boundingBox();
  expect(tip?.y).toBeGreaterThanOrEqual((bars?.y ?? 0) + (bars?.height ?? 0));
});

test('without the script, bars have titles and the details open', async ({ browser }) => {
  const page = await browser.newPage({ javaScriptEnabled: false });
  await page.setContent(await read('page.html'));
  const payments = page.locator('.entry').filter({ hasText: 'Payments' });
  await expect(payments.locator('rect').last().locator('title')).toHaveText(/^30 Nov 2026\s+96.22 % uptime/);
  await payments.locator('summary').click();
  await expect(payments.locator('details')).toContainText(
    '30 Nov 2026: 96.22 % uptime, down for 50 minutes, 1 incident',
  );
  await page.close();
});

test('the style works inside a shadow root, for the preview', async ({ page }) => {
  await page.setContent('<div id="host"></div>');
  const colors = await page.evaluate(
    (html) => {
      const parsed = new DOMParser().parseFromString(html, 'text/html');
      const root = /** @type {Element} */ (document.querySelector('#host')).attachShadow({ mode: 'open' });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(parsed.querySelector('style')?.textContent ?? '');
      root.adoptedStyleSheets = [sheet];
      root.append(/** @type {Element} */ (parsed.querySelector('.status-page')));
      const styleOf = (/** @type {string} */ selector) =>
        getComputedStyle(/** @type {Element} */ (root.querySelector(selector)));
      return [styleOf('.card').backgroundColor, styleOf('.entry rect').fill, styleOf('.icon').width];
    },
    await readFine(),
  );
  expect(colors).toEqual(['rgb(255, 255, 255)', 'rgb(42, 157, 92)', '22.5px']);
});

test('nothing is wider than the window, from a small phone to a wide screen', async ({ page }) => {
  await page.setContent(await read('page.html'));
  for (const summary of await page.locator('summary').all()) {
    await summary.click();
  }
  for (const width of [320, 390, 1280, 2560]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
});
