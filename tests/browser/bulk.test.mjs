import { expectNoViolations } from './axe.mjs';
import { action, addMany, bar, box, nameOf, selectRange, stored } from './bulk.mjs';
import { expect, row, test } from './fixtures.mjs';

// axe needs a page without the content security policy.
test.use({ bypassCSP: true });

test('pausing ten monitors takes three actions', async ({ page, nanomon }) => {
  await addMany(nanomon, 30);
  await page.goto('/#list?sort=name');
  await expect(row(page, nameOf(1))).toBeVisible();
  let actions = 0;
  const act = async (/** @type {Promise<void>} */ done) => {
    actions++;
    await done;
  };
  await act(box(page, nameOf(3)).click());
  await act(box(page, nameOf(12)).click({ modifiers: ['Shift'] }));
  await act(action(page, 'Disable').click());
  await expect(page.getByText('10 monitors disabled.')).toBeVisible();
  expect(actions).toBeLessThanOrEqual(4);
  const disabled = (await stored(nanomon)).filter(({ enabled }) => !enabled).map(({ name }) => name);
  expect(disabled).toEqual(Array.from({ length: 10 }, (_, i) => nameOf(i + 3)));
  await expect(row(page, nameOf(3))).toContainText('Disabled');

  await box(page, nameOf(13)).click();
  await action(page, 'Disable').click();
  await expect(page.getByText('1 monitor disabled. 10 were disabled already.')).toBeVisible();
  await action(page, 'Check now').click();
  await expect(page.getByText('11 monitors were not checked, because they are disabled.')).toBeVisible();
  await action(page, 'Enable').click();
  await expect(page.getByText('11 monitors enabled.')).toBeVisible();
});

test('group, labels, interval and silence are changed in dialogs', async ({ page, nanomon }) => {
  await addMany(nanomon, 12);
  await page.goto('/#list?sort=name');
  await selectRange(page, 1, 4);
  const dialog = page.getByRole('dialog');
  const chosen = async () => (await stored(nanomon)).slice(0, 4);

  await action(page, 'Group…').click();
  await dialog.getByLabel('Group').fill('Second');
  await dialog.getByRole('button', { name: 'Move' }).click();
  await expect(page.getByText('4 monitors moved to “\u2068Second\u2069”.')).toBeVisible();
  expect((await chosen()).map(({ group }) => group)).toEqual(Array(4).fill('Second'));

  await action(page, 'Labels…').click();
  await expect(dialog.getByRole('button', { name: 'Change labels' })).toBeDisabled();
  await dialog.getByLabel('Key').fill('env');
  await dialog.getByLabel('Value').fill('test');
  await dialog.getByRole('checkbox', { name: 'team' }).check();
  await dialog.getByRole('button', { name: 'Change labels' }).click();
  await expect(page.getByText('Labels of 4 monitors changed.')).toBeVisible();
  expect((await chosen()).map(({ labels }) => labels)).toEqual(Array(4).fill({ env: 'test' }));

  await action(page, 'Interval…').click();
  await dialog.getByLabel('Interval').fill('5m');
  await dialog.getByRole('button', { name: 'Change interval' }).click();
  await expect(page.getByText('Interval of 4 monitors set to 5m.')).toBeVisible();
  expect((await chosen()).map(({ interval }) => interval)).toEqual(Array(4).fill('5m'));

  await action(page, 'Silence…').click();
  await dialog.getByLabel('Duration').selectOption('8 hours');
  await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
  await expect(page.getByText('4 monitors silenced for 8 hours.')).toBeVisible();
  await expect(row(page, nameOf(1))).toContainText('Silenced');
  const hours = (await chosen()).map(({ silencedUntil }) =>
    Math.round((Date.parse(silencedUntil) - Date.now()) / 3_600_000),
  );
  expect(hours).toEqual([8, 8, 8, 8]);
  await expect(bar(page)).toContainText('4 selected');
});

test('deleting shows the names, and above ten the number must be typed', async ({ page, nanomon }) => {
  await addMany(nanomon, 25);
  await page.goto('/#list?sort=name');
  const dialog = page.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name: 'Delete', exact: true });
  await selectRange(page, 1, 10);
  await action(page, 'Delete…').click();
  await expect(dialog).toContainText('Delete 10 monitors?');
  await expect(dialog.getByRole('listitem')).toHaveText(Array.from({ length: 10 }, (_, i) => nameOf(i + 1)));
  await confirm.click();
  await expect(page.getByText('10 monitors deleted.')).toBeVisible();
  await expect(bar(page)).toBeHidden();
  expect(await stored(nanomon)).toHaveLength(15);

  await selectRange(page, 11, 21);
  await action(page, 'Delete…').click();
  await expect(confirm).toBeDisabled();
  await dialog.getByLabel('Type 11 to confirm').fill('1');
  await expect(confirm).toBeDisabled();
  await dialog.getByLabel('Type 11 to confirm').fill('11');
  await confirm.click();
  await expect(page.getByText('11 monitors deleted.')).toBeVisible();
  expect((await stored(nanomon)).map(({ name }) => name)).toEqual([22, 23, 24, 25].map(nameOf));
});

test.describe('a change that is refused', () => {
  test.use({ requestsFail: true });

  test('shows what is wrong with each monitor, and can be made without them', async ({ page, nanomon }) => {
    await addMany(nanomon, 5);
    const [full] = await stored(nanomon);
    full.labels = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`label${i}`, 'x']));
    await fetch(`${nanomon.url}/api/monitors/${full.id}`, { method: 'PUT', body: JSON.stringify(full) });
    await page.goto('/#list?sort=name');
    await selectRange(page, 1, 3);
    const dialog = page.getByRole('dialog');
    await action(page, 'Labels…').click();
    await dialog.getByLabel('Key').fill('env');
    await dialog.getByLabel('Value').fill('test');
    await dialog.getByRole('button', { name: 'Change labels' }).click();
    await expect(dialog).toContainText('Nothing was changed');
    await expect(dialog).toContainText(`${nameOf(1)} monitor has 21 labels, at most 20 are allowed`);
    expect((await stored(nanomon)).some(({ labels }) => labels.env)).toBe(false);
    await expectNoViolations(page);
    await dialog.getByRole('button', { name: 'Change the other 2 monitors' }).click();
    await expect(page.getByText('Labels of 2 monitors changed.')).toBeVisible();
    expect((await stored(nanomon)).map(({ labels }) => labels.env)).toEqual([
      undefined,
      'test',
      'test',
      undefined,
      undefined,
    ]);
    await expect(box(page, nameOf(1))).not.toBeChecked();
  });

  test('stays in its dialog if the new value is wrong for all monitors', async ({ page, nanomon }) => {
    await addMany(nanomon, 3);
    await page.goto('/#list?sort=name');
    await selectRange(page, 1, 3);
    const dialog = page.getByRole('dialog', { name: 'Change the interval of 3 monitors' });
    await action(page, 'Interval…').click();
    await dialog.getByLabel('Interval').fill('5 minutes');
    await dialog.getByRole('button', { name: 'Change interval' }).click();
    await expect(dialog.getByRole('alert')).toHaveText(
      'invalid monitor interval. Use a Go duration such as 30s or 5m.',
    );
    await expect(dialog.getByLabel('Interval')).toHaveValue('5 minutes');
    await dialog.getByLabel('Interval').fill('5m');
    await dialog.getByRole('button', { name: 'Change interval' }).click();
    await expect(page.getByText('Interval of 3 monitors set to 5m.')).toBeVisible();
  });

  test('says that it deletes the other monitors', async ({ page, nanomon }) => {
    await addMany(nanomon, 3);
    const [first] = await stored(nanomon);
    await page.goto('/#list?sort=name');
    await selectRange(page, 1, 3);
    await page.route('**/api/monitors', (route) =>
      route.request().method() === 'PATCH'
        ? route.fulfill({ status: 400, json: { detail: 'unknown', faults: [{ id: first.id, detail: 'unknown' }] } })
        : route.continue(),
    );
    await action(page, 'Delete…').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await page.unrouteAll();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the other 2 monitors' }).click();
    await expect(page.getByText('2 monitors deleted.')).toBeVisible();
    expect((await stored(nanomon)).map(({ name }) => name)).toEqual([nameOf(1)]);
  });

  test('does not say that nothing was changed if the response is lost', async ({ page, nanomon }) => {
    await addMany(nanomon, 3);
    await page.goto('/#list?sort=name');
    await selectRange(page, 1, 3);
    await page.route('**/api/monitors', async (route) => {
      if (route.request().method() !== 'PATCH') {
        return route.continue();
      }
      await route.fetch();
      return route.abort();
    });
    await action(page, 'Disable').click();
    await expect(page.getByText('The change may be incomplete: Could not reach the API.')).toBeVisible();
    expect((await stored(nanomon)).map(({ enabled }) => enabled)).toEqual([false, false, false]);
  });

  test('a check box stays unchecked while the actions can not be loaded', async ({ page, nanomon }) => {
    await addMany(nanomon, 3);
    await page.route('**/list/bulk.html', (route) => route.abort());
    await page.goto('/#list?sort=name');
    await box(page, nameOf(1)).click();
    await expect(page.getByText('Could not load the actions: the server does not respond.')).toBeVisible();
    await expect(box(page, nameOf(1))).not.toBeChecked();
    await page.unrouteAll();
    await box(page, nameOf(1)).click();
    await expect(bar(page)).toContainText('1 selected');
  });

  test('stays in its dialog if the server does not respond', async ({ page, nanomon }) => {
    await addMany(nanomon, 5);
    await page.goto('/#list?sort=name');
    await selectRange(page, 1, 3);
    const dialog = page.getByRole('dialog');
    await page.route('**/api/monitors', (route) =>
      route.request().method() === 'PATCH' ? route.abort() : route.continue(),
    );
    await action(page, 'Group…').click();
    await dialog.getByLabel('Group').fill('New');
    await dialog.getByRole('button', { name: 'Move' }).click();
    await expect(dialog.getByRole('alert')).toHaveText('Could not reach the API.');
    await page.unrouteAll();
    await dialog.getByRole('button', { name: 'Move' }).click();
    await expect(page.getByText('3 monitors moved to “\u2068New\u2069”.')).toBeVisible();
  });
});

test.describe('with deleted monitors', () => {
  test.use({ requestsFail: true }); // The page may read a monitor right before it learns that it was deleted.

  test('monitors that were deleted in the meantime are reported', async ({ page, nanomon }) => {
    await addMany(nanomon, 5);
    const [first] = await stored(nanomon);
    await page.goto('/#list?sort=name');
    await selectRange(page, 1, 3);
    await page.route('**/api/monitors', async (route) => {
      if (route.request().method() !== 'PATCH') {
        return route.continue();
      }
      const response = await route.fetch();
      const report = await response.json();
      report.monitors[0].outcome = 'missing';
      await fetch(`${nanomon.url}/api/monitors/${first.id}`, { method: 'DELETE' });
      return route.fulfill({ response, json: report });
    });
    await action(page, 'Disable').click();
    const dialog = page.getByRole('dialog', { name: 'Some monitors were not changed' });
    await expect(dialog).toContainText(nameOf(1));
    await expect(page.getByText('2 monitors disabled.')).toBeVisible();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await expect(bar(page)).toContainText('2 selected');
    await page.unrouteAll();

    // A selected monitor that someone else deletes is not selected any more.
    const [, second] = await stored(nanomon);
    await fetch(`${nanomon.url}/api/monitors/${second.id}`, { method: 'DELETE' });
    await expect(bar(page)).toContainText('1 selected');
  });
});

test('long work shows its progress', async ({ page, nanomon }) => {
  await addMany(nanomon, 12);
  await page.goto('/#list?sort=name');
  await selectRange(page, 1, 12);
  let release = () => {};
  const released = new Promise((open) => (release = () => open(null)));
  await page.route('**/api/monitors', async (route) => {
    if (route.request().method() === 'PATCH') {
      await released;
    }
    await route.continue();
  });
  await action(page, 'Disable').click();
  await expect(bar(page).getByRole('status')).toHaveText('Disabling 12 monitors…');
  await expect(action(page, 'Delete…')).toBeDisabled();
  await page.keyboard.press('Escape');
  release();
  await expect(page.getByText('12 monitors disabled.')).toBeVisible();
  await expect(bar(page).getByRole('status')).toHaveText('12 selected');
});

for (const [width, height] of [
  [390, 844],
  [1280, 800],
]) {
  test(`the bar and its dialogs are accessible and move nothing at ${width} px`, async ({ page, nanomon }) => {
    await addMany(nanomon, 40);
    await page.setViewportSize({ width, height });
    await page.goto('/');
    await expect(row(page, nameOf(1))).toBeVisible();
    const shifts = await page.evaluateHandle(() => {
      const observer = new PerformanceObserver(() => {});
      observer.observe({ type: 'layout-shift' });
      return observer;
    });
    await box(page, nameOf(2)).click();
    await box(page, 'First').click();
    await expect(bar(page)).toBeInViewport({ ratio: 1 });
    const shift = await shifts.evaluate((observer) =>
      observer.takeRecords().reduce((sum, entry) => sum + /** @type {any} */ (entry).value, 0),
    );
    expect(shift).toBeLessThan(0.02);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await expectNoViolations(page);
    for (const name of ['Silence…', 'Group…', 'Labels…', 'Interval…', 'Delete…']) {
      await action(page, name).click();
      await expect(page.getByRole('dialog')).toBeInViewport({ ratio: 1 });
      await expectNoViolations(page);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toBeHidden();
      await expect(bar(page)).toBeVisible();
    }
  });
}
