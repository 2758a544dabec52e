// Helpers for tests of incidents.
import { expect } from './fixtures.mjs';

/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/**
 * Creates a monitor and waits until its incident is open.
 * @param {NanoMon} nanomon
 * @param {object} monitor
 */
export async function addFailing(nanomon, monitor) {
  const id = await nanomon.add({ type: 'tcp', interval: '1h', target: '127.0.0.1:1', ...monitor });
  await expect.poll(() => incidentsOf(nanomon, `monitor=${id}&open=true`)).toHaveLength(1);
  return id;
}

/**
 * @param {NanoMon} nanomon
 * @param {string} query
 */
export async function incidentsOf(nanomon, query = '') {
  return (await fetch(`${nanomon.url}/api/incidents?${query}`)).json();
}
