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
 * Checks the elements of a selector in both themes, which is much faster than the whole page.
 * @param {Page} page
 * @param {string} selector
 */
export async function expectNoViolationsIn(page, selector) {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  expect.soft(await analyze(page, (axe) => axe.include(selector)), 'light').toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  const dark = await analyze(page, (axe) => axe.include(selector).withRules('color-contrast'));
  expect.soft(dark, 'dark').toEqual([]);
}

/**
 * Returns the serious violations, each with its elements.
 * @param {Page} page
 * @param {...string} rules the rules to check; all if none are given
 */
export function violationsOf(page, ...rules) {
  return analyze(page, (axe) => (rules.length ? axe.withRules(rules) : axe));
}

/**
 * @param {Page} page
 * @param {(axe: AxeBuilder) => AxeBuilder} limit limits what is checked
 */
async function analyze(page, limit) {
  // The legacy mode opens no second page. It can't check frames of other origins, and the page has none.
  const axe = limit(new AxeBuilder({ page }).options({ preload: false }).setLegacyMode());
  const { violations } = await axe.analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.map(({ html, failureSummary }) => [html, failureSummary]),
    }));
}
