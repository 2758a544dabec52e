// Creates a monitor on the page of a running NanoMon and waits for its result:
//
//   node tests/browser/one-monitor.mjs PAGE NAME TARGET
import { chromium } from '../../frontend/playwright-test.js';
import config from '../../frontend/playwright.config.js';
import { field, save } from './form.mjs';

const [baseURL, name, target] = process.argv.slice(2);
const browser = await chromium.launch(config.use?.launchOptions);
try {
  const page = await browser.newPage({ baseURL });
  page.setDefaultTimeout(60_000);
  await page.goto('/#edit/new');
  await field(page, 'Name').fill(name);
  await field(page, 'Target').fill(target);
  await page.getByRole('button', { name: '10s' }).click();
  await save(page);
  await page.getByText(`Saved ${name}`).waitFor();
  await page.getByTestId('status').filter({ hasText: 'OK' }).waitFor();
} finally {
  await browser.close();
}
