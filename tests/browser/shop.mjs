// A small shop to monitor: local servers, and the history of the monitors that check them.
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The response time of each path of the web server, in milliseconds, and its status if it is not 200. */
const PATHS = /** @type {Record<string, {time: number, status?: number}>} */ ({
  '/': { time: 38 },
  '/search': { time: 120 },
  '/images/logo.webp': { time: 9 },
  '/checkout': { time: 240, status: 503 },
  '/account': { time: 64 },
  '/payments/health': { time: 85 },
  '/payments/webhooks': { time: 52 },
  '/fraud/score': { time: 780 },
  '/index/_health': { time: 14 },
  '/backup/latest': { time: 21 },
  '/parcels': { time: 310 },
  '/careers': { time: 46 },
  '/wiki': { time: 95 },
});

/** The labels of the monitors, by group. */
const LABELS = /** @type {Record<string, Record<string, string>>} */ ({
  Shop: { team: 'storefront', env: 'production' },
  Payments: { team: 'payments', env: 'production', tier: '1' },
  Data: { team: 'platform', env: 'production', 'on-call': 'database' },
  Network: { team: 'platform', site: 'Utrecht' },
});

/** The response time of the name server, in milliseconds. */
const NAME_TIME = 4;

/** The servers of the shop. Most respond as the monitors expect; some fail. */
export class Shop {
  #web = http.createServer(answer);
  #ports = Array.from({ length: 4 }, () => net.createServer((socket) => socket.on('error', () => {}).end()));
  #names = dgram.createSocket('udp4');
  #closed = 0;

  /** The address of the web server. */
  get url() {
    return `http://127.0.0.1:${portOf(this.#web)}`;
  }

  /** @param {number} first the first port to use, or 0 for free ports */
  async open(first = 0) {
    const next = () => (first ? first++ : 0);
    for (const server of [this.#web, ...this.#ports]) {
      await once(server.listen(next(), '127.0.0.1'), 'listening');
    }
    this.#names.on('message', (question, from) => {
      setTimeout(() => this.#names.send(addressFor(question), from.port, from.address), NAME_TIME);
    });
    this.#names.bind(next(), '127.0.0.1');
    await once(this.#names, 'listening');
    // A port that was just closed refuses connections.
    const closed = /** @type {net.Server} */ (this.#ports.pop());
    this.#closed = portOf(closed);
    await once(closed.close(), 'close');
  }

  async close() {
    this.#web.closeAllConnections();
    this.#names.close();
    await Promise.all([this.#web, ...this.#ports].map((server) => once(server.close(), 'close')));
  }

  /** Returns the monitors and their history in the format of tests/support/seed. */
  entries() {
    const web = this.url;
    const [database, cache, mail] = this.#ports.map((server) => `127.0.0.1:${portOf(server)}`);
    const names = `127.0.0.1:${this.#names.address().port}`;
    return [
      page('Shop', 'Front page', `${web}/`, 'status == 200 && respTime < 500', [
        { ago: '27h', length: '24m', status: 1, message: 'Rule violated: status == 200 && respTime < 500', factor: 16 },
        { ago: '131h', length: '41m', status: 2, message: 'the connection was reset' },
        { ago: '420h', length: '9m', status: 2, message: 'no answer within 5s' },
      ]),
      page('Shop', 'Search', `${web}/search`, 'status == 200', [
        { ago: '9h', length: '17m', status: 1, message: 'Rule violated: status == 200', outputs: { status: 502 } },
      ]),
      page('Shop', 'Product pictures', `${web}/images/logo.webp`, 'status == 200 && bodyLen > 0'),
      page('Shop', 'Checkout', `${web}/checkout`, 'status == 200', [
        { ago: '38m', status: 1, message: 'Rule violated: status == 200', outputs: { status: 503 } },
        { ago: '300h', length: '2h', status: 1, message: 'Rule violated: status == 200', outputs: { status: 503 } },
      ]),
      page('Shop', 'Customer accounts', `${web}/account`, 'status < 400'),
      page('Payments', 'Payments API', `${web}/payments/health`, 'status == 200 && respTime < 400', [
        { ago: '16h', length: '26m', status: 1, message: 'Rule violated: status == 200 && respTime < 400', factor: 7 },
        { ago: '76h', length: '52m', status: 2, message: 'no answer within 5s' },
        { ago: '77h', length: '1h', status: 1, message: 'Rule violated: status == 200 && respTime < 400', factor: 6 },
      ]),
      page('Payments', 'Payment webhooks', `${web}/payments/webhooks`, 'status == 200'),
      page('Payments', 'Fraud score', `${web}/fraud/score`, 'status == 200 && respTime < 2000'),
      port('Data', 'Orders database', database, 0.4, [
        { ago: '19m', excluded: 'maintenance' },
        { ago: '190h', length: '13m', status: 2, message: 'the connection was reset' },
      ]),
      port('Data', 'Basket cache', cache, 0.3, [{ ago: '19m', excluded: 'maintenance' }]),
      page('Data', 'Search index', `${web}/index/_health`, 'status == 200', [
        { ago: '18m', length: '7m', status: 2, message: 'the connection was reset', excluded: 'maintenance' },
        { ago: '18m', excluded: 'maintenance' },
      ]),
      page('Data', 'Nightly backup', `${web}/backup/latest`, 'status == 200', [
        { ago: '20m', excluded: 'maintenance' },
      ]),
      port('Mail', 'Mail relay', mail, 0.6, [{ ago: '50h', length: '3h', status: 2, message: 'no answer within 5s' }]),
      name('Mail', 'mail.shop.example', 'mail.shop.example', names),
      name('Network', 'shop.example', 'shop.example', names),
      name('Network', 'pay.shop.example', 'pay.shop.example', names),
      {
        monitor: { group: 'Network', name: 'Office gateway', type: 'ping', target: '127.0.0.1', interval: '1m' },
        shape: {
          base: 0.12,
          wave: 0.5,
          jitter: 0.2,
          outputs: { packetsRecv: 3, packetLoss: 0, ipAddress: '127.0.0.1' },
          parts: { minRtt: 0.8, avgRtt: 1, maxRtt: 1.4 },
        },
      },
      port('Network', 'Warehouse VPN', `127.0.0.1:${this.#closed}`, 0.9, [
        {
          ago: '3h12m',
          status: 2,
          message: `connection to 127.0.0.1:${this.#closed} refused: nothing is listening on this port`,
        },
      ]),
      dependent(
        port('Network', 'Warehouse scanners', `127.0.0.1:${this.#closed}`, 1.4, [
          { ago: '3h11m', status: 2, message: 'no answer within 5s', excluded: 'blocked' },
        ]),
        'Warehouse VPN',
      ),
      page('', 'Parcel tracking', `${web}/parcels`, 'status == 200'),
      page('', 'Careers', `${web}/careers`, 'status == 200'),
      disabled(page('', 'Old wiki', `${web}/wiki`, 'status == 200')),
    ];
  }
}

/**
 * @param {string} group
 * @param {string} name
 * @param {string} target
 * @param {string} rule
 * @param {object[]} incidents
 */
function page(group, name, target, rule, incidents = []) {
  return {
    monitor: { group, labels: LABELS[group], name, type: 'http', target, rule, interval: '1m' },
    shape: {
      base: PATHS[new URL(target).pathname].time,
      wave: 0.35,
      jitter: 0.08,
      outputs: {
        status: 200,
        bodyLen: 18_204,
        bodyTruncated: false,
        dnsTime: 0,
        tlsTime: 0,
        finalUrl: target,
        ipAddress: '127.0.0.1',
      },
      parts: { respTime: 1, connectTime: 0.1, firstByteTime: 0.8 },
      incidents,
    },
  };
}

/**
 * @param {string} group
 * @param {string} name
 * @param {string} target
 * @param {number} base
 * @param {object[]} incidents
 */
function port(group, name, target, base, incidents = []) {
  return {
    monitor: { group, labels: LABELS[group], name, type: 'tcp', target, interval: '1m' },
    shape: { base, wave: 0.6, jitter: 0.15, outputs: { ipAddress: '127.0.0.1' }, parts: { respTime: 1 }, incidents },
  };
}

/**
 * @param {string} group
 * @param {string} name
 * @param {string} target
 * @param {string} server
 */
function name(group, name, target, server) {
  const rule = "result1 == '192.0.2.80'";
  const properties = { server, network: 'ip4' };
  return {
    monitor: { group, labels: LABELS[group], name, type: 'dns', target, rule, interval: '2m', properties },
    shape: {
      base: NAME_TIME,
      wave: 0.4,
      jitter: 0.2,
      outputs: { resultCount: 1, result1: '192.0.2.80' },
      parts: { respTime: 1 },
    },
  };
}

/**
 * @param {{monitor: object, shape: object}} entry
 * @param {string} dependsOn
 */
function dependent({ monitor, shape }, dependsOn) {
  return { monitor: { ...monitor, properties: { dependsOn } }, shape };
}

/** @param {{monitor: object, shape: object}} entry */
function disabled({ monitor, shape }) {
  return { monitor: { ...monitor, enabled: false }, shape };
}

/**
 * Creates the database of a NanoMon that is not running.
 * @param {string} folder
 * @param {object[]} entries
 * @param {number} days the length of the history
 */
export async function seed(folder, entries, days = 30) {
  // The same flags as `just build`, to use its build cache.
  const seeding = spawn('go', ['run', '-trimpath', './tests/support/seed', `-days=${days}`, folder], {
    cwd: ROOT,
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['pipe', 'inherit', 'pipe'],
  });
  let log = '';
  seeding.stderr.on('data', (text) => (log += text));
  seeding.stdin.end(JSON.stringify(entries));
  const [code] = await once(seeding, 'close');
  if (code !== 0) {
    throw new Error(`seeding ${folder} failed: ${log}`);
  }
}

/**
 * Creates maintenance windows: one active, one weekly, one scheduled and one ended.
 * @param {string} url the address of NanoMon
 * @param {string} id the id of a monitor
 */
export async function addWindows(url, id) {
  const hour = (/** @type {number} */ hours) => {
    const full = new Date().setMinutes(0, 0, 0);
    return new Date(full + hours * 3_600_000).toISOString();
  };
  const began = new Date(Date.now() - 20 * 60_000).toISOString();
  const weekly = { days: ['sunday'], at: '02:30', duration: '1h30m', zone: 'Europe/Amsterdam' };
  for (const window of [
    { name: 'New disks for the databases', groups: ['Data'], start: began, end: hour(3) },
    { name: 'Updates of the shop’s servers', groups: ['Shop', 'Payments'], weekly },
    { name: 'Move to the new payment provider', monitors: [id], start: hour(54), end: hour(58) },
    { name: 'Change of the mail relay', groups: ['Mail'], start: hour(-220), end: hour(-217) },
  ]) {
    const answer = await fetch(`${url}/api/maintenance`, {
      method: 'POST',
      body: JSON.stringify({ monitors: [], groups: [], ...window }),
    });
    if (!answer.ok) {
      throw new Error(`creating ${window.name} failed: ${await answer.text()}`);
    }
  }
}

/**
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 */
function answer(request, response) {
  const { time, status = 200 } = PATHS[request.url ?? '/'] ?? { time: 1, status: 404 };
  setTimeout(() => response.writeHead(status).end('x'.repeat(18_204)), time);
}

/** @param {net.Server | http.Server} server */
function portOf(server) {
  return /** @type {net.AddressInfo} */ (server.address()).port;
}

/**
 * Returns the response to a DNS query: the same address for every name.
 * @param {Buffer} question
 */
function addressFor(question) {
  const nameEnd = question.indexOf(0, 12);
  const asked = question.subarray(12, nameEnd + 5);
  const header = Buffer.from([question[0], question[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80]);
  return Buffer.concat([header, asked, record]);
}
