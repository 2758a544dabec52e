import { expectNoFaults, faultsOf } from './faults.mjs';
import { expect, test as bare } from './fixtures.mjs';
import { test } from './stocked.mjs';
import { Requests, addresses } from './views.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

const VIEWS = Object.keys(addresses(''));

// The page's own policy would not let axe-core in.
test.use({ bypassCSP: true });
bare.use({ bypassCSP: true });

for (const name of VIEWS) {
  test(`${name} has no serious fault`, async ({ page, views, requests }) => {
    await page.goto(`/${views[name]}`);
    await requests.settle();
    await expectNoFaults(page);
  });
}

// A narrow window lays things out in another way; its colours are the same.
test.describe('on a telephone', () => {
  test.use({ viewport: { width: 390, height: 800 } });

  for (const name of VIEWS) {
    test(`${name} has no serious fault`, async ({ page, views, requests }) => {
      await page.goto(`/${views[name]}`);
      await requests.settle();
      expect(await faultsOf(page)).toEqual([]);
    });
  }
});

test('the form of a weekly maintenance window has no serious fault', async ({ page, requests }) => {
  await page.goto('/#maintenance');
  await page.getByRole('link', { name: 'Edit: Updates of the shop’s servers' }).click();
  await requests.settle();
  await expect(page.getByLabel('Sunday')).toBeChecked();
  await expectNoFaults(page);
});

for (const address of [
  '#home',
  '#dash',
  '#results',
  '#maintenance',
  '#maintenance/new',
  '#maintenance/0123456789abcdef01234567',
  '#admin',
  '#about',
  '#monitor/0123456789abcdef01234567',
  '#nowhere',
]) {
  bare.describe('without data', () => {
    bare.use({ requestsFail: true });

    bare(`${address} has no serious fault`, async ({ page }) => {
      const requests = new Requests(page);
      await page.goto(`/${address}`);
      await requests.settle();
      await expectNoFaults(page);
    });
  });
}

for (const address of [
  '#home',
  '#dash',
  '#results',
  '#edit/new',
  '#maintenance',
  '#maintenance/new',
  '#admin',
  '#about',
  '#monitor/0123456789abcdef01234567',
]) {
  bare.describe('without the API', () => {
    bare.use({ requestsFail: true });

    bare(`${address} says so and has no serious fault`, async ({ page }) => {
      await page.route('**/api/**', (route) => route.fulfill({ status: 503, json: { detail: 'the store is away' } }));
      await page.goto(`/${address}`);
      await expect(page.getByRole('alert').filter({ hasText: 'the store is away' })).toBeVisible();
      await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
      await expectNoFaults(page);
    });
  });
}

for (const name of VIEWS) {
  test(`${name}: the skip link leads to the content`, async ({ page, views, requests }) => {
    await page.goto(`/${views[name]}`);
    await requests.settle();
    const link = page.getByRole('link', { name: 'Skip to the content' });
    await expect(page.locator('a, button').first()).toHaveText('Skip to the content');
    await link.focus();
    await expect(link).toBeInViewport();
    await page.keyboard.press('Enter');
    await expect(page.locator('main')).toBeFocused();
    expect(new URL(page.url()).hash).toContain(views[name]);
  });

  test(`${name}: the keyboard reaches everything, and shows where it is`, async ({ page, views, requests }) => {
    test.slow();
    // Without the stream nothing changes while Tab is pressed.
    await page.route('**/api/events', () => {});
    const answered = page.waitForResponse('**/api/**');
    await page.goto(`/${views[name]}`);
    await answered;
    await requests.settle();
    await page.getByRole('link', { name: 'Skip to the content' }).focus();
    /** @type {string[]} */
    const unseen = [];
    for (let focused = await page.evaluate(noteFocus); focused; focused = await page.evaluate(noteFocus)) {
      if (!focused.visible) {
        unseen.push(focused.text);
      }
      await page.keyboard.press('Tab');
    }
    expect.soft(unseen, 'elements that don’t show that they have the focus').toEqual([]);
    expect.soft(await page.evaluate(unreached), 'elements that the keyboard doesn’t reach').toEqual([]);
  });
}

/**
 * The element that has the focus, and whether one sees that it does; null when it had it before, or none has it. Tab
 * stops several times in a date, at each of its parts, which the browser outlines by itself.
 */
function noteFocus() {
  const element = document.activeElement;
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

/** The elements that Tab should have reached and did not. Of the radio buttons of a group it reaches one. */
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
