import { field, open, save, saved } from './form.mjs';
import { button, expect, signIn, test } from './sign-in-fixtures.mjs';

test('without a sign-in everybody sees pings, and nobody the ping URL', async ({ page, browser, nanomon }) => {
  await signIn(page);
  await open(page, 'new');
  await page.getByRole('radio', { name: 'Push (cron job)' }).check();
  await field(page, 'Name').fill('Backup');
  await field(page, 'Schedule').fill('every 1h');
  await save(page);
  const id = await saved(page, 'Backup');
  await button(page, 'Show ping URL').click();
  await expect(page.getByTestId('ping-url')).toHaveText(/[0-9a-f]{12}$/);
  await fetch(await page.getByTestId('ping-url').innerText());

  const reader = await browser.newPage({ baseURL: nanomon.url });
  /** @type {string[]} */
  const requested = [];
  reader.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await reader.goto(`/#monitor/${id}`);
  await expect(reader.getByRole('table', { name: 'Last pings' })).toContainText('Success');
  for (const name of ['Show ping URL', 'Copy URL', 'Renew…', 'Copy commands']) {
    await expect(button(reader, name)).toBeHidden();
  }
  const panel = reader.getByRole('group', { name: 'Ping URL' });
  await expect(panel).toContainText('Sign in to show, copy or renew the ping URL.');
  await panel.getByRole('button', { name: 'Sign in' }).click();
  await expect(reader.getByRole('dialog', { name: 'Sign in to continue' })).toBeVisible();
  await button(reader, 'Not now').click();
  await expect(reader.getByTestId('ping-url')).toHaveText(/push\/•+$/);
  expect(requested).toContain(`/api/monitors/${id}/pings`);
  expect(requested).not.toContain(`/api/monitors/${id}/ping-url`);
  await reader.close();
});
