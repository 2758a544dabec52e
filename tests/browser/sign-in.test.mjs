import { button, expect, signIn, submitSignIn, test } from './sign-in-fixtures.mjs';
import { clickInEndedSession, field, open, save, saved } from './form.mjs';

/** @typedef {import('./fixtures.mjs').Page} Page */

/** @param {Page} page */
async function fill(page) {
  await open(page, 'new');
  await field(page, 'Name').fill('Shop');
  await field(page, 'Target').fill('http://127.0.0.1:1/');
}

test('a form asks to sign in and opens afterwards', async ({ page, provider }) => {
  await page.goto('/#edit/new?x=1');
  await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${provider.issuer}/**`);
  await submitSignIn(page);
  await expect(field(page, 'Name')).toBeVisible();
  await expect(page).toHaveURL('/#edit/new?x=1');
  await expect(page.getByText('Ada')).toBeVisible();
});

test('monitors can be edited after signing in, and no longer after signing out', async ({ page, nanomon }) => {
  await signIn(page);
  await fill(page);
  await save(page);
  const id = await saved(page, 'Shop');
  await page.reload();
  await button(page, 'Disable').click();
  await expect(page.getByTestId('status')).toHaveText('Disabled');
  await button(page, 'Sign out').click();
  await button(page, 'Sign me out').click();
  await page.waitForURL(`${nanomon.url}/`);
  await page.goto(`/#monitor/${id}`);
  await button(page, 'Enable').click();
  await expect(page.getByRole('dialog', { name: 'Sign in to continue' })).toBeVisible();
  await button(page, 'Not now').click();
  await expect(page.getByTestId('status')).toHaveText('Disabled');
  await button(page, 'Sign in').click();
  await expect(page.getByLabel('Name', { exact: true })).toBeVisible();
});

test('tokens are renewed without interaction', async ({ page, provider }) => {
  provider.lifetime = 30;
  await signIn(page);
  await fill(page);
  await save(page);
  await saved(page, 'Shop');
  expect(provider.asked).toMatchObject({ authorization_code: 1 });
  expect(provider.asked.refresh_token).toBeGreaterThan(1);
});

test.describe('when the session ends', () => {
  test.use({ requestsFail: true });

  for (const [how, end] of /** @type {const} */ ([
    ['the API rejects the token', { stale: true }],
    ['the provider does not renew the token', { ended: true }],
  ])) {
    test(`because ${how}, the entered values are restored`, async ({ page, provider, nanomon }) => {
      provider.lifetime = 30;
      await signIn(page);
      await fill(page);
      Object.assign(provider, end);
      await clickInEndedSession(button(page, 'Save'));
      await expect(page.getByRole('dialog', { name: 'Your session has expired' })).toBeVisible();
      provider.lifetime = 3600;
      Object.assign(provider, { stale: false, ended: false });
      await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByText('You are signed in again. Your unsaved changes are back.')).toBeVisible();
      await expect(field(page, 'Name')).toHaveValue('Shop');
      await expect(field(page, 'Target')).toHaveValue('http://127.0.0.1:1/');
      expect(await page.evaluate(() => sessionStorage.getItem('nanomon.place'))).toBeNull();
      await save(page);
      const id = await saved(page, 'Shop');
      expect(await nanomon.idOf('Shop')).toBe(id);
    });
  }

  test('a maintenance window is restored too', async ({ page, provider }) => {
    provider.lifetime = 30;
    await signIn(page);
    await page.goto('/#maintenance/new');
    await field(page, 'Name').fill('New disks');
    await page.getByText('Every week').click();
    provider.ended = true;
    await clickInEndedSession(button(page, 'Save'));
    await expect(page.getByRole('dialog', { name: 'Your session has expired' })).toBeVisible();
    provider.ended = false;
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('Your unsaved changes are back')).toBeVisible();
    await expect(field(page, 'Name')).toHaveValue('New disks');
    await expect(field(page, 'Starts at')).toBeVisible();
  });

  test('a stored secret is neither lost nor shown as a change by someone else', async ({ page, provider }) => {
    provider.lifetime = 30;
    await signIn(page);
    await fill(page);
    await field(page, 'Body').fill('a secret');
    await save(page);
    const id = await saved(page, 'Shop');
    await open(page, id);
    await field(page, 'Name').fill('Shop 2');
    provider.ended = true;
    await clickInEndedSession(button(page, 'Save'));
    await expect(page.getByRole('dialog', { name: 'Your session has expired' })).toBeVisible();
    await expect(page.getByText('Someone else changed')).toBeHidden();
    provider.ended = false;
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await expect(field(page, 'Name')).toHaveValue('Shop 2');
    await expect(page.getByText('Someone else changed')).toBeHidden();
    await save(page);
    await saved(page, 'Shop 2');
    await open(page, id);
    await expect(field(page, 'Body')).toHaveValue('a secret');
  });

  test('the page still shows public data', async ({ page, provider }) => {
    provider.lifetime = 30;
    await signIn(page);
    provider.ended = true;
    await page.getByRole('link', { name: 'About' }).click();
    await expect(button(page, 'Sign in')).toBeVisible();
    await expect(page.getByText('sqlite')).toBeVisible();
    await expect(page.getByRole('dialog')).toBeHidden();
  });
});

test('a cancelled sign-in returns to the page with a message', async ({ page, provider }) => {
  await page.goto('/#wall');
  await button(page, 'Sign in').click();
  await page.waitForURL(`${provider.issuer}/**`);
  await button(page, 'Cancel').click();
  await expect(page.getByText('Sign-in failed: it was cancelled')).toBeVisible();
  await expect(page).toHaveURL('/#wall');
  await expect(button(page, 'Sign in')).toBeVisible();
});

test.describe('with reading protected', () => {
  test.use({ extraSettings: { AUTH_PROTECT_READS: 'true' } });

  test('the page sends no API requests before the sign-in', async ({ page }) => {
    /** @type {string[]} */
    const requested = [];
    page.on('request', (request) => requested.push(new URL(request.url()).pathname));
    await page.goto('/#results');
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByLabel('Name', { exact: true })).toBeVisible();
    expect(requested.filter((path) => path.startsWith('/api/'))).toEqual([]);
    await submitSignIn(page);
    await expect(page.getByRole('heading', { name: 'Results' })).toBeVisible();
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
  });
});

test.describe('with Microsoft Entra', () => {
  const client = '11111111-2222-3333-4444-555555555555';
  const entra = 'https://login.microsoftonline.com';
  test.use({ extraSettings: { AUTH_CLIENT_ID: client, AUTH_ISSUER: '', AUTH_AUDIENCE: '' }, others: [entra] });

  test('the page requests a code with the scope of the API', async ({ page, nanomon }) => {
    await page.route(`${entra}/**`, (route) => route.fulfill({ body: '' }));
    await page.goto('/');
    await button(page, 'Sign in').click();
    await page.waitForURL(`${entra}/**`);
    const { pathname, searchParams } = new URL(page.url());
    expect(pathname).toBe('/common/oauth2/v2.0/authorize');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      client_id: client,
      scope: `api://${client}/system.admin offline_access openid profile`,
      redirect_uri: `${nanomon.url}/`,
      response_type: 'code',
      response_mode: 'fragment',
      code_challenge_method: 'S256',
    });
  });
});

test('tokens are neither stored outside the tab nor sent to the host of the page', async ({
  page,
  context,
  nanomon,
}) => {
  /** @type {string[]} */
  const leaks = [];
  page.on('request', (request) => {
    const { origin, pathname, search } = new URL(request.url());
    if (
      origin === nanomon.url &&
      (search.includes('code=') || (request.headers().authorization && !pathname.startsWith('/api')))
    ) {
      leaks.push(request.url());
    }
  });
  await signIn(page);
  await fill(page);
  const items = await page.evaluate(() => Object.entries(localStorage));
  expect(JSON.stringify(items)).not.toMatch(/eyJ|token|secret/i);
  const cookies = await context.cookies(nanomon.url);
  expect(cookies.filter(({ value }) => value.startsWith('eyJ'))).toEqual([]);
  expect(leaks).toEqual([]);
});
