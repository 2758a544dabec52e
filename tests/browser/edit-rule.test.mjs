import { once } from 'node:events';
import net from 'node:net';
import { TEMPLATES } from '../../frontend/app/views/monitor-form/templates.js';
import { expect, test } from './fixtures.mjs';
import { field, open, save, saved, stored } from './form.mjs';

/** @type {Record<string, string>} */
const TARGETS = { http: 'http://127.0.0.1:9', tcp: '127.0.0.1:9', ping: '127.0.0.1', dns: 'localhost', push: '@daily' };
/** @type {Record<string, string>} */
const TITLES = { http: 'HTTP request', tcp: 'TCP port', ping: 'Ping', dns: 'DNS lookup', push: 'Push (cron job)' };

for (const [type, templates] of Object.entries(TEMPLATES)) {
  test(`the API accepts a monitor from each template for ${type}`, async ({ page, nanomon }) => {
    for (const template of templates) {
      await open(page, 'new');
      await page.getByRole('radio', { name: TITLES[type] }).check();
      const chip = page.getByRole('button', { name: template.name });
      await chip.click();
      await expect(chip).toHaveAttribute('aria-pressed', 'true');
      await expect(page.getByText(template.hint)).toBeVisible();
      const target = field(page, type === 'push' ? 'Schedule' : 'Target');
      await expect(target).toHaveAttribute('placeholder', template.target);
      await field(page, 'Name').fill(template.name);
      await target.fill(TARGETS[type]);
      await field(page, 'Enabled').uncheck();
      await save(page);
      const monitor = await stored(nanomon, await saved(page, template.name));
      expect(monitor).toMatchObject({ type, properties: template.properties ?? {} });
      expect(monitor.rule ?? '').toBe(template.rule);
    }
  });
}

test('a template replaces the previous one and can be undone', async ({ page }) => {
  await open(page, 'new');
  await field(page, 'Rule').fill('status == 204');
  await field(page, 'Timeout').fill('7s');
  await page.getByRole('button', { name: 'API returns JSON' }).click();
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

test('inserts the example rule', async ({ page }) => {
  await open(page, 'new');
  await page.getByRole('button', { name: 'Use example' }).click();
  await expect(field(page, 'Rule')).toHaveValue('status == 200 && respTime < 500');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(field(page, 'Rule')).toHaveValue('status >= 200 && status < 400');
});

test.describe('with rejected requests', () => {
  test.use({ requestsFail: true });

  test('inserts the name of an output at the cursor', async ({ page }) => {
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

  for (const [type, title] of Object.entries(TITLES)) {
    test(`the API accepts each function that the form offers for ${type}`, async ({ page, nanomon }) => {
      await open(page, 'new');
      await page.getByRole('radio', { name: title }).check();
      await page.getByText('Functions for the rule').click();
      const list = page.getByRole('list', { name: 'Functions for the rule' });
      await expect(list.getByRole('button')).toHaveCount({ http: 10, push: 9 }[type] ?? 7);
      for (const button of await list.getByRole('button').all()) {
        const call = await button.innerText();
        await field(page, 'Rule').fill("!= 'x'");
        await field(page, 'Rule').press('Home');
        await button.click();
        await expect(field(page, 'Rule')).toHaveValue(`${call} != 'x'`);
        const body = JSON.stringify({ type, rule: `${call} != 'x'` });
        const response = await fetch(`${nanomon.url}/api/rules/check`, { method: 'POST', body });
        expect(response.status, await response.text()).toBe(204);
      }
    });
  }

  test('checks the rule with the outputs that capture adds', async ({ page }) => {
    const error = page.locator('#rule-error');
    await open(page, 'new');
    await field(page, 'Rule').fill('queue < 10');
    await expect(error).toHaveText('Rule invalid: there is no output "queue"');
    await page.getByText('Advanced').click();
    await page.getByRole('group', { name: 'Captured numbers' }).getByRole('button', { name: 'Add row' }).click();
    await field(page, 'Captured numbers 1: name').fill('queue');
    await field(page, 'Captured numbers 1: value').fill('$.queue');
    await expect(error).toBeEmpty();
    await page.getByRole('button', { name: 'Insert queue' }).click();
    await expect(field(page, 'Rule')).toHaveValue('queue < 10 queue');
    await field(page, 'Rule').fill('queue < 10');
    await field(page, 'Captured numbers 1: name').fill('lenN');
    await expect(page.getByRole('button', { name: 'Insert queue' })).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Insert lenN' })).toBeVisible();
    await expect(error).toHaveText('Rule invalid: there is no output "queue"');
  });

  test('checks a rule while it is typed and ignores late responses', async ({ page }) => {
    const error = page.locator('#rule-error');
    await open(page, 'new');
    await field(page, 'Rule').fill('nonsense > 1');
    await expect(error).toHaveText('Rule invalid: there is no output "nonsense"');
    await expect(error).toHaveAttribute('aria-live', 'polite');
    await expect(field(page, 'Rule')).toHaveAttribute('aria-invalid', 'true');

    /** @type {(() => void)[]} */
    const pending = [];
    await page.route('**/api/rules/check', async (route) => {
      if (route.request().postData()?.includes('slow')) {
        await new Promise((resolve) => pending.push(() => resolve(null)));
      }
      await route.continue();
    });
    await field(page, 'Rule').fill('slow > 1');
    await expect.poll(() => pending.length).toBe(1);
    await field(page, 'Rule').fill('status == 200');
    await expect(error).toBeEmpty();
    const late = page.waitForResponse((response) => response.status() === 400);
    pending[0]();
    await (await late).finished();
    await expect(error).toBeEmpty();
    await expect(field(page, 'Rule')).not.toHaveAttribute('aria-invalid', 'true');
  });

  test('checks the rule again after a change of the type', async ({ page }) => {
    await open(page, 'new');
    await field(page, 'Rule').fill('status == 200');
    await page.getByRole('radio', { name: 'Ping' }).check();
    await expect(page.locator('#rule-error')).toHaveText('Rule invalid: there is no output "status"');
  });

  test('a rejected on-demand check shows the invalid field', async ({ page, target }) => {
    await open(page, 'new');
    await page.getByRole('button', { name: 'Run check' }).click();
    await expect(page.locator('#target-error')).toHaveText('Missing monitor target');
    await expect(page.locator('#name-error')).toBeEmpty();
    await field(page, 'Target').fill(target.url);
    await field(page, 'Body regex').fill('(');
    await page.getByRole('button', { name: 'Run check' }).click();
    await expect(page.locator('#property-bodyRegex-error')).toHaveText(/^Not a regular expression: /);
    await expect(field(page, 'Body regex')).toBeFocused();
  });

  test('explains what to do when no runner responds', async ({ page, target }) => {
    const detail = 'no runner ran the check within 10s; is a runner running?';
    await page.route('**/api/monitors/check', (route) =>
      route.fulfill({ status: 504, contentType: 'application/problem+json', body: JSON.stringify({ detail }) }),
    );
    await open(page, 'new');
    await field(page, 'Target').fill(target.url);
    await page.getByRole('button', { name: 'Run check' }).click();
    await expect(page.getByRole('alert').filter({ hasText: detail })).toContainText('Start a runner, or see About');
    await page.unroute('**/api/monitors/check');
    await page.getByRole('button', { name: 'Run check' }).click();
    await expect(page.getByTestId('check-status')).toHaveText('OK');
  });
});

test('an on-demand check shows its result and saves nothing', async ({ page, nanomon, target }) => {
  await open(page, 'new');
  await field(page, 'Target').fill(target.url);
  await field(page, 'Rule').fill('');
  const check = page.getByRole('region', { name: 'On-demand check' });
  const run = check.getByRole('button', { name: 'Run check' });
  await run.click();
  await expect(page.getByTestId('check-status')).toHaveText('OK');
  await expect(check.locator('.verdict')).toContainText(/[\d.]+ ms\s+No rule: any response is OK\./);

  const status = check.getByRole('row').filter({ hasText: 'status' });
  await expect(status).toContainText('200');
  await expect(check.getByRole('row').filter({ hasText: 'bodyLen' })).toContainText('5 bytes');
  await field(page, 'Rule').fill('status == 500');
  await expect(check.getByText('The form has changed since this check.')).toBeVisible();
  await run.click();
  await expect(page.getByTestId('check-status')).toHaveText('Error');
  await expect(check.locator('.verdict')).toContainText('The rule is not met.');
  target.status = 500;
  await run.click();
  await expect(page.getByTestId('check-status')).toHaveText('OK');
  await expect(check.locator('.verdict')).toContainText('The rule is met.');
  await expect(status).toContainText('500');

  await field(page, 'Rule').fill('certExpiryDays > 3');
  await run.click();
  await expect(page.getByTestId('check-status')).toHaveText('Failed');
  await expect(check.locator('.verdict')).toContainText('The rule could not be evaluated.');
  await target.close();
  await run.click();
  await expect(check.locator('.verdict')).toContainText('The check failed, so the rule was not evaluated.');
  await expect(check.locator('.detail').first()).not.toBeEmpty();
  expect(await (await fetch(`${nanomon.url}/api/monitors`)).json()).toEqual([]);
});

test('an on-demand check can be stopped and repeated', async ({ page, target }) => {
  const silent = net.createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (silent.address());
  await open(page, 'new');
  await field(page, 'Target').fill(`http://127.0.0.1:${port}/`);
  await field(page, 'Timeout').fill('1m');
  await page.getByRole('button', { name: 'Run check' }).click();
  await expect(page.getByRole('progressbar')).toBeVisible();
  await expect(page.getByText('Checking… 1 s')).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('progressbar')).toBeHidden();
  await field(page, 'Target').fill(target.url);
  await page.getByRole('button', { name: 'Run check' }).click();
  await expect(page.getByTestId('check-status')).toHaveText('OK');
  silent.close();
});

test('a new HTTP monitor starts with the rule of the first template', async ({ page, nanomon, target }) => {
  await open(page, 'new');
  await expect(field(page, 'Rule')).toHaveValue('status >= 200 && status < 400');
  await expect(page.getByRole('button', { name: 'Website is up' })).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await expect(page.getByRole('heading', { name: 'Monitors' })).toBeVisible();
  await open(page, 'new');
  await page.getByRole('radio', { name: 'TCP' }).check();
  await expect(field(page, 'Rule')).toHaveValue('');
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await open(page, id);
  await expect(field(page, 'Rule')).toHaveValue('');
  expect((await (await fetch(`${nanomon.url}/api/monitors/${id}`)).json()).rule).toBeUndefined();
});

test('a stored value that is no choice stays chosen', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await page.route(`**/api/monitors/${id}`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), properties: { method: 'PURGE' } } });
  });
  await open(page, id);
  await expect(field(page, 'Method')).toHaveValue('PURGE');
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  for (const [rule, hint, mistake] of /** @type {const} */ ([
    ['status = 200', 'Write == instead of = at character 8.', '='],
    ['status == 200 AND respTime < 5', 'Write && instead of AND at character 15.', 'AND'],
    ['body contains "x"', 'Write =~ instead of contains at character 6', 'contains'],
    ['body.x == 1', "Write json('$.x') instead of body.x at character 1.", 'body.x'],
  ])) {
    test(`the error in the rule ${rule} says what to write instead, and marks the place`, async ({ page }) => {
      await open(page, 'new');
      await field(page, 'Rule').fill(rule);
      await expect(page.locator('#rule-error')).toContainText(hint);
      await expect(page.locator('.marked mark')).toHaveText(mistake);
      await expect(page.locator('.marked')).toHaveText(rule);
      await field(page, 'Rule').fill('status == 200');
      await expect(page.locator('.marked')).toHaveCount(0);
    });
  }
});
