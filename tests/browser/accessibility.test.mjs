import { expectNoViolations, violationsOf } from './axe.mjs';
import { expect, test as bare } from './fixtures.mjs';
import { test } from './seeded.mjs';
import { Requests, addresses } from './views.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const VIEWS = Object.keys(addresses('', [], 'any'));

// The content security policy of the page blocks axe-core.
test.use({ bypassCSP: true });
bare.use({ bypassCSP: true });

for (const name of VIEWS) {
  test(`${name} has no serious violation`, async ({ page, views, requests }) => {
    await page.goto(`/${views[name]}`);
    await requests.settle();
    await expectNoViolations(page);
  });
}

// A narrow screen has another layout, with the same colours.
test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 800 } });

  for (const name of VIEWS) {
    test(`${name} has no serious violation`, async ({ page, views, requests }) => {
      await page.goto(`/${views[name]}`);
      await requests.settle();
      expect(await violationsOf(page)).toEqual([]);
    });
  }
});

bare('the page and the form of a push monitor have no serious violation', async ({ page, nanomon }) => {
  const id = await nanomon.add({ name: 'Backup', type: 'push', target: '0 2 * * *', interval: '' });
  const { path } = await (await fetch(`${nanomon.url}/api/monitors/${id}/ping-url`)).json();
  await fetch(`${nanomon.url}${path}/start`);
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByText('Running', { exact: true })).toBeVisible();
  await expectNoViolations(page);
  await page.goto(`/#edit/${id}`);
  await expect(page.getByRole('table', { name: 'Next times' })).toBeVisible();
  await expectNoViolations(page);
});

test('the form of a weekly maintenance window has no serious violation', async ({ page, requests }) => {
  await page.goto('/#maintenance');
  await page.getByRole('link', { name: 'Edit: Updates of the shop’s servers' }).click();
  await requests.settle();
  await expect(page.getByLabel('Sunday')).toBeChecked();
  await expectNoViolations(page);
});

test('phases, custom dates and the values as a table have no serious violation', async ({ page, views, requests }) => {
  await page.goto(`/${views.monitor}?chart=phases`);
  await requests.settle();
  await page.getByText('Values as a table').click();
  await expect(page.getByRole('table', { name: /Values/ })).toContainText('ms');
  await page.getByRole('button', { name: 'Custom…' }).click();
  await page.getByRole('form', { name: 'Custom time range' }).getByLabel('From').fill('');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page.getByText('Enter both dates.')).toBeVisible();
  await expectNoViolations(page);
});

for (const address of [
  '#list',
  '#wall',
  '#compare',
  '#compare?monitors=0123456789abcdef01234567',
  '#incidents',
  '#results',
  '#report',
  '#report/0123456789abcdef01234567',
  '#maintenance',
  '#maintenance/new',
  '#maintenance/0123456789abcdef01234567',
  '#status-pages',
  '#status-pages/new',
  '#status-page/0123456789abcdef01234567',
  '#admin',
  '#about',
  '#monitor/0123456789abcdef01234567',
  '#nowhere',
]) {
  bare.describe('without data', () => {
    bare.use({ requestsFail: true });

    bare(`${address} has no serious violation`, async ({ page }) => {
      const requests = new Requests(page);
      await page.goto(`/${address}`);
      await requests.settle();
      await expectNoViolations(page);
    });
  });
}

for (const address of [
  '#list',
  '#wall',
  '#compare?monitors=0123456789abcdef01234567',
  '#incidents',
  '#results',
  '#report',
  '#report/0123456789abcdef01234567',
  '#edit/new',
  '#maintenance',
  '#maintenance/new',
  '#status-pages',
  '#status-pages/new',
  '#status-page/0123456789abcdef01234567',
  '#admin',
  '#about',
  '#monitor/0123456789abcdef01234567',
]) {
  bare.describe('without the API', () => {
    bare.use({ requestsFail: true });

    bare(`${address} shows the error and has no serious violation`, async ({ page }) => {
      await page.route('**/api/**', (route) => route.fulfill({ status: 503, json: { detail: 'store unavailable' } }));
      await page.goto(`/${address}`);
      await expect(page.getByRole('alert').filter({ hasText: 'store unavailable' })).toBeVisible();
      await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
      await expectNoViolations(page);
    });
  });
}

for (const name of VIEWS) {
  test(`${name}: the skip link focuses the content`, async ({ page, views, requests }) => {
    await page.goto(`/${views[name]}`);
    await requests.settle();
    const link = page.getByRole('link', { name: 'Skip to content' });
    await expect(page.locator('a, button').first()).toHaveText('Skip to content');
    await link.focus();
    await expect(link).toBeInViewport();
    await page.keyboard.press('Enter');
    await expect(page.locator('main')).toBeFocused();
    expect(new URL(page.url()).hash).toContain(views[name]);
  });

  test(`${name}: the keyboard reaches every element, and the focus is visible`, async ({ page, views, requests }) => {
    // Block the stream, so that nothing changes while Tab is pressed.
    await page.route('**/api/events', () => {});
    const responded = page.waitForResponse('**/api/**');
    await page.goto(`/${views[name]}`);
    await responded;
    await requests.settle();
    await page.getByRole('link', { name: 'Skip to content' }).focus();
    /** @type {string[]} */
    const unseen = [];
    for (let focused = await page.evaluate(noteFocus); focused; focused = await page.evaluate(noteFocus)) {
      if (!focused.visible) {
        unseen.push(focused.text);
      }
      await page.keyboard.press('Tab');
    }
    expect.soft(unseen, 'elements without a visible focus').toEqual([]);
    expect.soft(await page.evaluate(unreached), 'elements that Tab does not reach').toEqual([]);
  });
}

/**
 * Returns the focused element and whether its focus is visible. Returns null if it was focused before, or if nothing is
 * focused. Tab stops several times in a date input, once for each part; the browser highlights these parts itself.
 */
function noteFocus() {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) {
    element = element.shadowRoot.activeElement;
  }
  const notes = /** @type {any} */ (window);
  const reached = (notes.reached ??= new Set());
  notes.stops = element === notes.last ? notes.stops + 1 : 0;
  const inDate = element?.matches('[type=datetime-local], [type=time]') && 0 < notes.stops && notes.stops < 10;
  if (!element || element === document.body || (reached.has(element) && !inDate)) {
    return null;
  }
  notes.last = element;
  reached.add(element);
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return {
    text: element.outerHTML.slice(0, 150),
    visible: inDate || (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0),
  };
}

/** Returns the elements that Tab did not reach but should. It reaches only one radio button of a group. */
function unreached() {
  const { reached } = /** @type {any} */ (window);
  const groups = new Set([...reached].flatMap(({ type, name }) => (type === 'radio' ? [name] : [])));
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .filter((element) => {
      const { tabIndex, disabled, type, name } = /** @type {HTMLInputElement} */ (element);
      const hidden = !element.checkVisibility({ visibilityProperty: true });
      return tabIndex >= 0 && !disabled && !hidden && !reached.has(element) && !(type === 'radio' && groups.has(name));
    })
    .map((element) => element.outerHTML.slice(0, 150));
}
