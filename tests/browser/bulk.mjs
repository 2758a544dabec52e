import { expect } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/**
 * Adds disabled monitors in two groups of the same size, sorted by name.
 * @param {NanoMon} nanomon
 * @param {number} count
 * @param {object} [more] fields of all monitors
 */
export async function addMany(nanomon, count, more = {}) {
  const monitors = Array.from({ length: count }, (_, i) => ({
    name: nameOf(i + 1),
    type: 'tcp',
    interval: '24h',
    target: 'localhost:1',
    group: i < count / 2 ? 'First' : 'Second',
    labels: { team: i % 2 ? 'web' : 'shop' },
    ...more,
  }));
  const response = await fetch(`${nanomon.url}/api/monitors/import`, {
    method: 'POST',
    body: JSON.stringify(monitors),
  });
  expect(response.status).toBe(204);
}

/** @param {number} number */
export function nameOf(number) {
  return `Monitor ${String(number).padStart(3, '0')}`;
}

/**
 * @param {NanoMon} nanomon
 * @returns {Promise<any[]>}
 */
export async function stored(nanomon) {
  return (await fetch(`${nanomon.url}/api/monitors?include=latest`)).json();
}

/**
 * @param {Page} page
 * @param {string} name
 */
export function box(page, name) {
  return page.getByRole('checkbox', { name: `Select ${name}`, exact: true });
}

/** @param {Page} page */
export function bar(page) {
  return page.getByRole('region', { name: 'Selected monitors' });
}

/**
 * @param {Page} page
 * @param {string} name
 */
export function action(page, name) {
  return bar(page).getByRole('button', { name, exact: true });
}

/**
 * @param {Page} page
 * @param {number} from
 * @param {number} to
 */
export async function selectRange(page, from, to) {
  await box(page, nameOf(from)).click();
  await box(page, nameOf(to)).click({ modifiers: ['Shift'] });
}
