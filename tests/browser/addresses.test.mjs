import { expect, row, test } from './fixtures.mjs';

const ID = '0123456789abcdef01234567';

for (const [old, current] of [
  ['#home', '#list'],
  ['#home?q=ma&status=failed&sort=-name', '#list?q=ma&status=failed&sort=-name'],
  ['#dash', '#wall'],
  ['#dash?group=Core', '#wall?group=Core'],
  ['#window', '#maintenance'],
  ['#window/new', '#maintenance/new'],
  [`#window/new?monitor=${ID}`, `#maintenance/new?monitor=${ID}`],
  [`#window/${ID}`, `#maintenance/${ID}`],
]) {
  test.describe(() => {
    test.use({ requestsFail: current === `#maintenance/${ID}` }); // There is no such window.

    test(`the old address ${old} leads to ${current}`, async ({ page }) => {
      await page.goto('/#about');
      await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();
      const entries = await page.evaluate(() => history.length);

      // From a link on the page
      await page.evaluate((hash) => (location.hash = hash), old);
      await expect.poll(() => new URL(page.url()).hash).toBe(current);
      await expect(page.getByRole('heading', { name: 'Not found' })).toHaveCount(0);
      expect(await page.evaluate(() => history.length)).toBe(entries + 1);
      await page.goBack();
      await expect(page.getByRole('heading', { name: 'About NanoMon' })).toBeVisible();

      // From a bookmark
      await page.goto('about:blank');
      await page.goto(`/${old}`);
      await expect.poll(() => new URL(page.url()).hash).toBe(current);
      await page.goBack();
      await expect.poll(() => page.url()).toBe('about:blank');
    });
  });
}

test('an old address keeps its filters', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Shop', target: target.url, group: 'Core' });
  await nanomon.add({ name: 'Mill', target: target.url });
  await page.goto('/#home?q=shop');
  await expect(row(page, 'Shop')).toBeVisible();
  await expect(row(page, 'Mill')).toHaveCount(0);
  await page.goto('/#dash?group=Core');
  await expect(page.locator('a.tile')).toHaveCount(1);
});
