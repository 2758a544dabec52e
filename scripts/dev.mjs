// Runs parts of NanoMon for development: any of api, runner and frontend; or with no argument all of them, with a
// database if MONGO_URI names none, and the page in a browser. Each line of output starts with the name of its part.
// When one part can't start, or upon SIGINT or SIGTERM, all end: the database last, so that the others can write to it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How long a process may take to stop before it is killed: longer than a runner may take to finish its checks. */
const PATIENCE = 20_000;
/** The exit code of a service that can't start; after any other failure it is started again when its code changes. */
const CANNOT_START = 1;
/** What the entry point in .air.toml says when there is a new binary. */
const BUILT = 'built';
/** What air says of each folder and of its entry point. */
const CHATTER = /^(watching |!exclude |mkdir |running\.\.\.|Process Exit with Code 0)/;

// A terminal that is closed takes no more output; the parts have to be stopped all the same.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (existsSync('.env')) {
  process.loadEnvFile('.env');
}
const ports = { api: process.env.API_PORT || '8000', page: process.env.FRONTEND_PORT || '8001' };

/** A process, in a group of its own: Ctrl-C in a terminal reaches it only by stop(). */
class Process {
  #name;
  #child;
  /** Resolves to the exit code when the process, and all that it started, have ended. */
  ended;

  /**
   * @param {string} name
   * @param {string[]} command
   * @param {(line: string) => boolean} [isForPeople] whether to show a line; all are shown without it
   */
  constructor(name, [program, ...args], isForPeople = () => true) {
    this.#name = name;
    this.#child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PORT: ports.api },
    });
    this.#child.once('error', (error) => this.#say(error.message));
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: output }).on('line', (line) => isForPeople(line) && this.#say(line));
    }
    /** @type {Promise<number | null>} */
    this.ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** @param {string} line */
  #say(line) {
    console.log(`${this.#name.padEnd(8)} | ${line}`);
  }

  async stop() {
    this.#child.kill('SIGTERM');
    const late = await Promise.race([this.ended.then(() => false), pause(PATIENCE, true)]);
    if (late) {
      this.#say(`did not stop within ${PATIENCE / 1000} s, so it is killed`);
      this.#child.kill('SIGKILL');
    }
  }
}

/** A Go service that is started anew whenever air has built it anew. air itself would not tell when it can't start. */
class Service {
  #name;
  #onFailure;
  #builder;
  /** @type {Process | null} */
  #running = null;
  #stopping = false;
  /** Ends with the restart that is under way. */
  #turn = Promise.resolve();

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
        this.#turn = this.#turn.then(() => this.#restart());
      }
      return !this.#stopping && line !== BUILT && !CHATTER.test(line);
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
    await Promise.all([this.#builder.stop(), this.#turn.then(() => this.#running?.stop())]);
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
  const part = new Process(name, name === 'db' ? ['scripts/run-db.sh'] : vite);
  part.ended.then(onFailure);
  return part;
}

/** Tells where the page is once it and the API answer, and opens it where there is a browser to see it with. */
async function openPage() {
  const page = `http://localhost:${ports.page}`;
  while (!(await answers(page)) || !(await answers(`http://localhost:${ports.api}/api/health`))) {
    await pause(300);
  }
  console.log(`\nNanoMon is ready: ${page}\n`);
  const isMac = process.platform === 'darwin';
  if (isMac || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) {
    const browser = spawn(isMac ? 'open' : 'xdg-open', [page], { detached: true, stdio: 'ignore' });
    browser.once('error', () => console.log('There is no browser to open it with.'));
    browser.unref();
  }
}

/** @param {string} url */
async function answers(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => null);
  await answer?.arrayBuffer().catch(() => null);
  return answer?.ok ?? false;
}

/**
 * Runs the parts until one fails, or until a signal.
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

const asked = process.argv.slice(2);
if (asked.length === 0) {
  if (!process.env.MONGO_URI) {
    asked.push('db');
    // The database either comes up, even if it has to be built first, or its end ends all.
    process.env.MONGO_TIMEOUT = '10m';
  }
  asked.push('api', 'runner', 'frontend');
  openPage();
}
process.exit(await run(asked));
