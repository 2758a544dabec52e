// Helpers for tests of all views.
import { expect } from '../../frontend/playwright-test.js';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/**
 * Returns the address of every view by name.
 * @param {string} id the id of a monitor
 * @param {string[]} [others] the ids of monitors to compare it with
 * @param {string} [page] the id of a status page; without one, its views are left out
 * @returns {Record<string, string>}
 */
export function addresses(id, others = [], page = '') {
  return {
    list: '#list',
    wall: '#wall',
    monitor: `#monitor/${id}`,
    compare: `#compare?monitors=${[id, ...others].join(',')}`,
    'edit-new': '#edit/new',
    edit: `#edit/${id}`,
    incidents: '#incidents',
    results: '#results',
    report: '#report',
    'report-monitor': `#report/${id}`,
    maintenance: '#maintenance',
    'maintenance-new': '#maintenance/new',
    'status-pages': '#status-pages',
    ...(page ? { 'status-page': `#status-page/${page}`, 'status-page-edit': `#status-pages/${page}` } : {}),
    admin: '#admin',
    about: '#about',
  };
}

/**
 * Returns the ids of the monitors of the shop with which the screenshots compare one.
 * @param {{idOf: (name: string) => Promise<string>}} nanomon
 */
export function comparedIDs(nanomon) {
  return Promise.all(['Search', 'Parcel tracking', 'Customer accounts'].map((name) => nanomon.idOf(name)));
}

/**
 * Waits until the page has prefetched all views.
 * @param {Page} page
 */
export async function prefetched(page) {
  await expect(page.locator('link[href="./views/not-found/not-found.css"]')).toHaveCount(1);
}

/** The running requests of a page, without the event stream, which never ends. */
export class Requests {
  #page;
  #open = new Set();

  /** @param {Page} page a page that has not started to load */
  constructor(page) {
    this.#page = page;
    page.on('request', (request) => request.url().endsWith('/api/events') || this.#open.add(request));
    page.on('requestfinished', (request) => this.#open.delete(request));
    page.on('requestfailed', (request) => this.#open.delete(request));
  }

  /** Waits until the view and its data are loaded, no request is running, and the page is drawn. */
  async settle() {
    await this.#page.locator('main:not([aria-busy=true]) > :not(#boot)').first().waitFor();
    const loading = this.#page.locator('slot[name=loading] > *, .past[aria-busy=true]').filter({ visible: true });
    do {
      await expect(loading).toHaveCount(0);
      while (this.#open.size > 0) {
        await frames(this.#page);
      }
      await frames(this.#page);
    } while (this.#open.size > 0 || (await loading.count()) > 0);
  }
}

/**
 * Waits until the page has been drawn.
 * @param {Page} page
 */
export function frames(page) {
  return page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}
