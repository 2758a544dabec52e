// The real program and a target to monitor, each on a free local port.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BINARY = process.env.NANOMON_STANDALONE ?? fileURLToPath(new URL('../../bin/standalone', import.meta.url));
const START_TIME = 10_000;
// Without a pause between the requests, they would take more time of the processor than the start of NanoMon.
const HEALTH_INTERVAL = 20;

/** The number of ports for each process that runs tests. */
const PORTS = 2_000;
/** The port that follows the one that freePort returned last, less the first one of this process. */
let nextPort = randomInt(PORTS);

/**
 * Returns a port on which nothing listens, and another one each time. Before the program that gets the port listens on it,
 * nothing else may take it: it is below the ports that systems give to outgoing connections, and each process that runs tests
 * has its own ports.
 */
export async function freePort() {
  const first = 10_000 + (Number(process.env.TEST_PARALLEL_INDEX ?? 0) % 11) * PORTS;
  for (;;) {
    const port = first + (nextPort++ % PORTS);
    const server = net.createServer().listen(port);
    // Without a listener for its errors, the server would end the program.
    const listens = await once(server, 'listening').then(
      () => true,
      (error) => {
        if (error.code !== 'EADDRINUSE') {
          throw error;
        }
        return false;
      },
    );
    if (listens) {
      server.close();
      await once(server, 'close');
      return port;
    }
  }
}

/** A standalone NanoMon with its own folder. */
export class NanoMon {
  #folder = '';
  #ports = { api: 0, page: 0 };
  /** @type {import('node:child_process').ChildProcess | null} */
  #process = null;
  #log = '';
  #settings;

  /**
   * @param {Record<string, string> | ((ports: {api: number, page: number}) => Record<string, string>)} [settings]
   *   additional environment variables
   */
  constructor(settings = {}) {
    this.#settings = typeof settings === 'function' ? settings : () => settings;
  }

  /** The address of the API on its own port. */
  get apiUrl() {
    return `http://localhost:${this.#ports.api}`;
  }

  get url() {
    return `http://localhost:${this.#ports.page}`;
  }

  /** @param {(data: string) => Promise<void>} fill adds files to the data folder before the start */
  async create(fill = async () => {}) {
    if (!existsSync(BINARY)) {
      throw new Error(`${BINARY} is missing: build it first`);
    }
    this.#folder = await mkdtemp(path.join(tmpdir(), 'nanomon-browser-'));
    this.#ports = { api: await freePort(), page: await freePort() };
    await fill(this.#data);
    await this.start();
  }

  get #data() {
    return path.join(this.#folder, 'data');
  }

  async start() {
    const started = spawn(BINARY, [], {
      cwd: this.#folder,
      env: {
        PATH: process.env.PATH,
        API_PORT: String(this.#ports.api),
        FRONTEND_PORT: String(this.#ports.page),
        DATA_DIR: this.#data,
        ...this.#settings(this.#ports),
      },
    });
    this.#process = started;
    started.stderr.on('data', (text) => (this.#log += text));
    started.stdout.on('data', (text) => (this.#log += text));
    for (const deadline = Date.now() + START_TIME; !(await this.#isHealthy());) {
      if (started.exitCode !== null || Date.now() > deadline) {
        throw new Error(`NanoMon did not start:\n${this.#log}`);
      }
      await setTimeout(HEALTH_INTERVAL);
    }
  }

  async #isHealthy() {
    const answer = await fetch(`${this.url}/api/health`).catch(() => null);
    await answer?.arrayBuffer();
    return answer?.ok ?? false;
  }

  /** Renames the database file while NanoMon has it open. */
  async hideDatabase() {
    await rename(path.join(this.#data, 'nanomon.db'), path.join(this.#data, 'hidden'));
  }

  /** Undoes hideDatabase. */
  async restoreDatabase() {
    await rename(path.join(this.#data, 'hidden'), path.join(this.#data, 'nanomon.db'));
  }

  /** @param {NodeJS.Signals} [signal] */
  async stop(signal = 'SIGTERM') {
    const running = this.#process;
    this.#process = null;
    if (running && running.exitCode === null) {
      running.kill(signal);
      await once(running, 'exit');
    }
  }

  /**
   * Kills NanoMon and starts it again, with a monitor in quarantine.
   * @param {string} id
   */
  async quarantine(id) {
    const { updated } = await (await fetch(`${this.url}/api/monitors/${id}`)).json();
    await this.stop('SIGKILL');
    const record = { quarantined: [{ id, updated: Date.parse(updated) }] };
    await writeFile(path.join(this.#data, 'running-checks-0.json'), JSON.stringify(record));
    await this.start();
  }

  async destroy() {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Creates a monitor with the API and returns its id.
   * @param {object} monitor
   */
  async add(monitor) {
    const answer = await fetch(`${this.url}/api/monitors`, {
      method: 'POST',
      body: JSON.stringify({ type: 'http', interval: '1s', ...monitor }),
    });
    const body = await answer.json();
    if (!answer.ok) {
      throw new Error(body.detail);
    }
    return /** @type {string} */ (body.id);
  }

  /**
   * Creates or updates monitors.
   * @param {object[]} monitors
   */
  async import(monitors) {
    const answer = await fetch(`${this.url}/api/monitors/import`, { method: 'POST', body: JSON.stringify(monitors) });
    if (!answer.ok) {
      throw new Error((await answer.json()).detail);
    }
  }

  /**
   * @param {string} name the name of a monitor
   * @returns {Promise<string>}
   */
  async idOf(name) {
    const monitors = await (await fetch(`${this.url}/api/monitors`)).json();
    return monitors.find((/** @type {{name: string}} */ monitor) => monitor.name === name).id;
  }
}

/** A web server that responds with the current values of status and body. */
export class Target {
  status = 200;
  body = 'hello';
  hits = 0;
  #server = http.createServer((_, response) => {
    this.hits++;
    response.writeHead(this.status).end(this.body);
  });

  get url() {
    const { port } = /** @type {net.AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}/`;
  }

  async open() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close() {
    if (this.#server.listening) {
      this.#server.closeAllConnections();
      this.#server.close();
      await once(this.#server, 'close');
    }
  }
}
