// Uses the page at the given URL like a user: creates a monitor, and waits until it is OK. This takes longer with a runner
// that polls for changes. The monitor checks the page, or the second URL if there is one.
import { chromium } from '../../frontend/playwright-test.js';
import config from '../../frontend/playwright.config.js';
import { expect } from './fixtures.mjs';
import { field, open, save, saved } from './form.mjs';

const [url, target = url] = process.argv.slice(2);
const browser = await chromium.launch(config.use?.launchOptions);
try {
  const page = await browser.newPage({ baseURL: url });
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await open(page, 'new');
  await field(page, 'Name').fill('This page');
  await field(page, 'Target').fill(target);
  await save(page);
  await saved(page, 'This page');
  await expect(page.getByTestId('status')).toHaveText('OK', { timeout: 60_000 });
  expect(complaints).toEqual([]);
} finally {
  await browser.close();
}
