import { expect, test } from './fixtures.mjs';

const REASON = 'The database file was deleted or replaced';

test.use({ requestsFail: true });

test('every view says that the store is unavailable, and recovers', async ({ page, nanomon, target }) => {
  test.slow();
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto('/');
  const banner = page.locator('body > .problem').filter({ hasText: 'The store is unavailable' });
  const connection = page.locator('.connection');
  await expect(connection).toHaveText('Live');
  await expect(banner).toBeHidden();
  await nanomon.hideDatabase();
  for (const view of ['list', 'wall', `monitor/${id}`, 'results', 'maintenance', 'admin', 'about']) {
    await page.goto(`/#${view}`);
    await expect(banner, view).toContainText(REASON);
    await expect(connection, view).toHaveText('Store unavailable');
  }
  await expect(page.getByText('Unhealthy: store unavailable')).toBeVisible();
  await expect(page.getByText('No runner is online')).toBeHidden();
  await page.reload();
  await expect(banner).toContainText(REASON);
  await nanomon.restoreDatabase();
  await expect(banner).toBeHidden();
  await expect(connection).toHaveText('Live');
});

test('the wall says that the store is unavailable', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto('/#wall');
  const headline = page.getByRole('heading', { level: 1 });
  await expect(headline).toContainText('OK');
  await nanomon.hideDatabase();
  await expect(headline).toHaveText('Store unavailable');
  await nanomon.restoreDatabase();
  await expect(headline).toContainText('OK');
});
