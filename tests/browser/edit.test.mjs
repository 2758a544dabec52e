import { expect, test } from './fixtures.mjs';
import { field, open, put, save, saved, stored } from './form.mjs';

const HOSTILE = [
  '<img src=x onerror="document.body.dataset.hit=1"> &amp; "quoted"',
  'שרת ראשי gnp.exe',
  '🛰️'.repeat(40),
  'x'.repeat(300),
];

test('an empty list links to the form for a new monitor', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Create your first monitor' }).click();
  await expect(page.getByRole('heading', { name: 'New monitor' })).toBeVisible();
  await expect(field(page, 'Name')).toBeFocused();
});

test('saves a new monitor with all entered values', async ({ page, nanomon, target }) => {
  await nanomon.add({ name: 'Mill', target: target.url, interval: '1h', group: 'Public' });
  await open(page, 'new');
  await expect(page.locator('#groups option')).toHaveAttribute('value', 'Public');
  await field(page, 'Name').fill('Shop');
  await field(page, 'Target').fill(` ${target.url} `);
  await page.getByRole('button', { name: '15m' }).click();
  await field(page, 'Group').fill('Public');
  await field(page, 'Rule').fill('status == 200 && respTime < 5000');
  await field(page, 'Method').selectOption('POST');
  await field(page, 'Timeout').fill(' 3s ');
  await field(page, 'Body').fill('one\ntwo');
  await page.getByRole('button', { name: 'Add row' }).click();
  await expect(field(page, 'Headers 1: name')).toBeFocused();
  await page.keyboard.type('Accept');
  await field(page, 'Headers 1: value').fill('text/plain');
  await page.getByText('Advanced', { exact: true }).click();
  await field(page, 'Maximum body').fill('64KiB ');
  await field(page, 'Validate TLS').uncheck();
  await page.getByText('Notifications', { exact: true }).click();
  await field(page, 'Failure count').fill('5');
  await expect(field(page, 'Failure count')).toHaveAttribute('inputmode', 'numeric');
  await expect(page.locator('#monitors option')).toHaveAttribute('value', 'Mill');
  await save(page);

  const id = await saved(page, 'Shop');
  expect(await stored(nanomon, id)).toMatchObject({
    name: 'Shop',
    target: target.url,
    interval: '15m',
    group: 'Public',
    rule: 'status == 200 && respTime < 5000',
    enabled: true,
    properties: {
      method: 'POST',
      timeout: '3s',
      body: 'one\ntwo',
      headers: '{"Accept":"text/plain"}',
      maxBody: '64KiB',
      validateTLS: 'false',
      alertFailCount: '5',
    },
  });
});

test('every type has a field with help for each of its properties', async ({ page, nanomon }) => {
  const types = await (await fetch(`${nanomon.url}/api/monitor-types`)).json();
  await open(page, 'new');
  for (const spec of types) {
    await page.getByRole('radio', { name: spec.title }).check();
    const target = field(page, spec.push ? 'Schedule' : 'Target');
    await expect(target).toHaveAttribute('placeholder', spec.exampleTarget);
    await expect(page.locator('[data-field^="property-"]')).toHaveCount(spec.properties.length);
    for (const { name, doc, kind, default: standard } of spec.properties) {
      const input = page.locator(`#property-${name}`);
      await expect(input).toHaveCount(1);
      await expect(page.locator(`#property-${name}-help`)).toHaveText(doc);
      if (['duration', 'integer', 'bytes', 'text'].includes(kind) && standard) {
        await expect(input).toHaveAttribute('placeholder', standard);
      }
      if (kind === 'bool') {
        await expect(input).toBeChecked({ checked: standard === 'true' });
      }
      if (kind === 'choice') {
        await expect(input.locator('option').first()).toHaveText(`${standard} (default)`);
      }
    }
    await expect(page.getByRole('list', { name: 'Outputs for the rule' }).getByRole('button')).toHaveText(
      spec.outputs.map((/** @type {{name: string}} */ { name }) => name),
    );
  }
});

test('values entered for one type survive a change of the type', async ({ page }) => {
  await open(page, 'new');
  await field(page, 'User agent').evaluate((input) => input.closest('details')?.setAttribute('open', ''));
  await field(page, 'User agent').fill('curious');
  await page.getByRole('radio', { name: 'Ping' }).check();
  await expect(field(page, 'User agent')).toHaveCount(0);
  await page.getByRole('radio', { name: 'HTTP request' }).check();
  await expect(field(page, 'User agent')).toHaveValue('curious');
});

test('edits a monitor and unsets cleared properties', async ({ page, nanomon, target }) => {
  const properties = {
    method: 'HEAD',
    timeout: '2s',
    headers: '{"Accept": "text/plain", "X-A": "1"}',
    alertMute: 'true',
  };
  const id = await nanomon.add({ name: 'Shop', target: target.url, rule: 'status == 200', properties });
  await open(page, id);
  await expect(page.getByRole('heading', { name: 'Edit Shop' })).toBeVisible();
  await expect(field(page, 'Rule')).toHaveValue('status == 200');
  await expect(field(page, 'Method')).toHaveValue('HEAD');
  await expect(field(page, 'Headers 2: value')).toHaveValue('1');
  await expect(field(page, 'Mute notifications')).toBeChecked();
  await expect(field(page, 'Mute notifications')).toBeVisible();
  await expect(field(page, 'Validate TLS')).toBeHidden();

  await field(page, 'Name').fill('Shop in Bern');
  await field(page, 'Method').selectOption('GET (default)');
  await field(page, 'Timeout').fill('');
  await page.getByRole('button', { name: 'Remove Headers 1' }).click();
  await field(page, 'Mute notifications').uncheck();
  await field(page, 'Enabled').uncheck();
  await field(page, 'Name').press('Control+Enter');
  await saved(page, 'Shop in Bern');
  const monitor = await stored(nanomon, id);
  expect(monitor).toMatchObject({ name: 'Shop in Bern', enabled: false, rule: 'status == 200' });
  expect(monitor.properties).toEqual({ headers: '{"X-A":"1"}' });
});

test('a clone is a new monitor with the focus on its name', async ({ page, nanomon, target }) => {
  const properties = { headers: '{"Accept": "text/plain"}' };
  const id = await nanomon.add({
    name: 'Shop',
    target: target.url,
    rule: 'status == 200',
    group: 'Public',
    properties,
  });
  await open(page, `new?from=${id}`);
  await expect(field(page, 'Name')).toHaveValue('Shop (copy)');
  await expect(field(page, 'Name')).toBeFocused();
  await save(page);
  const copy = await stored(nanomon, await saved(page, 'Shop (copy)'));
  const original = await stored(nanomon, id);
  expect(copy.id).not.toBe(id);
  expect({ ...copy, id: '', name: '', updated: '' }).toEqual({ ...original, id: '', name: '', updated: '' });
});

test('hostile names are shown as text', async ({ page, nanomon, target }) => {
  for (const name of HOSTILE) {
    const id = await nanomon.add({ name, target: target.url, interval: '1h', group: name.slice(0, 100) });
    await open(page, id);
    await expect(field(page, 'Name')).toHaveValue(name);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Edit ${name}`);
    await open(page, `new?from=${id}`);
    await expect(field(page, 'Name')).toHaveValue(/ \(copy\)$/);
    await save(page);
    await expect.poll(() => page.evaluate(() => location.hash)).toMatch(/^#monitor\//);
    expect(await page.evaluate(() => document.body.dataset.hit)).toBeUndefined();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  }
});

test('screen readers read the help and the error of a field with its control', async ({ page }) => {
  await open(page, 'new');
  await expect(field(page, 'Target')).toHaveAccessibleDescription(/^a URL that starts with /i);
  await expect(field(page, 'Timeout')).toHaveAccessibleDescription(/^maximum duration /i);
  await expect(page.getByRole('group', { name: 'Headers' })).toHaveAccessibleDescription(/^the request headers, /i);
  await expect(page.getByRole('switch', { name: 'Enabled' })).toHaveAccessibleDescription(/^A disabled monitor /);
  await save(page);
  await expect(field(page, 'Target')).toHaveAccessibleDescription(/^a URL .* Missing monitor target$/i);
  await expect(page.locator('#target-error')).toHaveAttribute('aria-live', 'polite');
});

test('reports missing values before anything is sent', async ({ page, nanomon, target }) => {
  await open(page, 'new');
  await field(page, 'Interval').fill('0.5s');
  await save(page);
  await expect(page.locator('#name-error')).toHaveText('Missing monitor name');
  await expect(page.locator('#target-error')).toHaveText('Missing monitor target');
  await expect(page.locator('#interval-error')).toHaveText('Monitor interval must be greater than 1s');
  await expect(field(page, 'Name')).toBeFocused();
  await expect(field(page, 'Name')).toHaveAttribute('aria-invalid', 'true');
  await page.keyboard.type('Shop');
  await expect(page.locator('#name-error')).toBeEmpty();
  await expect(field(page, 'Name')).not.toHaveAttribute('aria-invalid', 'true');
  await field(page, 'Target').fill(target.url);
  await field(page, 'Interval').fill('');
  await save(page);
  await expect(page.locator('#interval-error')).toHaveText('Missing monitor interval');
  await page.getByRole('button', { name: '1h' }).click();
  await expect(page.locator('#interval-error')).toBeEmpty();
  await save(page);
  expect(await stored(nanomon, await saved(page, 'Shop'))).toMatchObject({ interval: '1h' });
});

for (const [name, text, error] of [
  ['Timeout', 'soon', '"soon" is not a duration, use for example 500ms or 5s'],
  ['Timeout', '11m', '11m is too long, at most 10m is allowed'],
  ['Maximum body', '1GB', '"1GB" is not a size, use for example 65536, 64KiB or 1MiB'],
  ['Maximum body', '65MiB', '68157440 is too large, at most 67108864 is allowed'],
  ['Failure count', '1.5', '"1.5" is not a whole number'],
  ['Failure count', '0', '0 is too small, at least 1 is needed'],
  ['Interval', 'often', 'Invalid monitor interval'],
]) {
  test(`${name} is validated when it loses the focus: ${text}`, async ({ page }) => {
    await open(page, 'new');
    const input = field(page, name);
    await input.evaluate((element) => element.closest('details')?.setAttribute('open', ''));
    await input.fill(text);
    await input.press('Tab');
    const shown = page.locator('[data-field]').filter({ has: input }).locator('.field-error');
    await expect(shown).toHaveText(error);
    await input.fill('');
    await expect(shown).toBeEmpty();
  });
}

test('Cancel asks only if there are unsaved changes', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await open(page, id);
  await field(page, 'Name').fill('Other');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Stay' }).click();
  await expect(field(page, 'Name')).toHaveValue('Other');
  await field(page, 'Name').fill('Shop');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await expect(page.getByRole('heading', { name: 'Shop', exact: true })).toBeVisible();
  await expect(page.getByRole('dialog')).toBeHidden();
  expect(await stored(nanomon, id)).toMatchObject({ name: 'Shop' });
});

test('shows a change by someone else and loads it on request', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await open(page, id);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await field(page, 'Name').fill('Mine');
  await put(nanomon, id, { name: 'Theirs', target: target.url });
  await expect(page.getByText('Someone else changed this monitor')).toBeVisible();
  await expect(field(page, 'Name')).toHaveValue('Mine');
  await page.getByRole('button', { name: 'Discard my changes and reload' }).click();
  await expect(field(page, 'Name')).toHaveValue('Theirs');
  await expect(page.getByText('Someone else changed this monitor')).toBeHidden();
});

test('a monitor deleted by someone else can be saved as a new one', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await open(page, id);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await field(page, 'Name').fill('Shop again');
  await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' });
  await expect(page.getByText('This monitor has been deleted.')).toBeVisible();
  await page.getByRole('button', { name: 'Save as new monitor' }).click();
  expect(await saved(page, 'Shop again')).not.toBe(id);
});

test.describe('with failing requests', () => {
  test.use({ requestsFail: true });

  test('detects a deleted monitor on saving when there is no event stream', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url });
    await page.route('**/api/events', (route) => route.abort());
    await open(page, id);
    await field(page, 'Name').fill('Shop again');
    await fetch(`${nanomon.url}/api/monitors/${id}`, { method: 'DELETE' });
    await save(page);
    await page.getByRole('button', { name: 'Save as new monitor' }).click();
    expect(await saved(page, 'Shop again')).not.toBe(id);
  });

  for (const [name, entered, error] of [
    ['Target', 'not a URL', /^Invalid monitor target: /],
    ['Group', 'x'.repeat(101), 'Monitor group has 101 characters, at most 100 are allowed'],
    ['Body regex', '(', /^Not a regular expression: /],
    ['User agent', 'a\tb\u0007', /^Contains characters that are not allowed in a header/],
    ['Rule', 'nonsense > 1', /^Rule invalid: .*nonsense/],
  ]) {
    test(`an error of the API is shown at ${name}`, async ({ page, target }) => {
      await open(page, 'new');
      await field(page, 'Name').fill('Shop');
      await field(page, 'Target').fill(target.url);
      const input = field(page, String(name));
      await input.evaluate((element) => element.closest('details')?.setAttribute('open', ''));
      await input.fill(String(entered));
      await input.evaluate((element) => element.closest('details')?.removeAttribute('open'));
      await save(page);
      await expect(page.locator('[data-field]').filter({ has: input }).locator('.field-error')).toHaveText(error);
      await expect(input).toBeFocused();
      await expect(input).toHaveValue(String(entered));
    });
  }

  test('a failed save keeps the entered values', async ({ page, nanomon, target }) => {
    const id = await nanomon.add({ name: 'Shop', target: target.url, interval: '1h' });
    await open(page, id);
    await field(page, 'Name').fill('Shop in Bern');
    await field(page, 'Timeout').fill('4s');
    await nanomon.stop();
    await save(page);
    await expect(page.getByText('Could not reach the API.')).toBeVisible();
    await expect(field(page, 'Name')).toHaveValue('Shop in Bern');
    await expect(field(page, 'Timeout')).toHaveValue('4s');
    await nanomon.start();
    await save(page);
    await saved(page, 'Shop in Bern');
    expect(await stored(nanomon, id)).toMatchObject({ properties: { timeout: '4s' } });
  });

  test('shows an error for a monitor that does not exist', async ({ page }) => {
    await page.goto('/#edit/0123456789abcdef01234567');
    await expect(page.getByRole('alert')).toContainText('This monitor does not exist.');
    await page.getByRole('link', { name: 'All monitors' }).click();
    await expect(page.getByText('No monitors yet')).toBeVisible();
  });
});

test('shows booleans in each spelling that the API accepts', async ({ page, nanomon, target }) => {
  const id = await nanomon.add({ name: 'Mill', target: target.url, interval: '1h' });
  await page.route(`**/api/monitors/${id}*`, async (route) => {
    const response = await route.fetch();
    const properties = { validateTLS: 'True', followRedirects: '0', keepAlive: ' false ', alertMute: '1' };
    await route.fulfill({ response, json: { ...(await response.json()), properties } });
  });
  await open(page, id);
  await expect(field(page, 'Validate TLS')).toBeChecked();
  await expect(field(page, 'Follow redirects')).not.toBeChecked();
  await expect(field(page, 'Keep alive')).not.toBeChecked();
  await expect(field(page, 'Mute notifications')).toBeChecked();
});
