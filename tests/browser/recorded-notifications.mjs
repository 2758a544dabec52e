// Records the notifications of the browser.

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/**
 * Records the notifications that a page shows. A headless browser shows none, and denies the permission.
 * @param {Page} page
 * @param {NotificationPermission} permission
 */
export async function record(page, permission) {
  await page.addInitScript((permission) => {
    /** @type {{title: string, options: NotificationOptions, click: () => void}[]} */
    const shown = [];
    Object.assign(window, { shown, asked: 0 });
    class Recorded extends EventTarget {
      static permission = permission;
      static async requestPermission() {
        /** @type {any} */ (window).asked++;
        if (Recorded.permission === 'default') {
          Recorded.permission = 'granted';
        }
        return Recorded.permission;
      }

      /**
       * @param {string} title
       * @param {NotificationOptions} options
       */
      constructor(title, options) {
        super();
        shown.push({ title, options, click: () => this.dispatchEvent(new Event('click')) });
      }

      close() {}
    }
    Object.defineProperty(window, 'Notification', { value: Recorded });
    ServiceWorkerRegistration.prototype.showNotification = async (title, options = {}) => {
      shown.push({ title, options, click: () => {} });
    };
  }, permission);
}

/**
 * Returns the titles and texts of the shown notifications.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
export function shown(page) {
  return page.evaluate(() =>
    /** @type {any} */ (window).shown.map((/** @type {any} */ { title, options }) => `${title} | ${options.body}`),
  );
}
