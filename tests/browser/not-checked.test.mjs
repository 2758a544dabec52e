import { expect, row, test } from './fixtures.mjs';

/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

/**
 * Returns a monitor as the page reads it.
 * @param {NanoMon} nanomon
 * @param {string} id
 */
async function read(nanomon, id) {
  return (await fetch(`${nanomon.url}/api/monitors/${id}?include=latest,history`)).json();
}

/**
 * Waits for the first result of a monitor.
 * @param {NanoMon} nanomon
 * @param {string} id
 */
async function firstResult(nanomon, id) {
  await expect.poll(async () => (await read(nanomon, id)).latest?.status).toBe(0);
}

test('a monitor in quarantine shows everywhere that it is not checked, and why, until it is edited', async ({
  page,
  nanomon,
  target,
}) => {
  const reason = 'the check of "Shop" brought this runner down; edit the monitor';
  const id = await nanomon.add({ name: 'Shop', target: target.url });
  await nanomon.add({ name: 'Mill', target: target.url });
  await firstResult(nanomon, id);
  await nanomon.quarantine(id);

  await page.goto('/#list');
  const badge = row(page, 'Shop').locator('.badge');
  await expect(badge).toHaveText('Not checked');
  await expect(row(page, 'Shop').locator('.state')).toHaveAttribute('title', new RegExp(reason));
  await expect(row(page, 'Mill').locator('.badge')).toHaveText('OK');
  await page.getByRole('button', { name: 'Not checked 1', exact: true }).click();
  await expect(page.getByText('1 of 2 monitors')).toBeVisible();
  await page.getByRole('button', { name: 'Check now: Shop' }).click();
  await expect(page.locator('.toast')).toContainText(`The last one was not made: ${reason}`);

  await page.goto('/#wall');
  await expect(page.getByRole('heading', { name: '1 not checked' })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Not OK' })).toContainText(reason);

  await page.goto(`/#monitor/${id}`);
  await expect(page.getByTestId('status')).toHaveText('Not checked');
  const notice = page.getByRole('alert').filter({ hasText: 'Not checked since' });
  await expect(notice).toContainText(reason);
  await page.getByRole('button', { name: 'Check now' }).click();
  await expect(page.locator('.toast').last()).toContainText(`The last one was not made: ${reason}`);
  const address = `${nanomon.url}/api/monitors/${id}`;
  const edited = { ...(await (await fetch(address)).json()), interval: '2s' };
  await fetch(address, { method: 'PUT', body: JSON.stringify(edited) });
  await expect(page.getByTestId('status')).toHaveText('OK');
  await expect(notice).toBeHidden();
});

test.describe('with little memory', () => {
  test.use({ settings: { CHECK_MEMORY: '1MiB' } });

  test('an open page shows when a monitor is no longer checked, and when it is checked again', async ({
    page,
    nanomon,
    target,
  }) => {
    const properties = { maxBody: '8MiB' };
    const id = await nanomon.add({
      name: 'Shop',
      target: target.url,
      rule: "body =~ '^h'",
      properties,
    });
    await firstResult(nanomon, id);
    const list = await page.context().newPage();
    await list.goto(`${nanomon.url}/#list`);
    await page.goto(`/#monitor/${id}`);
    const [badge, status] = [row(list, 'Shop').locator('.badge'), page.getByTestId('status')];
    await expect(badge).toHaveText('OK');
    await expect(status).toHaveText('OK');

    target.body = 'h'.repeat(4 << 20);
    await expect(badge).toHaveText('Not checked');
    await expect(status).toHaveText('Not checked');
    const notice = page.getByRole('alert').filter({ hasText: 'increase CHECK_MEMORY' });
    await expect(notice).toBeVisible();
    await page.goto('/#about');
    await expect(page.getByText('1 not checked')).toHaveCount(2);
    await page.goto(`/#monitor/${id}`);
    await expect(notice).toBeVisible();

    target.body = 'bye';
    await expect(badge).toHaveText('Error');
    await expect(notice).toBeHidden();
    target.body = 'h'.repeat(4 << 20);
    await expect(row(list, 'Shop').locator('.mark')).toHaveText('Not checked');
    await expect(badge).toHaveText('Error');
    await expect(page.getByTestId('mark')).toHaveText('Not checked');
    await expect(status).toHaveText('Error');

    target.body = 'hello';
    await expect(badge).toHaveText('OK');
    await expect(status).toHaveText('OK');
    await expect(notice).toBeHidden();
  });
});
