import { action, addMany, bar, box, nameOf, selectRange, stored } from './bulk.mjs';
import { expect, row, test } from './fixtures.mjs';
import { field, open, save, saved } from './form.mjs';
import { button, signIn, test as signInTest } from './sign-in-fixtures.mjs';

test('a group, all that match, and monitors out of view can be selected', async ({ page, nanomon }) => {
  await addMany(nanomon, 300);
  await page.goto('/');
  await box(page, 'First').click();
  await expect(bar(page)).toContainText('150 selected');
  await expect(page.getByRole('checkbox', { name: 'Select all', exact: true })).toBeChecked({ indeterminate: true });
  await box(page, nameOf(2)).click();
  await expect(box(page, 'First')).toBeChecked({ indeterminate: true });
  await box(page, 'First').click();
  await expect(bar(page)).toContainText('150 selected');

  // The selection survives another order, a filter, a search, and rows that are not drawn.
  await page.getByLabel('Sort').selectOption('-name');
  await expect(row(page, nameOf(300))).toBeVisible();
  await expect(box(page, nameOf(300))).not.toBeChecked();
  await page.mouse.wheel(0, 100_000);
  await expect(box(page, nameOf(1))).toBeChecked();
  await page.getByLabel('Group', { exact: true }).selectOption('Second');
  await expect(bar(page)).toContainText('150 selected 150 not shown');
  await action(page, 'Select all 150').click();
  await expect(bar(page)).toContainText('300 selected');
  await action(page, 'Clear').click();
  await expect(bar(page)).toBeHidden();

  await page.getByRole('searchbox').fill('team:web');
  await page.getByRole('checkbox', { name: 'Select all', exact: true }).click();
  await expect(bar(page)).toContainText('75 selected');
  await action(page, 'Disable').click();
  await expect(page.getByText('75 monitors disabled.')).toBeVisible();
  const disabled = (await stored(nanomon)).filter(({ enabled }) => !enabled);
  expect(disabled.every(({ group, labels }) => group === 'Second' && labels.team === 'web')).toBe(true);

  await page.getByRole('searchbox').fill('');
  await page.getByLabel('Group', { exact: true }).selectOption('');
  await page.getByLabel('Group', { exact: true }).press('Escape');
  await expect(bar(page)).toBeHidden();
});

test('a range reaches over rows that are not drawn', async ({ page, nanomon }) => {
  await addMany(nanomon, 300);
  await page.goto('/#list?sort=name');
  await box(page, nameOf(5)).click();
  await page.mouse.wheel(0, 100_000);
  await box(page, nameOf(300)).click({ modifiers: ['Shift'] });
  await expect(bar(page)).toContainText('296 selected');
  await box(page, nameOf(290)).click();
  await box(page, nameOf(295)).click({ modifiers: ['Shift'] });
  await expect(bar(page)).toContainText('290 selected');
});

test('clicks before the actions are loaded keep their order', async ({ page, nanomon }) => {
  await addMany(nanomon, 12);
  let release = () => {};
  const released = new Promise((open) => (release = () => open(null)));
  await page.route('**/list/bulk.html', (route) => released.then(() => route.continue()));
  await page.goto('/#list?sort=name');
  await selectRange(page, 1, 4);
  await box(page, nameOf(8)).click();
  await box(page, nameOf(10)).click({ modifiers: ['Shift'] });
  release();
  await expect(bar(page)).toContainText('7 selected');
});

test('the keyboard selects', async ({ page, nanomon }) => {
  await addMany(nanomon, 20);
  await page.goto('/#list?sort=name');
  await box(page, nameOf(1)).focus();
  await page.keyboard.press('Space');
  await expect(bar(page)).toContainText('1 selected');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(box(page, nameOf(3))).toBeFocused();
  await expect(bar(page)).toContainText('3 selected');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+Space');
  await expect(bar(page)).toContainText('5 selected');
  await page.keyboard.press('ArrowUp');
  await expect(box(page, nameOf(4))).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(bar(page)).toBeHidden();
  await expect(box(page, nameOf(1))).not.toBeChecked();
});

test('a filter that shows as many other monitors changes what is shown as selected', async ({ page, nanomon }) => {
  await addMany(nanomon, 12);
  await page.goto('/#list?sort=name&group=First');
  const all = page.getByRole('checkbox', { name: 'Select all', exact: true });
  await all.click();
  await expect(bar(page)).toContainText('6 selected');
  await expect(all).toBeChecked();
  await page.getByLabel('Group', { exact: true }).selectOption('Second');
  await expect(bar(page)).toContainText('6 selected 6 not shown');
  await expect(all).not.toBeChecked();
  await action(page, 'Select all 6').click();
  await expect(bar(page)).toContainText('12 selected 6 not shown');
  await expect(all).toBeChecked();
});

test('Escape closes a menu or a tooltip, and keeps the selection', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto('/');
  await expect(row(page, 'Shop')).toContainText('OK');
  await box(page, 'Shop').click();
  await expect(bar(page)).toContainText('1 selected');
  await row(page, 'Shop').getByRole('button', { name: 'More actions: Shop' }).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('menu')).toBeHidden();
  await expect(bar(page)).toContainText('1 selected');
  await row(page, 'Shop').locator('.bars').focus();
  await expect(page.locator('.tip')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.tip')).toBeHidden();
  await expect(bar(page)).toContainText('1 selected');
  await page.keyboard.press('Escape');
  await expect(bar(page)).toBeHidden();
});

test('Shift and an arrow key select no whole group', async ({ page, nanomon }) => {
  await addMany(nanomon, 6, { enabled: false });
  await page.goto('/');
  await box(page, nameOf(3)).focus();
  await page.keyboard.press('Space');
  await expect(bar(page)).toContainText('1 selected');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(box(page, 'Second')).toBeFocused();
  await expect(bar(page)).toContainText('1 selected');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(box(page, nameOf(4))).toBeFocused();
  await expect(bar(page)).toContainText('2 selected');
});

signInTest('people who may only read see no check boxes', async ({ page, nanomon }) => {
  await signIn(page);
  await open(page, 'new');
  await field(page, 'Name').fill('Shop');
  await field(page, 'Target').fill('http://127.0.0.1:1/');
  await save(page);
  await saved(page, 'Shop');
  await page.goto('/#list');
  await expect(box(page, 'Shop')).toBeVisible();
  await button(page, 'Sign out').click();
  await button(page, 'Sign me out').click();
  await page.waitForURL(`${nanomon.url}/`);
  await expect(row(page, 'Shop')).toBeVisible();
  await expect(page.getByRole('checkbox')).toHaveCount(0);
});
