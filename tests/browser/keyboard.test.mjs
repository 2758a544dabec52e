import { expectNoViolations } from './axe.mjs';
import { addMany, nameOf } from './bulk.mjs';
import { expect, row, test } from './fixtures.mjs';
import { field } from './form.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */

/** @param {Page} page */
function search(page) {
  return page.getByRole('searchbox');
}

/**
 * Returns the link to a monitor in its row.
 * @param {Page} page
 * @param {number} number
 */
function link(page, number) {
  return row(page, nameOf(number)).getByRole('link', { name: nameOf(number), exact: true });
}

/** @param {Page} page */
function help(page) {
  return page.getByRole('dialog', { name: 'Keyboard shortcuts' });
}

test('three keys lead from the list to a monitor', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await nanomon.add({ name: 'Mill', target: target.url });
  await page.goto('/');
  await expect(row(page, 'Shop')).toBeVisible();
  for (const key of ['/', 's', 'Enter']) {
    await page.keyboard.press(key);
  }
  await expect(page.getByRole('heading', { level: 1, name: 'Shop' })).toBeVisible();
  await expect(page).toHaveURL(`/#monitor/${id}`);
  await page.goBack();
  await expect(search(page)).toHaveValue('s');
});

test('Enter in an empty search, or without a match, stays in the list', async ({ page, nanomon }) => {
  await addMany(nanomon, 2);
  await page.goto('/');
  await expect(row(page, nameOf(1))).toBeVisible();
  await search(page).press('Enter');
  await search(page).fill('nowhere');
  await expect(page.getByText('No monitors match.')).toBeVisible();
  await search(page).press('Enter');
  await expect(search(page)).toBeFocused();
  await expect(page).toHaveURL('/#list?q=nowhere');
});

test('the arrow keys lead from the search through the groups and back', async ({ page, nanomon }) => {
  await addMany(nanomon, 4);
  await page.goto('/');
  await expect(row(page, nameOf(1))).toBeVisible();
  await page.keyboard.press('/');
  for (const number of [1, 2, 3, 4, 4]) {
    await page.keyboard.press('ArrowDown');
    await expect(link(page, number)).toBeFocused();
  }
  for (const number of [3, 2, 1]) {
    await page.keyboard.press('ArrowUp');
    await expect(link(page, number)).toBeFocused();
  }
  await page.keyboard.press('ArrowUp');
  await expect(search(page)).toBeFocused();

  // From another element of a row, they lead to the name in the next row.
  await row(page, nameOf(2)).getByRole('button', { name: 'More actions' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(link(page, 3)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: nameOf(3) })).toBeVisible();
});

test('the arrow keys skip collapsed groups', async ({ page, nanomon }) => {
  await addMany(nanomon, 4);
  await page.goto('/');
  await page.getByRole('button', { name: 'First', exact: true }).click();
  await expect(row(page, nameOf(1))).toHaveCount(0);
  await search(page).press('ArrowDown');
  await expect(link(page, 3)).toBeFocused();
});

test('the arrow keys scroll through many rows, also while they update', async ({ page, nanomon }) => {
  const COUNT = 1000;
  await addMany(nanomon, COUNT);
  await page.goto('/#list?sort=name');
  await expect(page.getByText('1,000 monitors')).toBeVisible();
  await search(page).press('ArrowDown');
  await pressFast(page, 'ArrowDown', 119);
  await expect(link(page, 120)).toBeFocused();
  await expectUncovered(page, 120);

  await nanomon.add({ name: nameOf(0), type: 'tcp', target: 'localhost:1', enabled: false });
  await expect(page.getByText('1,001 monitors')).toBeVisible();
  await expect(link(page, 120)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(link(page, 119)).toBeFocused();
  await expectUncovered(page, 119);

  // The next row is not drawn while the focused one is far away.
  await page.mouse.move(600, 400);
  await page.mouse.wheel(0, 100_000);
  await expect(row(page, nameOf(COUNT))).toBeInViewport();
  await expect(row(page, nameOf(120))).toHaveCount(0);
  await page.keyboard.press('ArrowDown');
  await expect(link(page, 120)).toBeFocused();
  await expectUncovered(page, 120);
});

/**
 * Presses a key often. As with real keys, the browser handles each press before timers that are due.
 * @param {Page} page
 * @param {string} key
 * @param {number} times
 */
async function pressFast(page, key, times) {
  await page.evaluate(
    async ({ key, times }) => {
      const press = () =>
        document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      for (let number = 0; number < times; number++) {
        await scheduler.postTask(press, { priority: 'user-blocking' });
      }
    },
    { key, times },
  );
}

/**
 * Checks that a row is in view, and that nothing covers it.
 * @param {Page} page
 * @param {number} number
 */
async function expectUncovered(page, number) {
  await expect(link(page, number)).toBeInViewport({ ratio: 1 });
  const isOnTop = link(page, number).evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
  });
  expect(await isOnTop).toBe(true);
}

test('a question mark opens the help in every view, but not in fields or with other keys', async ({ page }) => {
  await page.goto('/#wall');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.keyboard.press('?');
  await expect(help(page)).toContainText('open the command palette');
  await expect(help(page).locator('dt').first()).toHaveText('Ctrl K');
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(help(page)).toBeHidden();
  await page.keyboard.press('Alt+?');
  await page.goto('/#edit/new');
  await field(page, 'Name').press('?');
  await expect(field(page, 'Name')).toHaveValue('?');
  await expect(help(page)).toBeHidden();
});

test('the view About has a button that opens the help', async ({ page }) => {
  await page.goto('/#about');
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
  await expect(help(page)).toBeVisible();
  await expect(help(page).getByRole('button', { name: 'Close' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(help(page)).toBeHidden();
  await expect(page.getByRole('button', { name: 'Keyboard shortcuts' })).toBeFocused();
});

test.describe('accessibility', () => {
  test.use({ bypassCSP: true });

  for (const width of [390, 1280]) {
    test(`the help has no serious violation at ${width} px`, async ({ page }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto('/#about');
      await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
      await expect(help(page)).toBeVisible();
      await expectNoViolations(page);
      expect(await help(page).evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth)).toBe(0);
    });
  }
});

test('the styles of the palette change nothing else', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/#edit/new');
  const outputs = page.getByRole('list', { name: 'Outputs for the rule' });
  await expect(outputs).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  const side = page.locator('.side');
  expect(await side.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
});
