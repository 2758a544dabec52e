// The page in a folder that a test can change, served by the handler of the program frontend.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './nanomon.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Serves builds of the page one after the other at the same address. */
export class PageHost {
  /** The paths to which the server responds with 503. @type {Set<string>} */
  unavailable = new Set();
  #folder = '';
  #ports = { host: 0, page: 0 };
  #api;
  /** @type {import('node:child_process').ChildProcess | null} */
  #host = null;
  #proxy = http.createServer((request, response) => this.#forward(request, response));

  /** @param {string} api the address of the API */
  constructor(api) {
    this.#api = api;
  }

  get url() {
    return `http://localhost:${this.#ports.page}`;
  }

  async create() {
    this.#folder = await mkdtemp(path.join(tmpdir(), 'nanomon-page-'));
    this.#ports = { host: await freePort(), page: await freePort() };
    await cp(path.join(ROOT, 'frontend/app'), this.#app, { recursive: true });
    await promisify(execFile)('go', ['build', '-trimpath', '-o', this.#program, './tests/support/pagehost'], {
      cwd: ROOT,
    });
  }

  async destroy() {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #app() {
    return path.join(this.#folder, 'app');
  }

  get #program() {
    return path.join(this.#folder, 'pagehost');
  }

  /**
   * Serves a new build. Some of its modules add the name of the build to window.builds, the styles have it in
   * --build, and the About view shows it.
   * @param {string} name
   */
  async serve(name) {
    await this.stop();
    for (const file of ['app.js', 'status.js', 'views/about/about.js', 'views/incidents/incidents.js']) {
      const original = await readFile(path.join(ROOT, 'frontend/app', file), 'utf8');
      const mark = `(globalThis.builds ??= new Set()).add('${name}');`;
      await writeFile(path.join(this.#app, file), `${original}\n${mark}\n`);
    }
    const styles = await readFile(path.join(ROOT, 'frontend/app/styles/base.css'), 'utf8');
    await writeFile(path.join(this.#app, 'styles/base.css'), `${styles}\n:root { --build: ${name}; }\n`);
    const about = await readFile(path.join(ROOT, 'frontend/app/views/about/about.html'), 'utf8');
    await writeFile(
      path.join(this.#app, 'views/about/about.html'),
      about.replace('About NanoMon', `About build ${name}`),
    );
    await this.start();
  }

  async start() {
    const options = [`-port=${this.#ports.host}`, `-app=${this.#app}`, `-api=${this.#api}`];
    this.#host = spawn(this.#program, options, { stdio: 'inherit' });
    while (!(await fetch(`http://localhost:${this.#ports.host}/`).catch(() => null))) {
      await setTimeout(20);
    }
    this.#proxy.listen(this.#ports.page, 'localhost');
    await once(this.#proxy, 'listening');
  }

  async stop() {
    if (this.#host) {
      const host = this.#host;
      this.#host = null;
      this.#proxy.close();
      this.#proxy.closeAllConnections();
      host.kill();
      await once(host, 'exit');
    }
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  #forward({ method, url = '/', headers }, response) {
    if (this.unavailable.has(url)) {
      response.writeHead(503).end('Service unavailable');
      return;
    }
    const path = url.replace(/^\/monitoring(?=\/)/, ''); // The page is also below a path.
    const options = { port: this.#ports.host, host: 'localhost', path, method, headers };
    const forwarded = http.request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    forwarded.end();
  }
}
