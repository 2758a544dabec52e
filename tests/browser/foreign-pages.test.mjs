// Pages of other sites in a real browser, and NanoMon under several host names.
import { once } from 'node:events';
import http from 'node:http';
import config from '../../frontend/playwright.config.js';
import { expect, test } from './fixtures.mjs';
import { field, save, saved } from './form.mjs';
import { freePort, NanoMon } from './nanomon.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */

// nas.lan and nas stand for names in a local network: plain http, so that browsers send no Sec-Fetch-Site.
const NAMES = ['attacker.example', 'nas.lan', 'nas'];
const options = /** @type {{executablePath?: string, args: string[]}} */ (config.use?.launchOptions);
test.describe.configure({ timeout: 90_000 }); // each test starts a NanoMon, and the first ones a browser
test.use({
  requestsFail: true,
  launchOptions: {
    ...options,
    args: options.args.map((arg) =>
      arg.replace('MAP * ~NOTFOUND', `${NAMES.map((name) => `MAP ${name} 127.0.0.1`).join(', ')}, MAP * ~NOTFOUND`),
    ),
  },
});

const MONITOR = { name: 'forged', type: 'http', interval: '1h', target: 'http://127.0.0.1:1/' };

/**
 * Starts a web server and returns its port.
 * @param {http.RequestListener} respond
 */
async function serve(respond) {
  const server = http.createServer(respond).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { port, close: () => (server.closeAllConnections(), server.close()) };
}

/**
 * What a page of another site tries. Returns what it could read, and sends what it can't read.
 * @param {{api: string, monitor: object}} input
 */
async function attack({ api, monitor }) {
  const body = JSON.stringify(monitor);
  const json = { 'Content-Type': 'application/json' };
  const read = (/** @type {string} */ path, /** @type {RequestInit} */ init) =>
    fetch(api + path, init).then(
      async (response) => `${path}: ${response.status} ${await response.text()}`,
      () => '',
    );
  const readable = [
    await read('/monitors', {}),
    await read('/monitors', { method: 'POST', headers: json, body }),
    await read('/monitors/check', { method: 'POST', body }),
    await read('/monitors', { method: 'POST', mode: 'no-cors', body }),
    await new Promise((resolve) => {
      const stream = new EventSource(`${api}/events`);
      stream.onopen = () => (stream.close(), resolve('/events: open'));
      stream.onerror = () => (stream.close(), resolve(''));
    }),
  ];
  return readable.filter((text) => text && !text.endsWith(': 0 '));
}

/**
 * Sends a form without an encoding, whose body is valid JSON, and waits for the response.
 * @param {Page} page
 * @param {string} api
 */
async function sendForm(page, api) {
  const name = JSON.stringify({ ...MONITOR, group: '' }).replace(/"}$/, '');
  const responded = page.waitForResponse(`${api}/monitors`);
  await page.evaluate(
    ({ action, name }) => {
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', enctype: 'text/plain', action, target: 'frame' });
      const field = document.createElement('input');
      Object.assign(field, { name, value: '"}' });
      const frame = document.createElement('iframe');
      frame.name = 'frame';
      form.append(field);
      document.body.append(frame, form);
      form.submit();
    },
    { action: `${api}/monitors`, name },
  );
  return (await responded).status();
}

/** @param {NanoMon} nanomon @returns {Promise<{name: string}[]>} */
const monitorsOf = async (nanomon) => (await fetch(`${nanomon.url}/api/monitors`)).json();

for (const [kind, origins] of [
  ['by default', ''],
  ['with CORS_ORIGINS', 'https://wall.example.org'],
]) {
  for (const host of ['attacker.example', '127.0.0.1']) {
    test(`a page of ${host} neither reads nor changes anything ${kind}`, async ({ browser }) => {
      const nanomon = new NanoMon({ CORS_ORIGINS: origins });
      const evil = await serve((_, response) => response.setHeader('Content-Type', 'text/html').end('<p>hello</p>'));
      const page = await browser.newPage();
      try {
        await nanomon.create();
        for (const api of [`${nanomon.url}/api`, `${nanomon.apiUrl}/api`]) {
          await page.goto(`http://${host}:${evil.port}/`);
          expect.soft(await page.evaluate(attack, { api, monitor: MONITOR })).toEqual([]);
          expect.soft(await sendForm(page, api)).toBe(403);
        }
        expect(await monitorsOf(nanomon)).toEqual([]);
      } finally {
        await page.close();
        await nanomon.destroy();
        evil.close();
      }
    });
  }
}

test('a page whose host name leads to NanoMon reads nothing', async ({ browser, nanomon }) => {
  const page = await browser.newPage();
  for (const url of [
    nanomon.url,
    `${nanomon.url}/config`,
    `${nanomon.url}/api/monitors`,
    `${nanomon.apiUrl}/api/monitors`,
  ]) {
    const response = await page.goto(url.replace('localhost', 'attacker.example'));
    expect.soft(response?.status(), url).toBe(421);
    expect.soft(await response?.text(), url).toContain('ALLOWED_HOSTS');
  }
  await page.close();
});

test('a page whose host name leads to the metrics of the runner reads nothing', async ({ browser }) => {
  const port = await freePort();
  const nanomon = new NanoMon({ PROMETHEUS_ENABLE: 'true', PROMETHEUS_PORT: String(port) });
  const page = await browser.newPage();
  try {
    await nanomon.create();
    const response = await page.goto(`http://attacker.example:${port}/metrics`);
    expect(await response?.text()).toContain('attacker.example');
    // A page of this name has the origin of the metrics, and can choose most headers of its requests.
    const statuses = await page.evaluate(async () => {
      const languages = [undefined, { 'Accept-Language': '' }, { 'Accept-Language': 'x' }];
      const responses = languages.map((headers) => fetch('/metrics', { headers }));
      return (await Promise.all(responses)).map(({ status }) => status);
    });
    expect(statuses).toEqual([421, 421, 421]);
    expect((await fetch(`http://localhost:${port}/metrics`)).status).toBe(200);
  } finally {
    await page.close();
    await nanomon.destroy();
  }
});

/**
 * Opens the page at an address and creates a monitor with its form.
 * @param {Page} page
 * @param {string} address
 */
async function createMonitor(page, address) {
  await page.goto(`${address}/#edit/new`);
  await field(page, 'Name').fill('shop');
  await field(page, 'Target').fill('http://127.0.0.1:1/');
  await save(page);
}

for (const [
  host,
  settings,
] of /** @type {[string, (ports: {api: number, page: number}) => Record<string, string>][]} */ ([
  ['localhost', () => ({})],
  ['localhost', ({ api }) => ({ API_ENDPOINT: `http://localhost:${api}/api` })],
  ['127.0.0.1', ({ api }) => ({ API_ENDPOINT: `http://127.0.0.1:${api}/api` })],
  ['nas', ({ api }) => ({ API_ENDPOINT: `http://nas:${api}/api` })],
  ['nas.lan', ({ api }) => ({ API_ENDPOINT: `http://nas.lan:${api}/api` })],
  ['nas.lan', () => ({ ALLOWED_HOSTS: 'nas.lan' })],
  ['nas.lan', ({ page }) => ({ ALERT_LINK_BASEURL: `http://nas.lan:${page}` })],
  [
    'localhost',
    ({ api, page }) => ({ API_ENDPOINT: `http://nas.lan:${api}/api`, CORS_ORIGINS: `http://localhost:${page}` }),
  ],
])) {
  const names = Object.entries(settings({ api: 8000, page: 8001 })).map(([name, value]) => `${name}=${value}`);
  test(`the page works at ${host} with ${names.join(', ') || 'no settings'}`, async ({ browser }) => {
    const nanomon = new NanoMon(settings);
    const page = await browser.newPage();
    try {
      await nanomon.create();
      await createMonitor(page, nanomon.url.replace('localhost', host));
      await saved(page, 'shop');
      expect((await monitorsOf(nanomon)).map(({ name }) => name)).toEqual(['shop']);
    } finally {
      await page.close();
      await nanomon.destroy();
    }
  });
}

test('behind a proxy that rewrites Host, the page says what to set', async ({ browser }) => {
  let target = '';
  const proxy = await serve((request, response) => {
    const url = new URL(request.url ?? '', target);
    const headers = { ...request.headers, host: url.host };
    const forwarded = http.request(url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => response.destroy()).pipe(response);
    });
    request.pipe(forwarded.on('error', () => response.destroy()));
  });
  const address = `http://nas.lan:${proxy.port}`;
  const nanomon = new NanoMon(() => ({ CORS_ORIGINS: target && address }));
  const page = await browser.newPage();
  try {
    await nanomon.create();
    target = nanomon.url;
    await createMonitor(page, address);
    await expect(
      page.getByText(`pages of "${address}" can't change anything here: add this origin to CORS_ORIGINS`),
    ).toBeVisible();
    await nanomon.stop();
    await nanomon.start();
    await createMonitor(page, address);
    await saved(page, 'shop');
  } finally {
    await page.close();
    await nanomon.destroy();
    proxy.close();
  }
});

test('the password of a status page is entered at its own host name, without https', async ({ browser, nanomon }) => {
  const definition = {
    slug: 'inner',
    title: 'Inner',
    hosts: ['nas.lan'],
    visibility: 'password',
    password: 'open sesame',
  };
  const created = await fetch(`${nanomon.apiUrl}/api/status-pages`, {
    method: 'POST',
    body: JSON.stringify(definition),
  });
  expect(created.status).toBe(200);
  const address = nanomon.url.replace('localhost', 'nas.lan');
  const page = await browser.newPage();
  await expect(async () => {
    const response = await page.goto(address); // 421 until the page is loaded
    expect(response?.status()).toBe(401);
  }).toPass();
  await page.getByLabel('Password').fill('wrong password');
  await page.getByRole('button').click();
  await expect(page.getByText('Wrong password')).toBeVisible();
  await page.getByLabel('Password').fill('open sesame');
  await page.getByRole('button').click();
  await expect(page).toHaveTitle(/Inner/);
  expect(page.url()).toBe(`${address}/status/inner`);
  expect(await page.evaluate(async () => (await fetch('/status/inner.json')).status)).toBe(200);
  expect(await page.evaluate(() => document.cookie)).toBe('');
  expect((await page.goto(`${address}/api/monitors`))?.status()).toBe(404);
  await page.close();
});
