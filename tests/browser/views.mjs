// What every view is looked at for, whatever is in it.

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/**
 * The address of every view, by its name.
 * @param {string} id that of a monitor
 * @returns {Record<string, string>}
 */
export function addresses(id) {
  return {
    home: '#home',
    dash: '#dash',
    monitor: `#monitor/${id}`,
    'edit-new': '#edit/new',
    edit: `#edit/${id}`,
    results: '#results',
    maintenance: '#maintenance',
    'maintenance-new': '#maintenance/new',
    admin: '#admin',
    about: '#about',
  };
}

/**
 * The requests of a page that are under way. The stream of events, which never ends, is not among them.
 */
export class Requests {
  #page;
  #open = new Set();

  /** @param {Page} page one that has not begun to load */
  constructor(page) {
    this.#page = page;
    page.on('request', (request) => request.url().endsWith('/api/events') || this.#open.add(request));
    page.on('requestfinished', (request) => this.#open.delete(request));
    page.on('requestfailed', (request) => this.#open.delete(request));
  }

  /** Waits until the view is there, nothing is asked for any more, and what came is drawn. */
  async settle() {
    await this.#page.locator('main:not([aria-busy=true]) > :not(#boot)').first().waitFor();
    do {
      while (this.#open.size > 0) {
        await frames(this.#page);
      }
      await frames(this.#page);
    } while (this.#open.size > 0);
  }
}

/**
 * Waits until the page has been drawn.
 * @param {Page} page
 */
export function frames(page) {
  return page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}
