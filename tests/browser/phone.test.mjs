// Views on a phone.
import { expect, test as base } from './fixtures.mjs';
import { addFailing } from './incidents.mjs';
import { test as seeded } from './seeded.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

seeded.use(PHONE);
base.use(PHONE);

seeded('the rows of incidents are compact', async ({ page, requests }) => {
  await page.goto('/#incidents');
  await requests.settle();
  const rows = page.locator('.part tbody tr').filter({ visible: true });
  await expect(rows.first()).toBeVisible();
  const heights = await rows.evaluateAll((all) => all.map((row) => row.getBoundingClientRect().height));
  const average = heights.reduce((sum, height) => sum + height) / heights.length;
  // A row with a name, a cause, a time, notifications and buttons. Marks and long causes need more lines.
  expect(Math.min(...heights)).toBeLessThan(112);
  expect(average).toBeLessThan(125);
  const texts = rows.first();
  await expect(texts).toContainText(/(Error|Failed)[^]*:\d\d[^]*for \d+[^]*No notifications/);
  await expect(texts.getByRole('button')).toHaveText(['Acknowledge', 'Silence']);
});

base.describe('with an incident', () => {
  base.use({ settings: { ALERT_FAIL_COUNT: '1' } });

  base('a tap on the cause opens the incident', async ({ page, nanomon }) => {
    const id = await addFailing(nanomon, { name: 'Shop' });
    await page.goto('/#incidents');
    await expect(page.locator('.part .cause').first()).toContainText('refused');
    await page.locator('.part .cause').first().tap({ force: true }); // The link is above the cause.
    await expect(page).toHaveURL(new RegExp(`#monitor/${id}`));
  });
});

base('the number of monitors is visible beside a long name of a group', async ({ page, nanomon }) => {
  const monitor = { type: 'tcp', target: '127.0.0.1:1', interval: '1h', enabled: false };
  await nanomon.import([
    { ...monitor, name: 'Shop', group: 'Payments '.repeat(11) + '.' },
    { ...monitor, name: 'Mill', group: 'g'.repeat(100) },
  ]);
  await page.goto('/#list');
  const counts = page.locator('.heading-row .muted').filter({ visible: true });
  await expect(counts).toHaveText(['1 monitor', '1 monitor']);
  for (const box of await counts.evaluateAll((all) =>
    all.map((one) => ({ right: one.getBoundingClientRect().right, cut: one.scrollWidth - one.clientWidth })),
  )) {
    expect(box.right).toBeLessThanOrEqual(390);
    expect(box.cut).toBeLessThanOrEqual(0);
  }
});
