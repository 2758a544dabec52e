import { expect, test } from './seeded.mjs';
import { addresses } from './views.mjs';

const VIEWS = Object.keys(addresses('', [], 'any'));
/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

/** The least width and height of a control, in pixels. */
const LEAST = 44;

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

for (const name of VIEWS) {
  test(`the controls of ${name} are large enough for a finger`, async ({ page, views, requests }) => {
    await page.goto(`/${views[name]}`);
    await requests.settle();
    expect(await page.evaluate(smallControls, { least: LEAST, within: 'body' })).toEqual([]);
  });
}

/**
 * Opens dialogs, menus and other elements above a view. The address of an opener is that of a view.
 * @type {Record<string, [view: string, open: (page: Page) => Promise<unknown>, element: string]>}
 */
const OPENERS = {
  'the menu of a monitor': ['list', (page) => more(page).tap(), '.menu:popover-open'],
  'the deletion in the list': [
    'list',
    async (page) => {
      await more(page).tap();
      await page.getByRole('menuitem', { name: 'Delete…' }).tap();
    },
    'dialog[open]',
  ],
  'the last checks': ['list', (page) => page.locator('.line .bars').first().tap(), '.tip:popover-open'],
  'the move to a group': ['list', (page) => bulk(page, 'Group…'), 'dialog[open]'],
  'the change of labels': ['list', (page) => bulk(page, 'Labels…'), 'dialog[open]'],
  'the change of the interval': ['list', (page) => bulk(page, 'Interval…'), 'dialog[open]'],
  'the silence of several monitors': ['list', (page) => bulk(page, 'Silence…'), 'dialog[open]'],
  'the deletion of several monitors': ['list', (page) => bulk(page, 'Delete…'), 'dialog[open]'],
  'the command palette': ['list', (page) => page.keyboard.press('Control+k'), 'dialog[open]'],
  'the keyboard shortcuts': ['about', (page) => page.keyboard.press('?'), 'dialog[open]'],
  'the acknowledgement': ['incidents', (page) => press(page, /^Acknowledge/), 'dialog[open]'],
  'the silence of a monitor': ['monitor', (page) => press(page, /^Silence/), 'dialog[open]'],
  'the deletion of a monitor': ['monitor', (page) => press(page, /^Delete/), 'dialog[open]'],
  'the custom time range': ['monitor', (page) => press(page, /^Custom…/), '#custom-dates'],
  'the deletion of a window': ['maintenance', (page) => press(page, /^Delete/), 'dialog[open]'],
  'the deletion of a status page': ['status-pages', (page) => press(page, /^Delete/), 'dialog[open]'],
  'the entries to add': ['status-page-edit', (page) => press(page, /^Add entries/), '.section .picks'],
  'a new message': ['status-page', (page) => press(page, /^New message/), '.message-form'],
  'the badges': ['status-page', (page) => page.locator('.badges summary').tap(), '.badges .codes'],
  'the deletion of all results': ['admin', (page) => press(page, /^Delete all results/), 'dialog[open]'],
  'the unsaved changes': [
    'edit-new',
    async (page) => {
      await page.getByLabel('Name', { exact: true }).fill('Shop');
      await page.getByRole('link', { name: 'Wall' }).tap();
    },
    'dialog[open]',
  ],
};

const more = (/** @type {Page} */ page) => page.getByRole('button', { name: 'More actions' }).first();
const press = (/** @type {Page} */ page, /** @type {RegExp} */ name) =>
  page.getByRole('button', { name }).filter({ visible: true }).first().tap();

/**
 * Selects a monitor and opens the dialog of a change.
 * @param {Page} page
 * @param {string} name
 */
async function bulk(page, name) {
  await page.getByRole('checkbox', { name: 'Select Checkout', exact: true }).check();
  await page.getByRole('region', { name: 'Selected monitors' }).getByRole('button', { name, exact: true }).tap();
}

for (const [name, [view, open, element]] of Object.entries(OPENERS)) {
  test(`the controls of ${name} are large enough for a finger`, async ({ page, views, requests }) => {
    await page.goto(`/${views[view]}`);
    await requests.settle();
    await open(page);
    await expect(page.locator(element)).toBeVisible();
    await requests.settle();
    expect(await page.evaluate(smallControls, { least: LEAST, within: element })).toEqual([]);
  });
}

/**
 * Returns the visible controls that are smaller. A control is as large as the area in which a tap reaches it or its label.
 * Links inside of a sentence are allowed: they are as high as the line.
 * @param {{least: number, within: string}} options the least size, and the selector of the element with the controls
 */
function smallControls({ least, within }) {
  const selector = ':is(a[href], button, select, input, textarea, summary, [role=button], [role=option])';
  const controls = document.querySelectorAll(`${within} ${selector}, ${within}${selector}`);
  /** @type {string[]} */
  const small = [];
  for (const control of /** @type {NodeListOf<HTMLInputElement>} */ (controls)) {
    if (!control.checkVisibility({ visibilityProperty: true }) || isInSentence(control)) {
      continue;
    }
    control.scrollIntoView({ block: 'center', inline: 'center' });
    const { left, top, width, height } = control.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    if (!reaches(control, x, y)) {
      continue; // Hidden, for example until it has the focus.
    }
    const wide = 1 + reach(control, x, y, 1, 0) + reach(control, x, y, -1, 0);
    const high = 1 + reach(control, x, y, 0, 1) + reach(control, x, y, 0, -1);
    if (wide < least || high < least) {
      const text = control.getAttribute('aria-label') || control.textContent?.trim() || control.outerHTML.slice(0, 80);
      small.push(`${control.tagName} .${control.className} “${text}” ${wide}x${high}`);
    }
  }
  return small;

  /** @param {HTMLElement} control */
  function isInSentence(control) {
    const around = [...(control.parentElement?.childNodes ?? [])].filter((node) => node !== control);
    return (
      getComputedStyle(control).display === 'inline' &&
      around.some(({ nodeType, textContent }) => nodeType === Node.TEXT_NODE && /\w{3}/.test(textContent ?? ''))
    );
  }

  /**
   * @param {HTMLInputElement} control
   * @param {number} x
   * @param {number} y
   */
  function reaches(control, x, y) {
    const hit = document.elementFromPoint(x, y);
    return [control, ...(control.labels ?? [])].some((part) => part.contains(hit));
  }

  /**
   * Returns how far a tap may be from the middle in one direction, up to the least size.
   * @param {HTMLInputElement} control
   * @param {number} x
   * @param {number} y
   * @param {number} dx
   * @param {number} dy
   */
  function reach(control, x, y, dx, dy) {
    let distance = 0;
    while (distance < least && reaches(control, x + dx * (distance + 1), y + dy * (distance + 1))) {
      distance++;
    }
    return distance;
  }
}
