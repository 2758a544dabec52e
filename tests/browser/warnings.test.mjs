import { expectNoViolationsIn } from './axe.mjs';
import { expect, row, test } from './fixtures.mjs';
import { field, open, save, saved, stored } from './form.mjs';

// axe needs a page without the content security policy.
test.use({ bypassCSP: true });

test('a warning is shown in every view, and the status stays OK', async ({ page, nanomon, target }) => {
  const warning = 'Warning: status == 200';
  const id = await nanomon.add({ name: 'Shop', target: target.url, properties: { warn: 'status == 200' } });
  await nanomon.add({ name: 'Other', target: target.url });
  await page.goto('/#list');
  await expect(row(page, 'Shop')).toContainText('OK Warning');
  await expect(row(page, 'Shop').locator('.why')).toHaveText(warning);
  await expect(row(page, 'Shop').locator('path.warning')).toHaveAttribute('d', /M/);
  await expect(row(page, 'Other')).not.toContainText('Warning');
  await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'Warning 1' }).click();
  await expect(page).toHaveURL(/#list\?.*status=warning/);
  await expect(row(page, 'Other')).toHaveCount(0);
  await expect(row(page, 'Shop')).toBeVisible();
  await expectNoViolationsIn(page, '.chips, tr:has(.why)');

  await page.goto('/#wall');
  await expect(page.locator('.wall-headline h1')).toHaveText('1 OK, 1 warning');
  await expect(page.locator('a.tile.warning')).toHaveAttribute('title', /^Shop: Warning · .*Warning: status == 200$/);
  await expectNoViolationsIn(page, '.wall-headline, a.tile.warning');

  await page.goto(`/#monitor/${id}`);
  await expect(page.getByTestId('status')).toHaveText('OK');
  await expect(page.getByTestId('mark')).toHaveText('Warning');
  await expect(page.getByTestId('warning')).toContainText(warning);
  await page.getByText('All results').click();
  await expect(page.locator('.results .mark').first()).toHaveText('Warning');
  await expectNoViolationsIn(
    page,
    '[data-testid=status], [data-testid=mark], [data-testid=warning], .results tr:has(.mark)',
  );
});

test.describe(() => {
  test.use({ requestsFail: true }); // The API rejects the invalid expression.

  test('the form validates a warning and inserts outputs into it', async ({ page, nanomon, target }) => {
    await open(page, 'new');
    await field(page, 'Name').fill('Shop');
    await field(page, 'Target').fill(target.url);
    await field(page, 'Warn if').fill('respTime = 5');
    const error = page.locator('[data-field="property-warn"] .field-error');
    await expect(error).toContainText('Write == instead of = at character 10');
    await expect(page.locator('[data-field="property-warn"] mark')).toHaveText('=');
    await field(page, 'Warn if').fill('1 < ');
    await page.getByRole('button', { name: 'Insert status' }).click();
    await expect(field(page, 'Warn if')).toHaveValue('1 < status');
    await expect(error).toHaveText('');
    await save(page);
    const id = await saved(page, 'Shop');
    expect((await stored(nanomon, id)).properties).toMatchObject({ warn: '1 < status' });
    await open(page, id);
    await expect(field(page, 'Warn if')).toHaveValue('1 < status');
  });
});
