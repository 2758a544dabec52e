// Helpers for tests of the forms.
import { expect } from './fixtures.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/**
 * @param {Page} page
 * @param {string} which an id, "new", or "new" with a query
 */
export async function open(page, which) {
  await page.goto(`/#edit/${which}`);
  await expect(field(page, 'Name')).toBeVisible();
}

/**
 * @param {Page} page
 * @param {string} label
 */
export function field(page, label) {
  return page.getByLabel(label, { exact: true });
}

/**
 * Clicks a button after the session has ended. The dialog that says so may already cover the button: a request in the
 * background may have found the end first.
 * @param {import('../../frontend/playwright-test.js').Locator} button
 */
export function clickInEndedSession(button) {
  return button.dispatchEvent('click');
}

/** @param {Page} page */
export function save(page) {
  return page.getByRole('button', { name: 'Save', exact: true }).click();
}

/**
 * Waits for the page of the saved monitor and returns the monitor's id.
 * @param {Page} page
 * @param {string} name
 */
export async function saved(page, name) {
  await expect(page.getByText(`Saved ${name}`)).toBeVisible();
  await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
  return new URL(page.url()).hash.replace('#monitor/', '');
}

/**
 * @param {NanoMon} nanomon
 * @param {string} id
 */
export async function stored(nanomon, id) {
  return (await fetch(`${nanomon.url}/api/monitors/${id}`)).json();
}

/**
 * @param {NanoMon} nanomon
 * @param {string} id
 * @param {object} monitor
 */
export async function put(nanomon, id, monitor) {
  const body = JSON.stringify({ type: 'http', interval: '1s', ...monitor });
  const response = await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'PUT', body });
  expect(response.ok).toBe(true);
}
