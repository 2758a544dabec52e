// Accessibility checks with axe-core. The content security policy of the page blocks it, so these tests bypass the policy.
import { AxeBuilder } from '../../frontend/axe.js';
import { expect } from './fixtures.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */

/**
 * Checks the page in both themes. The themes differ only in contrast.
 * @param {Page} page
 */
export async function expectNoViolations(page) {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  expect.soft(await violationsOf(page), 'light').toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  expect.soft(await violationsOf(page, 'color-contrast'), 'dark').toEqual([]);
}

/**
 * Returns the serious violations, each with its elements.
 * @param {Page} page
 * @param {...string} rules the rules to check; all if none are given
 */
export async function violationsOf(page, ...rules) {
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
