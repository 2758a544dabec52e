// Runs tests/integration-tests.http against the API at API_ENDPOINT, after checking that it is the API of NanoMon. If
// sign-in is on, API_TOKEN must be an access token of an administrator or an API key of scope admin. With the name of a
// file, it writes the results to this file as a JUnit report:
//
//   node scripts/test-api.mjs [FILE]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HTTPYAC = fileURLToPath(new URL('../api/node_modules/httpyac/bin/httpyac.js', import.meta.url));
const TESTS = 'tests/integration-tests.http';
/** Maximum time in milliseconds to wait for a response of the checks before the tests. */
const TIMEOUT = 10_000;

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
async function request(path, options) {
  const response = await fetch(endpoint + path, { ...options, signal: AbortSignal.timeout(TIMEOUT) }).catch((error) =>
    fail(
      `NanoMon does not respond at ${endpoint} (${error.cause?.code || error.cause?.message || error.message}): start it with ./scripts/just run, or set API_ENDPOINT.`,
    ),
  );
  const body = await response.json().catch(() => null);
  return { status: response.status, body };
}

/** Exits with a message if the tests can't succeed: not the API of NanoMon, or no administrator access. */
async function checkEndpoint() {
  if (!/^https?:\/\/[^/]/.test(endpoint)) {
    fail(`API_ENDPOINT must be the full URL of an API, such as http://localhost:8000/api, not ${endpoint}`);
  }
  if (!/^[\x21-\x7e]*$/.test(token)) {
    fail('API_TOKEN contains a character that is not allowed in a token.');
  }
  const { status, body } = await request('/');
  if (status !== 200 || body?.service !== 'nanomon-api') {
    fail(
      `The server at ${endpoint} (${status}) is not the API of NanoMon: set API_ENDPOINT to the URL of the API, including /api.`,
    );
  }
  // This request requires administrator access and changes nothing.
  const rule = await request('/rules/check', {
    method: 'POST',
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    body: JSON.stringify({ type: 'http', rule: '' }),
  });
  if (rule.status !== 204) {
    const hint = [401, 403].includes(rule.status)
      ? 'API_TOKEN must be an access token of an administrator or an API key of scope admin.'
      : '';
    fail(`The API responded with ${rule.status}: ${rule.body?.detail}. ${hint}`);
  }
}

/**
 * Masks tokens in the output: httpyac prints the headers of a request whose connection fails.
 * @param {string} line
 */
function withoutTokens(line) {
  return line.replace(/Bearer [\w.~+/=-]+/g, 'Bearer •••').replaceAll(token || '•••', '•••');
}

await checkEndpoint();
if (!existsSync(HTTPYAC)) {
  fail('httpyac is missing: run npm --prefix api ci');
}
console.log(`Testing ${endpoint}`);
// httpyac prints only what fails, or the report.
const [file] = process.argv.slice(2);
const format = file ? ['--junit'] : [];
const tests = spawn(
  process.execPath,
  [HTTPYAC, 'send', TESTS, '--all', '--output', 'none', '--output-failed', 'short', ...format],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, API_ENDPOINT: endpoint, API_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  },
);
/** @type {string[]} */
const report = [];
createInterface({ input: tests.stderr }).on('line', (line) => console.log(withoutTokens(line)));
createInterface({ input: tests.stdout }).on('line', (line) => {
  if (file) {
    report.push(withoutTokens(line));
  } else {
    console.log(withoutTokens(line));
  }
});
const [code] = await once(tests, 'close');
if (file) {
  await writeFile(file, `${report.join('\n')}\n`);
  console.log(`${code === 0 ? 'All tests succeeded' : 'Tests failed'}; the report is in ${file}`);
}
process.exitCode = code === 0 ? 0 : 1;
