// The messages and the badges of a status page, and the maintenance that it shows.
import { expectNoViolations } from './axe.mjs';
import { expect, test } from './fixtures.mjs';
import { field, save } from './form.mjs';
import { signIn, test as withSignIn } from './sign-in-fixtures.mjs';

/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

test.use({ bypassCSP: true, timezoneId: 'UTC' });

/**
 * Creates a status page with one entry with the API.
 * @param {NanoMon} nanomon
 * @param {object} [members]
 */
async function addPage(nanomon, members) {
  const monitor = await nanomon.add({
    name: 'Cards',
    type: 'tcp',
    target: '127.0.0.1:1',
    interval: '1h',
    enabled: false,
  });
  const body = {
    slug: 'shop',
    title: 'Shop',
    sections: [{ entries: [{ name: 'Card payments', monitor }] }],
    show: { uptime: true, responseTime: false, incidents: true },
    ...members,
  };
  const response = await fetch(`${nanomon.url}/api/status-pages`, { method: 'POST', body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return response.json();
}

/** @param {NanoMon} nanomon @param {string} id of a status page */
async function messagesOf(nanomon, id) {
  return (await fetch(`${nanomon.url}/api/status-pages/${id}/messages`)).json();
}

test.describe('messages', () => {
  test.use({ requestsFail: true });

  test('a message is published, updated, resolved, edited and deleted', async ({ page, nanomon }) => {
    const { id, sections } = await addPage(nanomon);
    await page.goto(`/#status-page/${id}`);
    const text = () => page.getByRole('textbox', { name: 'Text' });
    await page.getByRole('button', { name: 'New message' }).click();
    await expect(field(page, 'Title')).toBeFocused();
    await expectNoViolations(page);
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(page.getByText('Title is missing')).toBeVisible();
    await field(page, 'Title').fill('Cards fail');
    await page.getByRole('checkbox', { name: 'Card payments' }).check();
    await text().fill('We **look** at it.');
    await page.getByRole('link', { name: 'All status pages' }).click();
    await page.getByRole('dialog', { name: 'Leave without saving?' }).getByRole('button', { name: 'Stay' }).click();
    await page.getByRole('button', { name: 'Publish' }).click();
    const item = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Cards fail' }) });
    await expect(item).toContainText('Affects Card payments');
    await expect(item.locator('.badge')).toHaveText('Investigating');
    await expect(item).toContainText('We look at it.');

    await page.getByRole('button', { name: 'Add update: Cards fail' }).click();
    await expect(text()).toBeFocused();
    await page.getByRole('radio', { name: 'Monitoring' }).check();
    await text().fill('It works again.');
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(item.locator('.badge')).toHaveText('Monitoring');
    await page.getByRole('button', { name: 'Resolve: Cards fail' }).click();
    await text().fill('Over.');
    await field(page, 'Time').fill('2030-01-01T10:00');
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(page.getByText('Time must not be in the future')).toBeVisible();
    await field(page, 'Time').fill('');
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(item.locator('.badge')).toHaveText('Resolved');
    await expect(item.getByRole('list').getByRole('listitem')).toContainText(['Over.', 'It works', 'look']);

    await page.getByRole('button', { name: 'Edit: Cards fail' }).click();
    await page.getByRole('button', { name: 'Remove update 2' }).click();
    await field(page, 'Title').fill('Cards failed');
    await save(page);
    await expect(page.getByRole('heading', { name: 'Cards failed' })).toBeVisible();
    expect(await messagesOf(nanomon, id)).toMatchObject([
      {
        title: 'Cards failed',
        entries: [sections[0].entries[0].id],
        updates: [
          { state: 'investigating', text: 'We **look** at it.' },
          { state: 'resolved', text: 'Over.' },
        ],
      },
    ]);
    await page.getByRole('button', { name: 'Delete: Cards failed' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(page.getByText('No messages yet.')).toBeVisible();
  });

  test('Cancel asks before a text is lost, and the focus stays in the messages', async ({ page, nanomon }) => {
    const { id } = await addPage(nanomon);
    const body = JSON.stringify({ title: 'Slow', updates: [{ state: 'investigating', text: 'First.' }] });
    await fetch(`${nanomon.url}/api/status-pages/${id}/messages`, { method: 'POST', body });
    await page.goto(`/#status-page/${id}`);
    const cancel = page.getByRole('button', { name: 'Cancel', exact: true });
    const text = page.getByRole('textbox', { name: 'Text' });
    const dialog = page.getByRole('dialog', { name: 'Close without saving?' });
    await page.getByRole('button', { name: 'New message' }).click();
    await expect(page.getByText('Time zone: UTC.')).toBeVisible();
    await cancel.click();
    await expect(page.getByRole('button', { name: 'New message' })).toBeFocused();
    await page.getByRole('button', { name: 'Add update: Slow' }).click();
    await text.fill('Second.');
    await cancel.click();
    await dialog.getByRole('button', { name: 'Stay' }).click();
    await expect(text).toHaveValue('Second.');
    await cancel.click();
    await expectNoViolations(page);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await expect(text).toHaveCount(0);
    await expect(page.getByRole('heading', { name: 'Slow' })).toBeFocused();
    await page.getByRole('button', { name: 'Add update: Slow' }).click();
    await text.fill('Third.');
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(page.getByText('Third.')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Slow' })).toBeFocused();
  });

  test('an update that someone else adds is not lost', async ({ page, nanomon }) => {
    const { id } = await addPage(nanomon);
    const path = `${nanomon.url}/api/status-pages/${id}/messages`;
    const body = JSON.stringify({ title: 'Slow', updates: [{ state: 'investigating', text: 'First.' }] });
    const message = await (await fetch(path, { method: 'POST', body })).json();
    await page.goto(`/#status-page/${id}`);
    await page.getByRole('button', { name: 'Edit: Slow' }).click();
    await field(page, 'Title').fill('Very slow');
    const update = JSON.stringify({ state: 'identified', text: 'Second.' });
    expect((await fetch(`${path}/${message.id}/updates`, { method: 'POST', body: update })).status).toBe(200);
    await save(page);
    const review = page.getByRole('region', { name: 'Someone else changed this message' });
    await expect(review.getByRole('group', { name: 'Updates' }).getByLabel('Saved by someone else')).toBeChecked();
    await expectNoViolations(page);
    await save(page);
    await expect(page.getByRole('heading', { name: 'Very slow' })).toBeVisible();
    expect(await messagesOf(nanomon, id)).toMatchObject([
      { title: 'Very slow', updates: [{ text: 'First.' }, { text: 'Second.' }] },
    ]);
  });

  test('a text is not lost when someone else deletes the message', async ({ page, nanomon }) => {
    const { id } = await addPage(nanomon);
    const path = `${nanomon.url}/api/status-pages/${id}/messages`;
    const body = JSON.stringify({ title: 'Slow', updates: [{ state: 'investigating', text: 'First.' }] });
    const message = await (await fetch(path, { method: 'POST', body })).json();
    await page.goto(`/#status-page/${id}`);
    await expect(page.locator('.connection')).toHaveText('Live');
    await page.getByRole('button', { name: 'Add update: Slow' }).click();
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.fill('Second.');
    await fetch(`${path}/${message.id}`, { method: 'DELETE' });
    await expect(page.getByText('This message has been deleted. You can publish it as a new one.')).toBeVisible();
    await expect(text).toHaveValue('Second.');
    await page.getByRole('button', { name: 'Publish' }).click();
    await expect(page.getByText('Saved Slow')).toBeVisible();
    expect(await messagesOf(nanomon, id)).toMatchObject([{ title: 'Slow', updates: [{ text: 'Second.' }] }]);
  });
});

test('badges that exist can be copied', async ({ page, context, nanomon }) => {
  const { id, sections } = await addPage(nanomon);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: nanomon.url });
  const badge = `${nanomon.url}/badges/shop/${sections[0].entries[0].id}`;
  await expect.poll(async () => (await fetch(`${badge}/status.svg`)).status).toBe(200);
  await page.goto(`/#status-page/${id}`);
  await page.locator('summary').filter({ hasText: 'Badges' }).click();
  await expect(page.getByRole('img', { name: 'Badge of Card payments' })).toBeVisible();
  await expect(page.getByRole('radio', { name: 'Response time' })).toHaveCount(0); // The page does not show it.
  await page.getByRole('radio', { name: 'Uptime' }).check();
  await page.getByRole('radio', { name: '7d' }).check();
  await expect(page.getByText('URL', { exact: true })).toBeVisible();
  await expectNoViolations(page);
  for (const hash of ['messages', 'badges']) {
    await expect(page.locator(`a[href="./docs/status-pages#${hash}"]`)).toBeVisible();
  }
  const page_ = `${nanomon.url}/status/shop`;
  for (const [name, text] of [
    ['Markdown', `[![Card payments](${badge}/uptime.svg?window=7d)](${page_})`],
    ['HTML', `<a href="${page_}"><img src="${badge}/uptime.svg?window=7d" alt="Card payments"></a>`],
    ['URL', `${badge}/uptime.svg?window=7d`],
    ['shields.io', `https://img.shields.io/endpoint?url=${encodeURIComponent(`${badge}/uptime.json?window=7d`)}`],
  ]) {
    await page.getByRole('button', { name: `Copy ${name}` }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  }
  await page.getByRole('button', { name: 'Copy address' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(page_);
});

test('a page with a password has no badges', async ({ page, nanomon }) => {
  const { id } = await addPage(nanomon, { visibility: 'password', password: 'long enough' });
  await page.goto(`/#status-page/${id}`);
  await page.locator('summary').filter({ hasText: 'Badges' }).click();
  await expect(page.getByText('A page with a password has no badges')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Copy Markdown' })).toBeHidden();
});

test('a maintenance window is shown on status pages under its public name', async ({ page, nanomon }) => {
  await nanomon.add({ name: 'Cards', type: 'tcp', target: '127.0.0.1:1', interval: '1h', enabled: false });
  const windows = async () => (await fetch(`${nanomon.url}/api/maintenance`)).json();
  await page.goto('/#maintenance/new');
  await field(page, 'Name').fill('db-7 disks');
  await page.getByRole('checkbox', { name: /^Cards/ }).check();
  await page.getByRole('checkbox', { name: 'Show on status pages' }).check();
  await field(page, 'Public name').fill('Faster database');
  await save(page);
  await expect(page.getByText('Saved db-7 disks')).toBeVisible();
  expect(await windows()).toMatchObject([{ public: true, publicName: 'Faster database' }]);
  await page.getByRole('link', { name: 'Edit: db-7 disks' }).click();
  await expect(field(page, 'Public name')).toHaveValue('Faster database');
  await page.getByRole('checkbox', { name: 'Show on status pages' }).uncheck();
  await save(page);
  await expect(page.getByText('Saved db-7 disks').first()).toBeVisible();
  await expect.poll(async () => (await windows())[0].public).toBeUndefined();
});

withSignIn('status pages are for people who have signed in', async ({ page }) => {
  for (const address of ['#status-pages', '#status-pages/new']) {
    await page.goto(`/${address}`);
    await expect(page.getByRole('main').getByRole('button', { name: 'Sign in' })).toBeVisible();
  }
  await signIn(page);
  await page.goto('/#status-pages');
  await page.getByRole('link', { name: 'Create your first status page' }).click();
  await expect(field(page, 'Title')).toBeFocused();
});
