// Draws the icons in app/icons as PNG files, with the browser of the tests.
import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from '../playwright-test.js';
import config from '../playwright.config.js';

const ICONS = new URL('../app/icons/', import.meta.url);

const browser = await chromium.launch(config.use?.launchOptions);
try {
  for (const name of ['icon', 'maskable']) {
    const svg = await readFile(new URL(`${name}.svg`, ICONS), 'base64');
    for (const size of [192, 512]) {
      const page = await browser.newPage({ viewport: { width: size, height: size } });
      await page.setContent(`<style>* { margin: 0; display: block }</style>
        <img src="data:image/svg+xml;base64,${svg}" width="${size}" height="${size}" />`);
      await writeFile(new URL(`${name}-${size}.png`, ICONS), await page.screenshot({ omitBackground: true }));
      await page.close();
    }
  }
} finally {
  await browser.close();
}
