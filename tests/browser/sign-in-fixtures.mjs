import { expect, test as base } from './fixtures.mjs';
import { AUDIENCE, Certificate, CLIENT, IdentityProvider } from './provider.mjs';

export { expect };

/** @typedef {import('./fixtures.mjs').Page} Page */
/** @typedef {(value: any) => Promise<void>} Use */

/** @type {import('../../frontend/playwright-test.js').Fixtures<{}, {certificate: Certificate}>} */
const shared = {
  certificate: [
    async ({}, use) => {
      const certificate = new Certificate();
      await use(certificate);
      certificate.remove();
    },
    { scope: 'worker' },
  ],
};

/** @type {any} */
const own = {
  provider: async (/** @type {{certificate: Certificate}} */ { certificate }, /** @type {Use} */ use) => {
    const provider = new IdentityProvider(certificate);
    await provider.open();
    await use(provider);
    await provider.close();
  },
  extraSettings: [{}, { option: true }],
  settings: (
    /** @type {Own & {certificate: Certificate}} */ { provider, certificate, extraSettings },
    /** @type {Use} */ use,
  ) =>
    use({
      AUTH_CLIENT_ID: CLIENT,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_ISSUER: provider.issuer,
      SSL_CERT_FILE: certificate.file,
      ...extraSettings,
    }),
  others: (/** @type {Own} */ { provider }, /** @type {Use} */ use) => use([provider.issuer]),
  registered: [
    async (/** @type {any} */ { provider, nanomon }, /** @type {Use} */ use) => {
      provider.serve(nanomon.url);
      await use(undefined);
    },
    { auto: true },
  ],
  ignoreHTTPSErrors: true,
};

/**
 * Runs each test with sign-in on. Every test has its own provider, and can set more environment variables of NanoMon.
 * @typedef {{provider: IdentityProvider, extraSettings: Record<string, string>}} Own
 */
export const test =
  /** @type {import('../../frontend/playwright-test.js').TestType<
   *   import('../../frontend/playwright-test.js').PlaywrightTestArgs &
   *     import('../../frontend/playwright-test.js').PlaywrightTestOptions & import('./fixtures.mjs').Own & Own,
   *   import('../../frontend/playwright-test.js').PlaywrightWorkerArgs>} */ (
    /** @type {unknown} */ (base.extend(shared).extend(own))
  );

/**
 * Signs in on the page of the provider.
 * @param {Page} page
 */
export async function submitSignIn(page) {
  // The search field of the list, which may still be visible, has a similar name.
  await page.getByLabel('Name', { exact: true }).fill('Ada');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(button(page, 'Sign out')).toBeVisible();
}

/**
 * @param {Page} page
 * @param {string} name
 */
export function button(page, name) {
  return page.getByRole('button', { name, exact: true });
}

/**
 * Loads the page and signs in.
 * @param {Page} page
 */
export async function signIn(page) {
  await page.goto('/');
  await button(page, 'Sign in').click();
  await submitSignIn(page);
}
