import { expect, row, test } from './fixtures.mjs';

test('an empty list says what to do', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText('Nothing is watched yet.')).toBeVisible();
  await page.getByRole('link', { name: 'Make the first monitor' }).click();
  await expect(page.getByRole('heading', { name: 'New monitor' })).toBeVisible();
});

test('a monitor made by the form is checked and judged', async ({ page, target }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'New monitor' }).click();
  await page.getByLabel('Name').fill('Shop');
  await page.getByLabel('Target').fill(target.url);
  await page.getByLabel('Interval').fill('1s');
  await page.getByLabel('Group').fill('Public');
  await page.getByLabel('Rule').fill('status == 200 && respTime < 5000');
  await page.getByLabel('timeout').fill('3s');
  await page.getByRole('button', { name: 'Save' }).click();

  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
  await expect(page.getByTestId('status')).toHaveText('OK');
  await page.getByRole('link', { name: 'NanoMon' }).click();
  await expect(row(page, 'Shop')).toContainText('OK');
  await expect(row(page, 'Shop')).toContainText(/[\d.]+ ms/);
  await expect(page.getByRole('rowheader', { name: 'Public' })).toBeVisible();
});

test('the form follows the type', async ({ page }) => {
  await page.goto('/#edit/new');
  await expect(page.getByLabel('Type', { exact: true })).toHaveValue('http');
  await expect(page.getByLabel('timeout')).toHaveAttribute('placeholder', '5s');
  await page.getByText('Outputs that a rule can use').click();
  await expect(page.getByText('certExpiryDays', { exact: true })).toBeVisible();

  await page.getByLabel('Type', { exact: true }).selectOption('ping');
  await expect(page.getByLabel('timeout')).toHaveAttribute('placeholder', '1s');
  await expect(page.getByLabel('count', { exact: true })).toHaveAttribute('placeholder', '3');
  await expect(page.getByText('packetLoss', { exact: true })).toBeVisible();
  await expect(page.getByLabel('validateTLS')).toHaveCount(0);
});

test.describe('with refused requests', () => {
  test.use({ requestsFail: true });

  test('a bad rule shows what the server says and keeps what was typed', async ({ page, target }) => {
    await page.goto('/#edit/new');
    await page.getByLabel('Name').fill('Shop');
    await page.getByLabel('Target').fill(target.url);
    await page.getByLabel('Rule').fill('nonsense > 1');
    await page.getByLabel('timeout').fill('4s');
    await page.getByLabel('method').selectOption('HEAD');
    await page.getByRole('button', { name: 'Save' }).click();

    await expect(page.getByRole('alert').filter({ hasText: 'Not saved.' })).toContainText(/rule invalid: .*nonsense/);
    await expect(page.getByLabel('Name')).toHaveValue('Shop');
    await expect(page.getByLabel('Target')).toHaveValue(target.url);
    await expect(page.getByLabel('timeout')).toHaveValue('4s');
    await expect(page.getByLabel('method')).toHaveValue('HEAD');

    await page.getByLabel('Rule').fill('status == 200');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
  });

  test('a monitor that does not exist is said to be missing', async ({ page }) => {
    await page.goto('/#monitor/0123456789abcdef01234567');
    await expect(page.getByText('This monitor does not exist.')).toBeVisible();
    await page.goto('/#edit/0123456789abcdef01234567');
    await expect(page.getByRole('alert')).toContainText('there is no monitor with the id');
  });
});

test('a monitor is edited', async ({ page, nanomon, target }) => {
  const properties = { method: 'POST', timeout: '2s', headers: '{"Accept": "text/plain"}' };
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200', properties });
  await page.goto(`/#monitor/${id}`);
  await page.getByRole('link', { name: 'Edit' }).click();
  await expect(page.getByLabel('Name')).toHaveValue('Shop');
  await expect(page.getByLabel('Rule')).toHaveValue('status == 200');
  await expect(page.getByLabel('method')).toHaveValue('POST');
  await expect(page.getByLabel('timeout')).toHaveValue('2s');
  await expect(page.getByLabel('headers')).toHaveValue('{"Accept": "text/plain"}');

  await page.getByLabel('Name').fill('Shop in Bern');
  await page.getByLabel('method').selectOption('GET (default)');
  await page.getByLabel('timeout').fill('');
  await page.getByLabel('Enabled').uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: 'Shop in Bern' })).toBeVisible();
  await expect(page.getByTestId('status')).toHaveText('Disabled');
  await expect(page.getByRole('button', { name: 'Run now' })).toBeDisabled();

  const stored = await (await fetch(`${nanomon.url}/api/monitors/${id}`)).json();
  expect(stored).toMatchObject({ name: 'Shop in Bern', enabled: false, rule: 'status == 200' });
  expect(stored.properties).toEqual({ headers: '{"Accept": "text/plain"}' });
});

test('Cancel changes nothing', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.goto(`/#edit/${id}`);
  await page.getByLabel('Name').fill('Other');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible();
});
