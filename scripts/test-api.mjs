// Runs tests/integration-tests.http against the NanoMon whose API is at API_ENDPOINT, after it has looked whether that is one.
// Where sign-in is on, API_TOKEN is an access token, or an API key, that may administer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HTTPYAC = fileURLToPath(new URL('../api/node_modules/httpyac/bin/httpyac.js', import.meta.url));
const TESTS = 'tests/integration-tests.http';
/** How long the first answer may take. */
const PATIENCE = 10_000;

const endpoint = (process.env.API_ENDPOINT || 'http://localhost:8000/api').trim().replace(/\/+$/, '');
const token = process.env.API_TOKEN?.trim() ?? '';

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  console.error(text);
  process.exit(1);
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function ask(path, options) {
  const response = await fetch(endpoint + path, { ...options, signal: AbortSignal.timeout(PATIENCE) }).catch((error) =>
    fail(
      `No NanoMon answers at ${endpoint} (${error.cause?.code || error.cause?.message || error.message}): start it with ./scripts/just run, or set API_ENDPOINT.`,
    ),
  );
  const body = await response.json().catch(() => null);
  return { status: response.status, body };
}

/** Ends with a message where the tests could only fail. */
async function look() {
  if (!/^https?:\/\/[^/]/.test(endpoint)) {
    fail(`API_ENDPOINT must be the whole address of an API, such as http://localhost:8000/api, not ${endpoint}`);
  }
  if (!/^[\x21-\x7e]*$/.test(token)) {
    fail('API_TOKEN has a character that a token can not have.');
  }
  const { status, body } = await ask('/');
  if (status !== 200 || body?.service !== 'nanomon-api') {
    fail(
      `What answers at ${endpoint} (${status}) is not the API of NanoMon: set API_ENDPOINT to its address, with /api.`,
    );
  }
  // This needs the right to administer, and changes nothing.
  const rule = await ask('/rules/check', {
    method: 'POST',
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    body: JSON.stringify({ type: 'http', rule: '' }),
  });
  if (rule.status !== 204) {
    const hint = [401, 403].includes(rule.status)
      ? 'API_TOKEN must be a token, or an API key, that may administer.'
      : '';
    fail(`The API answered ${rule.status}: ${rule.body?.detail}. ${hint}`);
  }
}

/**
 * httpyac shows the headers of a request that breaks off.
 * @param {string} line
 */
function withoutTokens(line) {
  return line.replace(/Bearer [\w.~+/=-]+/g, 'Bearer •••').replaceAll(token || '•••', '•••');
}

await look();
if (!existsSync(HTTPYAC)) {
  fail('httpyac is missing: run npm --prefix api ci');
}
console.log(`Testing ${endpoint}`);
// Only of what fails is anything shown.
const tests = spawn(
  process.execPath,
  [HTTPYAC, 'send', TESTS, '--all', '--output', 'none', '--output-failed', 'short'],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, API_ENDPOINT: endpoint, API_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  },
);
for (const output of [tests.stdout, tests.stderr]) {
  createInterface({ input: output }).on('line', (line) => console.log(withoutTokens(line)));
}
const [code] = await once(tests, 'close');
process.exitCode = code === 0 ? 0 : 1;
