import { once } from 'node:events';
import net from 'node:net';
import { TEMPLATES } from '../../frontend/app/views/edit/templates.js';
import { expect, test } from './fixtures.mjs';
import { field, open, save, saved, stored } from './form.mjs';

/** @type {Record<string, string>} */
const TARGETS = { http: 'http://127.0.0.1:9', tcp: '127.0.0.1:9', ping: '127.0.0.1', dns: 'localhost' };
/** @type {Record<string, string>} */
const TITLES = { http: 'HTTP request', tcp: 'TCP port', ping: 'Ping', dns: 'DNS lookup' };

for (const [type, templates] of Object.entries(TEMPLATES)) {
  test(`each template for ${type} makes a monitor that the API takes`, async ({ page, nanomon }) => {
    test.slow();
    for (const template of templates) {
      await open(page, 'new');
      await page.getByRole('radio', { name: TITLES[type] }).check();
      const start = page.getByRole('button', { name: template.name });
      await start.click();
      await expect(start).toHaveAttribute('aria-pressed', 'true');
      await expect(page.getByText(template.hint)).toBeVisible();
      await expect(field(page, 'Target')).toHaveAttribute('placeholder', template.target);
      await field(page, 'Name').fill(template.name);
      await field(page, 'Target').fill(TARGETS[type]);
      await field(page, 'Enabled').uncheck();
      await save(page);
      const monitor = await stored(nanomon, await saved(page, template.name));
      expect(monitor).toMatchObject({ type, properties: template.properties ?? {} });
      expect(monitor.rule ?? '').toBe(template.rule);
    }
  });
}

test('a template takes the place of the one before, and can be undone', async ({ page }) => {
  await open(page, 'new');
  await field(page, 'Rule').fill('status == 204');
  await field(page, 'Timeout').fill('7s');
  await page.getByRole('button', { name: 'API answers with JSON' }).click();
  await expect(field(page, 'Headers 1: value')).toHaveValue('application/json');
  await page.getByRole('button', { name: 'Redirects' }).click();
  await expect(field(page, 'Headers 1: value')).toHaveCount(0);
  await expect(field(page, 'Follow redirects')).not.toBeChecked();
  await expect(field(page, 'Timeout')).toHaveValue('7s');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(field(page, 'Headers 1: value')).toHaveValue('application/json');
  await expect(field(page, 'Rule')).toHaveValue(/body =~/);
  await page.getByRole('radio', { name: 'TCP port' }).check();
  await expect(field(page, 'Rule')).toHaveValue('');
});

test('the example is one click away', async ({ page }) => {
  await open(page, 'new');
  await page.getByRole('button', { name: 'Use the example' }).click();
  await expect(field(page, 'Rule')).toHaveValue('status == 200 && respTime < 500');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(field(page, 'Rule')).toHaveValue('');
});

test.describe('with refused requests', () => {
  test.use({ requestsFail: true });

  test('a name is put where the cursor is', async ({ page }) => {
    await open(page, 'new');
    await page.getByRole('radio', { name: 'DNS lookup' }).check();
    await field(page, 'Rule').fill("> 3 && 'a' ==");
    await field(page, 'Rule').press('Home');
    await page.getByRole('button', { name: 'Insert resultCount' }).click();
    await expect(field(page, 'Rule')).toHaveValue("resultCount > 3 && 'a' ==");
    await field(page, 'Rule').press('End');
    await page.getByRole('button', { name: 'Insert resultN' }).press('Enter');
    await expect(field(page, 'Rule')).toHaveValue("resultCount > 3 && 'a' == result1");
    await expect(field(page, 'Rule')).toBeFocused();
  });

  test('a rule is checked as it is typed, and the last one counts', async ({ page }) => {
    const fault = page.locator('#rule-fault');
    await open(page, 'new');
    await field(page, 'Rule').fill('nonsense > 1');
    await expect(fault).toHaveText('Rule invalid: there is no output "nonsense"');
    await expect(fault).toHaveAttribute('aria-live', 'polite');
    await expect(field(page, 'Rule')).toHaveAttribute('aria-invalid', 'true');

    /** @type {(() => void)[]} */
    const held = [];
    await page.route('**/api/rules/check', async (route) => {
      if (route.request().postData()?.includes('slow')) {
        await new Promise((resolve) => held.push(() => resolve(null)));
      }
      await route.continue();
    });
    await field(page, 'Rule').fill('slow > 1');
    await expect.poll(() => held.length).toBe(1);
    await field(page, 'Rule').fill('status == 200');
    await expect(fault).toBeEmpty();
    const late = page.waitForResponse((response) => response.status() === 400);
    held[0]();
    await (await late).finished();
    await expect(fault).toBeEmpty();
    await expect(field(page, 'Rule')).not.toHaveAttribute('aria-invalid', 'true');
  });

  test('a rule for another type is at fault after a change of the type', async ({ page }) => {
    await open(page, 'new');
    await field(page, 'Rule').fill('status == 200');
    await page.getByRole('radio', { name: 'Ping' }).check();
    await expect(page.locator('#rule-fault')).toHaveText('Rule invalid: there is no output "status"');
  });

  test('a try that is refused shows the field at fault', async ({ page, target }) => {
    await open(page, 'new');
    await page.getByRole('button', { name: 'Try it' }).click();
    await expect(page.locator('#target-fault')).toHaveText('Missing monitor target');
    await expect(page.locator('#name-fault')).toBeEmpty();
    await field(page, 'Target').fill(target.url);
    await field(page, 'Body regex').fill('(');
    await page.getByRole('button', { name: 'Try it' }).click();
    await expect(page.locator('#property-bodyRegex-fault')).toHaveText(/^Not a regular expression: /);
    await expect(field(page, 'Body regex')).toBeFocused();
  });

  test('where no runner answers, it is said what to do', async ({ page, target }) => {
    const detail = 'no runner ran the check within 10s; is a runner running?';
    await page.route('**/api/monitors/check', (route) =>
      route.fulfill({ status: 504, contentType: 'application/problem+json', body: JSON.stringify({ detail }) }),
    );
    await open(page, 'new');
    await field(page, 'Target').fill(target.url);
    await page.getByRole('button', { name: 'Try it' }).click();
    await expect(page.getByRole('alert').filter({ hasText: detail })).toContainText('start one, or see under About');
    await page.unroute('**/api/monitors/check');
    await page.getByRole('button', { name: 'Try it' }).click();
    await expect(page.getByTestId('trial-status')).toHaveText('OK');
  });
});

test('Try it shows what came of it, and nothing is saved', async ({ page, nanomon, target }) => {
  await open(page, 'new');
  await field(page, 'Target').fill(target.url);
  const trial = page.getByRole('region', { name: 'Try it' });
  const run = trial.getByRole('button', { name: 'Try it' });
  await run.click();
  await expect(page.getByTestId('trial-status')).toHaveText('OK');
  await expect(trial.locator('.verdict')).toContainText(/[\d.]+ ms\s+There is no rule: any answer is OK\./);

  const status = trial.getByRole('row').filter({ hasText: 'status' });
  await expect(status).toContainText('200');
  await expect(trial.getByRole('row').filter({ hasText: 'bodyLen' })).toContainText('5 bytes');
  await field(page, 'Rule').fill('status == 500');
  await expect(trial.getByText('You have changed the form since')).toBeVisible();
  await run.click();
  await expect(page.getByTestId('trial-status')).toHaveText('Error');
  await expect(trial.locator('.verdict')).toContainText('The rule does not hold.');
  target.status = 500;
  await run.click();
  await expect(page.getByTestId('trial-status')).toHaveText('OK');
  await expect(trial.locator('.verdict')).toContainText('The rule holds.');
  await expect(status).toContainText('500');

  await field(page, 'Rule').fill('certExpiryDays > 3');
  await run.click();
  await expect(page.getByTestId('trial-status')).toHaveText('Failed');
  await expect(trial.locator('.verdict')).toContainText('The rule could not be judged.');
  await target.close();
  await run.click();
  await expect(trial.locator('.verdict')).toContainText('The rule was not judged, since the check failed.');
  await expect(trial.locator('.said').first()).not.toBeEmpty();
  expect(await (await fetch(`${nanomon.url}/api/monitors`)).json()).toEqual([]);
});

test('a try can be stopped and made again', async ({ page, target }) => {
  const silent = net.createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (silent.address());
  await open(page, 'new');
  await field(page, 'Target').fill(`http://127.0.0.1:${port}/`);
  await field(page, 'Timeout').fill('1m');
  await page.getByRole('button', { name: 'Try it' }).click();
  await expect(page.getByRole('progressbar')).toBeVisible();
  await expect(page.getByText('A runner checks it: 1 s')).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('progressbar')).toBeHidden();
  await field(page, 'Target').fill(target.url);
  await page.getByRole('button', { name: 'Try it' }).click();
  await expect(page.getByTestId('trial-status')).toHaveText('OK');
  silent.close();
});
