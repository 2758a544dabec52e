import { expectNoViolations } from './axe.mjs';
import { expect, row, test } from './fixtures.mjs';
import { put } from './form.mjs';
import { addFailing, incidentsOf } from './incidents.mjs';

test.use({ settings: { ALERT_FAIL_COUNT: '1' } });

/** @param {import('./fixtures.mjs').Page} page */
const hash = (page) => new URL(page.url()).hash;

test('acknowledges an incident with a note', async ({ page, nanomon }) => {
  await addFailing(nanomon, { name: 'Shop' });
  await page.goto('/#incidents');
  await page.getByRole('button', { name: 'Acknowledge the incident of Shop' }).click();
  const dialog = page.getByRole('dialog', { name: 'Acknowledge the incident of Shop?' });
  await expect(dialog).toContainText('Its reminders and escalations stop.');
  await expect(dialog.getByLabel('Note')).toBeFocused();
  await page.keyboard.type(' <b>on it</b> ');
  await dialog.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText('Acknowledged the incident of Shop')).toBeVisible();
  await expect(row(page, 'Shop')).toContainText(/Acknowledged, \w+ \d+, .*<b>on it<\/b>/);
  await expect(page.getByRole('button', { name: /^Acknowledge/ })).toBeHidden();
  const [stored] = await incidentsOf(nanomon);
  expect(stored.acknowledgement.note).toBe('<b>on it</b>');
});

test.describe('with an incident that changes while a dialog is open', () => {
  test.use({ requestsFail: true });

  test('says that the incident has ended, or who was faster', async ({ page, nanomon }) => {
    const id = await addFailing(nanomon, { name: 'Shop' });
    await page.goto('/#incidents');
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Acknowledge the incident of Shop' }).click();
    await fetch(`${nanomon.url}/api/incidents/${id}-1/acknowledge`, { method: 'POST', body: '{"note":"mine"}' });
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await expect(page.getByText(/^Shop: Acknowledged, .* already$/)).toBeVisible();

    const mill = await addFailing(nanomon, { name: 'Mill' });
    await page.getByRole('button', { name: 'Acknowledge the incident of Mill' }).click();
    await put(nanomon, mill, { name: 'Mill', type: 'tcp', target: '127.0.0.1:1', enabled: false });
    await expect(page).toHaveTitle(/^\(1\)/);
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await expect(dialog.getByRole('alert')).toContainText('has ended: only an open incident can be acknowledged');
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  });
});

test('silences a monitor, shows it in other tabs at once, and ends the silence', async ({ page, context, nanomon }) => {
  const id = await addFailing(nanomon, { name: 'Shop' });
  await page.goto('/#incidents');
  const other = await context.newPage();
  await other.goto(`${nanomon.url}/#monitor/${id}`);
  await expect(other.getByTestId('status')).toBeVisible();
  await page.getByRole('button', { name: 'Silence Shop' }).click();
  const dialog = page.getByRole('dialog', { name: 'Silence Shop?' });
  await expect(dialog.getByLabel('Silence it for').getByRole('option')).toHaveText([
    '15 minutes',
    '30 minutes',
    '1 hour',
    '4 hours',
    '8 hours',
    '1 day',
    '3 days',
    '7 days',
  ]);
  await expect(dialog.getByRole('button', { name: 'End silence' })).toBeHidden();
  await dialog.getByLabel('Silence it for').selectOption('7 days');
  await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
  await expect(row(page, 'Shop')).toContainText('Silenced until');
  await expect(other.getByTestId('silenced')).toContainText('Silenced until');

  await other.getByRole('button', { name: 'Change' }).click();
  const ending = other.getByRole('dialog', { name: 'Silence Shop?' });
  await expect(ending).toContainText('Silenced until');
  await ending.getByRole('button', { name: 'End silence' }).click();
  await expect(other.getByTestId('silenced')).toBeHidden();
  await expect(row(page, 'Shop')).not.toContainText('Silenced until');
  await other.close();
});

test('works with the keyboard', async ({ page, nanomon }) => {
  const id = await addFailing(nanomon, { name: 'Shop' });
  await page.goto('/#incidents');
  await row(page, 'Shop').getByRole('link').focus();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Acknowledge the incident of Shop' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Acknowledge the incident of Shop' })).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expect.poll(() => hash(page)).toMatch(new RegExp(`^#monitor/${id}\\?incident=${id}-1`));
});

test.describe('without serious violations', () => {
  test.use({ bypassCSP: true });

  for (const width of [390, 1280]) {
    test(`incidents and dialogs at ${width} px`, async ({ page, nanomon, target }) => {
      await page.setViewportSize({ width, height: 800 });
      target.status = 500;
      const id = await addFailing(nanomon, { name: 'Shop', group: 'Web' });
      await addFailing(nanomon, {
        name: 'A name that is very long and has no end'.repeat(3),
        type: 'http',
        target: target.url,
        rule: 'status == 200',
      });
      await fetch(`${nanomon.url}/api/incidents/${id}-1/acknowledge`, { method: 'POST', body: '{"note":"on it"}' });
      await fetch(`${nanomon.url}/api/monitors/${id}/silence`, { method: 'POST', body: '{"duration":"1h"}' });
      for (const address of ['#incidents', `#monitor/${id}?incident=${id}-1`]) {
        await page.goto(`/${address}`);
        await expect(page.getByText('on it').first()).toBeVisible();
        await expectNoViolations(page);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      }
      await page.goto('/#incidents');
      for (const name of [/^Acknowledge the/, 'Silence Shop']) {
        await page.getByRole('button', { name }).click();
        await expectNoViolations(page);
        await page.keyboard.press('Escape');
      }
    });
  }
});
