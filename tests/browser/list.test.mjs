import { expect, row, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/**
 * Adds five monitors: in group Core one OK and one failed, in group Shop one error and one disabled, and one OK without a
 * group.
 * @param {NanoMon} nanomon
 * @param {string} url the address of a target
 */
async function addFive(nanomon, url) {
  await nanomon.add({ name: 'Gateway', type: 'tcp', target: new URL(url).host, group: 'Core' });
  await nanomon.add({ name: 'Mail', type: 'tcp', target: '127.0.0.1:1', group: 'Core' });
  await nanomon.add({ name: 'Search', target: url, rule: 'status == 201', group: 'Shop' });
  await nanomon.add({ name: 'Archive', target: url, enabled: false, group: 'Shop' });
  await nanomon.add({ name: 'Intranet', target: url });
}

/** @param {Page} page */
async function names(page) {
  return page.locator('.line .who a').allTextContents();
}

/** @param {Page} page */
async function waitForResults(page) {
  await expect(row(page, 'Gateway')).toContainText('OK');
  await expect(row(page, 'Mail')).toContainText('Failed');
  await expect(row(page, 'Search')).toContainText('Error');
  await expect(row(page, 'Intranet')).toContainText('OK');
}

/**
 * @param {Page} page
 * @param {string} name
 * @param {string} action
 */
async function chooseAction(page, name, action) {
  await page.getByRole('button', { name: `More actions: ${name}` }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

test.describe('with monitors of every status', () => {
  test.beforeEach(async ({ page, nanomon, target }) => {
    await addFive(nanomon, target.url);
    await page.goto('/');
    await waitForResults(page);
  });

  test('monitors are grouped, the worst first', async ({ page }) => {
    expect(await names(page)).toEqual(['Mail', 'Gateway', 'Search', 'Archive', 'Intranet']);
    const core = page.getByRole('row').filter({ has: page.getByRole('button', { name: 'Core', exact: true }) });
    await expect(core).toContainText('1 failed');
    await expect(core).toContainText('2 monitors');
    await expect(page.getByRole('button', { name: 'No group', exact: true })).toHaveAttribute('aria-expanded', 'true');
    await expect(page.getByRole('table')).toHaveAttribute('aria-rowcount', '9');
    await expect(row(page, 'Archive')).toHaveAttribute('aria-rowindex', '7');
  });

  test('a collapsed group stays collapsed after a reload', async ({ page }) => {
    const core = page.getByRole('button', { name: 'Core', exact: true });
    await expect(core).toHaveAttribute('aria-expanded', 'true');
    await core.press('Enter');
    await expect(core).toHaveAttribute('aria-expanded', 'false');
    expect(await names(page)).toEqual(['Search', 'Archive', 'Intranet']);
    await page.reload();
    await expect(row(page, 'Search')).toBeVisible();
    await expect(row(page, 'Mail')).toHaveCount(0);
    await page.getByRole('searchbox').fill('mail');
    await expect(row(page, 'Mail')).toBeVisible();
    await page.getByRole('searchbox').clear();
    await core.click();
    await expect(row(page, 'Mail')).toBeVisible();
  });

  for (const [query, found] of /** @type {[string, string[]][]} */ ([
    ['gate', ['Gateway']],
    ['127.0.0.1:1', ['Mail']],
    ['SHOP', ['Search', 'Archive']],
    ['core tcp', ['Mail', 'Gateway']],
  ])) {
    test(`the search finds ${query}`, async ({ page }) => {
      await page.keyboard.press('/');
      await expect(page.getByRole('searchbox')).toBeFocused();
      await page.keyboard.type(query);
      await expect(page.getByText(`${found.length} of 5`)).toBeVisible();
      // The port of another target may contain the search text.
      expect(await names(page)).toEqual(expect.arrayContaining(found));
      await page.keyboard.press('Escape');
      await expect(page.getByText('5 monitors')).toBeVisible();
    });
  }

  test('status chips show counts and filter the list', async ({ page }) => {
    const chips = page.getByRole('group', { name: 'Status' });
    for (const [name, found] of /** @type {[string, string[]][]} */ ([
      ['Failed 1', ['Mail']],
      ['Error 1', ['Search']],
      ['OK 2', ['Gateway', 'Intranet']],
      ['Disabled 1', ['Archive']],
      ['All 5', ['Mail', 'Gateway', 'Search', 'Archive', 'Intranet']],
    ])) {
      const chip = chips.getByRole('button', { name });
      await chip.click();
      await expect(chip).toHaveAttribute('aria-pressed', 'true');
      await expect(chips.locator('[aria-pressed=true]')).toHaveCount(1);
      await expect(page.locator('.line')).toHaveCount(found.length);
      expect(await names(page)).toEqual(found);
    }
  });

  test('the address stores search, filters and sort order', async ({ page }) => {
    await page.getByLabel('Type', { exact: true }).selectOption('tcp');
    await page.getByRole('button', { name: 'Failed' }).click();
    await page.getByRole('searchbox').fill('ma');
    await page.getByLabel('Sort').selectOption('-name');
    await expect(page).toHaveURL(/#list\?q=ma&status=failed&type=tcp&sort=-name$/);
    await row(page, 'Mail').getByRole('link', { name: 'Mail', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Mail' })).toBeVisible();
    await page.goBack();
    await expect(page.getByText('1 of 5')).toBeVisible();
    await expect(page.getByRole('searchbox')).toHaveValue('ma');
    await expect(page.getByLabel('Type', { exact: true })).toHaveValue('tcp');
    await expect(page.getByLabel('Sort')).toHaveValue('-name');
    await page.getByRole('link', { name: 'Monitors', exact: true }).click();
    await expect(page.getByText('5 monitors')).toBeVisible();
    await expect(page.getByRole('searchbox')).toHaveValue('');
  });

  test('column headers sort the list and show the order', async ({ page }) => {
    const header = page.getByRole('columnheader', { name: 'Name' });
    await header.getByRole('button').click();
    await expect(header).toHaveAttribute('aria-sort', 'ascending');
    expect(await names(page)).toEqual(['Archive', 'Gateway', 'Intranet', 'Mail', 'Search']);
    await header.getByRole('button').click();
    await expect(header).toHaveAttribute('aria-sort', 'descending');
    expect(await names(page)).toEqual(['Search', 'Mail', 'Intranet', 'Gateway', 'Archive']);
    const status = page.getByRole('columnheader', { name: 'Status' });
    await status.getByRole('button').click();
    await expect(status).toHaveAttribute('aria-sort', 'descending');
    await expect(header).not.toHaveAttribute('aria-sort');
    expect(await names(page)).toEqual(['Mail', 'Search', 'Gateway', 'Intranet', 'Archive']);
    await expect(row(page, 'Mail')).toContainText('Core · 127.0.0.1:1');
  });

  test('if nothing matches, a button clears search and filters', async ({ page }) => {
    await page.getByRole('searchbox').fill('nowhere');
    await page.getByRole('button', { name: 'Failed' }).click();
    await expect(page.getByText('No monitors match.')).toBeVisible();
    await page.getByRole('button', { name: 'Clear search and filters' }).click();
    await expect(page.getByText('5 monitors')).toBeVisible();
    await expect(page.getByRole('searchbox')).toBeFocused();
  });

  test('the history has a description for screen readers', async ({ page }) => {
    await expect(row(page, 'Search').getByRole('img')).toHaveAccessibleName(/^Last \d+ checks?: 0 OK, [1-9]\d* error/);
    await expect(row(page, 'Archive').getByRole('img')).toHaveAccessibleName('No results yet');
  });

  test('the menu works with the keyboard', async ({ page }) => {
    const more = page.getByRole('button', { name: 'More actions: Mail' });
    await more.press('Enter');
    await expect(more).toHaveAttribute('aria-expanded', 'true');
    await expect(page.getByRole('menuitem', { name: 'Edit' })).toBeFocused();
    await page.keyboard.press('ArrowUp');
    await expect(page.getByRole('menuitem', { name: 'Delete…' })).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(page.getByRole('menuitem', { name: 'Edit' })).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('menu')).toBeHidden();
    await expect(more).toBeFocused();
    await expect(more).toHaveAttribute('aria-expanded', 'false');
    await more.click();
    await expect(page.getByRole('menu')).toBeVisible();
    await more.click();
    await expect(page.getByRole('menu')).toBeHidden();
  });

  test('clone opens the form', async ({ page }) => {
    await chooseAction(page, 'Mail', 'Clone');
    await expect(page).toHaveURL(/#edit\/new\?from=[0-9a-f]{24}$/);
  });

  test('a monitor can be disabled and enabled', async ({ page, nanomon }) => {
    await chooseAction(page, 'Search', 'Disable');
    await expect(row(page, 'Search')).toContainText('Disabled');
    await expect(page.getByRole('button', { name: 'Check now: Search' })).toBeDisabled();
    await expect(page.getByText('disabled.')).toBeVisible();
    const stored = await (await fetch(`${nanomon.url}/api/monitors/${await nanomon.idOf('Search')}`)).json();
    expect(stored).toMatchObject({ enabled: false, rule: 'status == 201', group: 'Shop' });
    await chooseAction(page, 'Search', 'Enable');
    await expect(row(page, 'Search')).toContainText('Error');
  });

  test('deleting a monitor asks first', async ({ page }) => {
    await chooseAction(page, 'Mail', 'Delete…');
    const dialog = page.getByRole('dialog', { name: 'Delete Mail?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole('button', { name: 'More actions: Mail' })).toBeFocused();
    await chooseAction(page, 'Mail', 'Delete…');
    await page.mouse.move(0, 0); // A pointer in the table would keep the order of the groups.
    await dialog.getByRole('button', { name: 'Delete' }).press('Enter');
    await expect(row(page, 'Mail')).toHaveCount(0);
    await expect(page.getByText('deleted.')).toBeVisible();
    // The focus stays at the position of the deleted row. Group Shop with the error is first now.
    await expect(row(page, 'Search').getByRole('link', { name: 'Search', exact: true })).toBeFocused();
  });
});

test('a monitor can be checked now', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
  await page.goto('/');
  await expect(row(page, 'Shop')).toContainText('OK');
  const before = target.hits;
  await page.getByRole('button', { name: 'Check now: Shop' }).click();
  await expect(page.getByText(/^Checking .*Shop/)).toBeVisible();
  await expect.poll(() => target.hits).toBe(before + 1);
  await expect(row(page, 'Shop').getByRole('img')).toHaveAccessibleName(/^Last 2 checks/);
});

test('the focus stays on a row when it moves', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Alpha', target: target.url });
  await nanomon.add({ name: 'Shop', target: `${target.url}shop`, rule: 'status == 200' });
  await page.goto('/#list?sort=status');
  await expect(row(page, 'Alpha')).toContainText('OK');
  await expect(row(page, 'Shop')).toContainText('OK');
  expect(await names(page)).toEqual(['Alpha', 'Shop']);
  await page.getByRole('button', { name: 'Check now: Shop' }).focus();
  target.status = 500;
  await expect.poll(() => names(page)).toEqual(['Shop', 'Alpha']);
  await expect(page.getByRole('button', { name: 'Check now: Shop' })).toBeFocused();
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('a failed action shows an error', async ({ page, nanomon, target }) => {
    await nanomon.add({ name: 'Shop', target: target.url });
    await page.goto('/');
    await expect(row(page, 'Shop')).toContainText('OK');
    await page.route('**/run', (route) =>
      route.fulfill({ status: 503, body: '{"detail":"the store is unavailable"}' }),
    );
    await page.getByRole('button', { name: 'Check now: Shop' }).click();
    await expect(page.locator('.toast.failed')).toContainText(/Could not check .*Shop.*: the store is unavailable/);
  });
});

test('the layout does not shift when the rows load', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url, group: 'Public' });
  await page.addInitScript(() => {
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        moved.push(.../** @type {any} */ (entry).sources);
      }
    });
    /** @type {{node: Element, previousRect: DOMRect, currentRect: DOMRect}[]} */
    const moved = [];
    Object.assign(window, { moved });
    observer.observe({ type: 'layout-shift', buffered: true });
  });
  /** @type {() => void} */
  let release = () => {};
  const released = new Promise((resolve) => (release = () => resolve(null)));
  await page.route('**/api/monitors?**', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto('/');
  await expect(page.locator('.skeleton')).toBeVisible();
  release();
  await expect(row(page, 'Shop')).toBeVisible();
  const moved = await page.evaluate(() => {
    const { moved } =
      /** @type {{moved: {node: Element, previousRect: DOMRect, currentRect: DOMRect}[]}} */
      (/** @type {unknown} */ (window));
    return moved
      .filter(({ node }) => document.querySelector('main')?.contains(node))
      .map(({ node, previousRect, currentRect }) => ({ node: node.outerHTML, previousRect, currentRect }));
  });
  expect(moved).toEqual([]);
});

for (const width of [390, 1280, 2560]) {
  test(`nothing is wider than a screen of ${width} pixels`, async ({ page, nanomon, target }) => {
    const name = `${'M'.repeat(150)} ${'🚀 <img src=x onerror=alert(1)> '.repeat(4)}`.slice(0, 280).trim();
    await nanomon.add({ name, target: `${target.url}${'long/'.repeat(60)}`, group: 'G'.repeat(100) });
    await page.setViewportSize({ width, height: 800 });
    await page.goto('/');
    await expect(row(page, name)).toContainText('OK');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const box = await row(page, name).boundingBox();
    const act = await row(page, name).getByRole('button', { name: /^More/ }).boundingBox();
    expect((act?.x ?? 0) + (act?.width ?? 0)).toBeLessThanOrEqual((box?.x ?? 0) + (box?.width ?? 0));
  });
}

test('looks the same after other views have loaded their styles', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  const search = page.getByPlaceholder('Search name');
  const term = page.locator('.about dt').first();
  const look = async () => {
    await page.goto('/#list');
    const width = (await search.boundingBox())?.width;
    await page.goto('/#about');
    return { width, size: await term.evaluate((element) => getComputedStyle(element).fontSize) };
  };
  const before = await look();
  await page.goto(`/#monitor/${id}`);
  await expect(page.getByRole('heading', { name: 'Response time' })).toBeVisible();
  expect(await look()).toEqual(before);
});

test('rows keep their order while the pointer is in the table, or a menu is open', async ({
  page,
  nanomon,
  target,
}) => {
  await nanomon.add({ name: 'Mill', target: target.url });
  await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200' });
  await page.goto('/#list?sort=status');
  const names = page.locator('.line .who a');
  await expect(row(page, 'Shop')).toContainText('OK');
  await expect(names).toHaveText(['Mill', 'Shop']);

  await row(page, 'Mill').hover();
  target.status = 500;
  await expect(row(page, 'Shop')).toContainText('Error');
  await expect(names).toHaveText(['Mill', 'Shop']);
  await page.mouse.move(0, 0);
  await expect(names).toHaveText(['Shop', 'Mill']);

  await page.getByRole('button', { name: 'More actions: Shop' }).focus();
  await page.keyboard.press('Enter');
  target.status = 200;
  await expect(row(page, 'Shop')).toContainText('OK');
  await expect(names).toHaveText(['Shop', 'Mill']);
  await page.keyboard.press('Escape');
  await expect(names).toHaveText(['Mill', 'Shop']);

  await page.getByRole('button', { name: 'OK 2' }).click();
  await row(page, 'Mill').hover();
  target.status = 500;
  await expect(row(page, 'Shop')).toContainText('Error');
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await expect(names).toHaveText(['Mill']);
});
