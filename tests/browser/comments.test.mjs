import { readFile, readdir } from 'node:fs/promises';
import { Linter } from '../../frontend/eslint.js';
import { expect, test } from './seeded.mjs';

const APP = new URL('../../frontend/app/', import.meta.url);

/**
 * Returns the paths of the page's own files.
 * @param {string} extension
 */
async function filesOf(extension) {
  const files = (await readdir(APP, { recursive: true })).map((file) => file.replaceAll('\\', '/'));
  return files.filter((file) => file.endsWith(extension) && !file.startsWith('lib/'));
}

/**
 * Returns a file as it is, and as the program sends it.
 * @param {string} url
 * @param {string} file
 */
async function versionsOf(url, file) {
  return Promise.all([
    readFile(new URL(file, APP), 'utf8'),
    fetch(`${url}/${file}`).then((response) => response.text()),
  ]);
}

/**
 * Returns the parts of a script without comments, each with its line.
 * @param {string} code
 */
function tokensOf(code) {
  const linter = new Linter();
  expect(linter.verify(code, [{ languageOptions: { ecmaVersion: 'latest', sourceType: 'module' } }])).toEqual([]);
  return linter.getSourceCode().ast.tokens.map(({ value, loc }) => `${loc.start.line} ${value}`);
}

test('the scripts are sent without comments, and nothing else changes', async ({ nanomon }) => {
  const files = await filesOf('.js');
  expect(files.length).toBeGreaterThan(50);
  let removed = 0;
  for (const file of files) {
    const [original, sent] = await versionsOf(nanomon.url, file);
    expect(tokensOf(sent), file).toEqual(tokensOf(original));
    removed += original.length - sent.length;
  }
  expect(removed).toBeGreaterThan(50_000);
});

test('the style sheets are sent without comments, and nothing else changes', async ({ page, nanomon }) => {
  await page.goto('/');
  for (const file of await filesOf('.css')) {
    const [original, sent] = await versionsOf(nanomon.url, file);
    expect(sent.match(/^\s*\/\*/m), file).toBe(null);
    const [before, after] = await page.evaluate(
      (texts) =>
        texts.map((text) => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(text.replace(/^@import .*$/gm, ''));
          return [...sheet.cssRules].map((rule) => rule.cssText);
        }),
      [original, sent],
    );
    expect(after, file).toEqual(before);
  }
});
