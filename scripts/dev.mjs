// Runs parts of NanoMon for development: any of api, runner and frontend. Without arguments it runs all three, starts a
// database if MONGO_URI is a local server that does not run, and opens the page in a browser. Each output line starts with the name of its part.
// All parts stop on SIGINT or SIGTERM, or if one part can't start. The database stops last, so that the others can
// still write to it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { accepts, DEFAULT_URI, localPort } from './local-mongo.mjs';

/** Maximum time in milliseconds for a process to stop before it is killed. A runner needs less to finish its checks. */
const STOP_TIMEOUT = 20_000;
/** Exit code of a service that can't start. After any other failure the service restarts when its code changes. */
const CANNOT_START = 1;
/** Output of the entry point in .air.toml after each successful build. */
const BUILT = 'built';
/** Output of air that is not shown: messages about folders and about its entry point. */
const NOISE = /^(watching |!exclude |mkdir |running\.\.\.|Process Exit with Code 0)/;

// Ignore output errors: the parts must be stopped even if the terminal was closed.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (existsSync('.env')) {
  process.loadEnvFile('.env');
}
const ports = { api: process.env.API_PORT || '8000', page: process.env.FRONTEND_PORT || '8001' };
const databasePort = localPort(process.env.MONGO_URI || DEFAULT_URI);

/** A process in its own group, so that Ctrl-C in a terminal doesn't reach it directly; stop() ends it. */
class Process {
  #name;
  #child;
  /** Resolves to the exit code when the process and all its children have ended. */
  ended;

  /**
   * @param {string} name
   * @param {string[]} command
   * @param {(line: string) => boolean} [isVisible] returns whether to print a line; by default all are printed
   */
  constructor(name, [program, ...args], isVisible = () => true) {
    this.#name = name;
    this.#child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PORT: ports.api },
    });
    this.#child.once('error', (error) => this.#print(error.message));
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: output }).on('line', (line) => isVisible(line) && this.#print(line));
    }
    /** @type {Promise<number | null>} */
    this.ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** @param {string} line */
  #print(line) {
    console.log(`${this.#name.padEnd(8)} | ${line}`);
  }

  async stop() {
    this.#child.kill('SIGTERM');
    const timedOut = await Promise.race([this.ended.then(() => false), pause(STOP_TIMEOUT, true)]);
    if (timedOut) {
      this.#print(`did not stop within ${STOP_TIMEOUT / 1000} s, killing it`);
      this.#child.kill('SIGKILL');
    }
  }
}

/** A Go service that restarts whenever air has rebuilt it. air only builds, because it doesn't report a service that can't start. */
class Service {
  #name;
  #onFailure;
  #builder;
  /** @type {Process | null} */
  #running = null;
  #stopping = false;
  /** Resolves when the current restart is complete. */
  #restarting = Promise.resolve();

  /**
   * @param {string} name
   * @param {() => void} onFailure
   */
  constructor(name, onFailure) {
    this.#name = name;
    this.#onFailure = onFailure;
    const build = `go build -o .tools/dev/${name} ./services/${name}`;
    this.#builder = new Process(name, ['.tools/air', '-c', '.air.toml', '--build.cmd', build], (line) => {
      if (line === BUILT) {
        this.#restarting = this.#restarting.then(() => this.#restart());
      }
      return !this.#stopping && line !== BUILT && !NOISE.test(line);
    });
    this.#builder.ended.then(onFailure);
  }

  async #restart() {
    await this.#running?.stop();
    if (!this.#stopping) {
      this.#running = new Process(this.#name, [`.tools/dev/${this.#name}`]);
      this.#running.ended.then((code) => code === CANNOT_START && this.#onFailure());
    }
  }

  async stop() {
    this.#stopping = true;
    await Promise.all([this.#builder.stop(), this.#restarting.then(() => this.#running?.stop())]);
  }
}

/**
 * @param {string} name
 * @param {() => void} onFailure
 */
function start(name, onFailure) {
  if (name !== 'frontend' && name !== 'db') {
    return new Service(name, onFailure);
  }
  const vite = [process.execPath, 'frontend/node_modules/vite/bin/vite.js', '--config', 'frontend/vite.config.js'];
  const part = new Process(name, name === 'db' ? ['scripts/run-db.sh', `${databasePort}`] : vite);
  part.ended.then(onFailure);
  return part;
}

/** Waits until the page and the API respond, prints the URL of the page, and opens it in a browser if there is a display. */
async function openPage() {
  const page = `http://localhost:${ports.page}`;
  while (!(await responds(page)) || !(await responds(`http://localhost:${ports.api}/api/health`))) {
    await pause(300);
  }
  console.log(`\nNanoMon is ready: ${page}\n`);
  const isMac = process.platform === 'darwin';
  if (isMac || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) {
    const browser = spawn(isMac ? 'open' : 'xdg-open', [page], { detached: true, stdio: 'ignore' });
    browser.once('error', () => console.log('Could not open a browser. Open the page yourself.'));
    browser.unref();
  }
}

/** @param {string} url */
async function responds(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => null);
  await response?.arrayBuffer().catch(() => null);
  return response?.ok ?? false;
}

/**
 * Runs the parts until one can't start or a signal arrives.
 * @param {string[]} names
 * @returns {Promise<number>} the exit code
 */
async function run(names) {
  /** @type {Map<string, Process | Service>} */
  const parts = new Map();
  const code = await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => resolve(0));
    }
    for (const name of names) {
      parts.set(
        name,
        start(name, () => resolve(1)),
      );
    }
  });
  const database = parts.get('db');
  parts.delete('db');
  await Promise.all([...parts.values()].map((part) => part.stop()));
  await database?.stop();
  return code;
}

const names = process.argv.slice(2);
if (names.length === 0) {
  if (databasePort !== null && !(await accepts(databasePort))) {
    names.push('db');
    // FerretDB may have to be built first. If the database fails to start, all parts stop.
    process.env.MONGO_TIMEOUT = '10m';
  }
  names.push('api', 'runner', 'frontend');
  openPage();
}
process.exit(await run(names));
