// What axe-core finds. The page's own policy would not let it in: tests that use it bypass that.
import { AxeBuilder } from '../../frontend/axe.js';
import { expect } from './fixtures.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */

/**
 * Has axe-core look at the page in both themes, which differ in their contrasts alone.
 * @param {Page} page
 */
export async function expectNoFaults(page) {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  expect.soft(await faultsOf(page), 'light').toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  expect.soft(await faultsOf(page, 'color-contrast'), 'dark').toEqual([]);
}

/**
 * What is serious, each with the elements at fault.
 * @param {Page} page
 * @param {...string} rules those to look at; all without any
 */
export async function faultsOf(page, ...rules) {
  const axe = new AxeBuilder({ page }).options({ preload: false });
  const { violations } = await (rules.length ? axe.withRules(rules) : axe).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.map(({ html, failureSummary }) => [html, failureSummary]),
    }));
}
