import { field, open, save, saved } from './form.mjs';
import { incidentsOf } from './incidents.mjs';
import { expect, signIn, test } from './sign-in-fixtures.mjs';

test.use({ extraSettings: { ALERT_FAIL_COUNT: '1' } });

test('without a sign-in everybody sees incidents, and nobody acknowledges or silences', async ({
  page,
  browser,
  nanomon,
}) => {
  await signIn(page);
  await open(page, 'new');
  await field(page, 'Name').fill('Shop');
  await field(page, 'Target').fill('http://127.0.0.1:1/');
  await save(page);
  await saved(page, 'Shop');
  const reader = await browser.newPage({ baseURL: nanomon.url });
  await reader.goto('/#incidents');
  await expect(reader).toHaveTitle('(1) Incidents · NanoMon');
  const asked = reader.getByRole('dialog', { name: 'Sign in to continue' });
  for (const name of ['Acknowledge the incident of Shop', 'Silence Shop']) {
    await reader.getByRole('button', { name }).click();
    await expect(asked).toBeVisible();
    await reader.getByRole('button', { name: 'Not now' }).click();
  }
  await reader.getByRole('link', { name: 'Shop', exact: true }).click();
  await reader.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(asked).toBeVisible();
  const [incident] = await incidentsOf(nanomon);
  expect(incident.acknowledgement).toBeUndefined();
  await reader.close();
});
