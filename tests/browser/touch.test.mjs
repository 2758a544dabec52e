import { expect, test } from './seeded.mjs';
import { addresses } from './views.mjs';

const VIEWS = Object.keys(addresses(''));
/** The least width and height of a control, in pixels. */
const LEAST = 44;

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

for (const name of VIEWS) {
  test(`the controls of ${name} are large enough for a finger`, async ({ page, views, requests }) => {
    await page.goto(`/${views[name]}`);
    await requests.settle();
    expect(await page.evaluate(smallControls, LEAST)).toEqual([]);
  });
}

/**
 * Returns the visible controls that are smaller. A control is as large as the area in which a tap reaches it or its label.
 * Links inside of a sentence are allowed: they are as high as the line.
 * @param {number} least
 */
function smallControls(least) {
  const controls = document.querySelectorAll('a[href], button, select, input, textarea, summary, [role=button]');
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
