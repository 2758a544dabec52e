// Makes openapi.yaml and schemas/ of the TypeSpec source. With --check it changes nothing, and fails if they would change.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';

/** The types that can stand beside null in one list and are understood by most tools. */
const SIMPLE = ['boolean', 'number', 'string'];

process.chdir(import.meta.dirname);
const fresh = mkdtempSync(join(tmpdir(), 'nanomon-specs-'));
process.on('exit', () => rmSync(fresh, { recursive: true }));
compile();
finishDocument();
finishSchemas();
if (process.argv.includes('--check')) {
  check();
} else {
  rmSync('schemas', { recursive: true, force: true });
  cpSync(fresh, '.', { recursive: true });
}

function compile() {
  const compiler = 'node_modules/@typespec/compiler/cmd/tsp.js';
  const run = spawnSync(process.execPath, [compiler, 'compile', 'typespec', '--output-dir', fresh], {
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    console.error(run.stdout + run.stderr);
    process.exit(1);
  }
}

function check() {
  const names = new Set([...files('.'), ...files(fresh)]);
  const stale = [...names].filter((name) => read('.', name) !== read(fresh, name));
  if (stale.length > 0) {
    console.error(`not what api/typespec makes, run "just generate-specs": ${stale.join(', ')}`);
    process.exitCode = 1;
  }
}

/** @param {string} folder */
function files(folder) {
  const schemas = join(folder, 'schemas');
  return ['openapi.yaml', ...(existsSync(schemas) ? readdirSync(schemas) : []).map((name) => `schemas/${name}`)];
}

/**
 * @param {string} folder
 * @param {string} name
 */
function read(folder, name) {
  const file = join(folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Adds what TypeSpec has no words for. */
function finishDocument() {
  const file = join(fresh, 'openapi.yaml');
  const document = parse(readFileSync(file, 'utf8'));
  document.components.responses = {};
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) {
      addLinks(operation);
      shareProblems(operation.responses, document.components.responses);
    }
  }
  for (const server of document.servers) delete server.variables;
  const style = { singleQuote: true, aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' };
  const text = stringify(inKnownWords(document), /** @type {import('yaml').ToStringOptions} */ (style));
  writeFileSync(file, `# Made by "just generate-specs" from typespec/\n${text}`);
}

function finishSchemas() {
  for (const name of readdirSync(join(fresh, 'schemas'))) {
    const file = join(fresh, 'schemas', name);
    const schema = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, `${JSON.stringify(inKnownWords(schema), null, 2)}\n`);
  }
}

/**
 * Makes links of x-links, which names the operations that take the id in the answer.
 *
 * @param {any} operation
 */
function addLinks(operation) {
  const { 'x-links': names = [], responses } = operation;
  delete operation['x-links'];
  for (const name of names) {
    responses[200].links ??= {};
    responses[200].links[name] = { operationId: name, parameters: { id: '$response.body#/id' } };
  }
}

/**
 * Makes components of the problems that operations have in common.
 *
 * @param {Record<string, any>} responses
 * @param {Record<string, any>} shared
 */
function shareProblems(responses, shared) {
  for (const [status, response] of Object.entries(responses)) {
    if (Number(status) < 400) continue;
    const name = String(STATUS_CODES[status]).replaceAll(' ', '');
    shared[name] ??= response;
    if (isDeepStrictEqual(shared[name], response)) responses[status] = { $ref: `#/components/responses/${name}` };
  }
}

/**
 * Says the same in words that more tools know: additionalProperties for unevaluatedProperties, which differ only beside an
 * allOf; nothing of those that may be anything; and type: [string, 'null'] for anyOf of the two, and of other simple types.
 *
 * @param {any} value
 * @returns {any}
 */
function inKnownWords(value) {
  if (Array.isArray(value)) return value.map(inKnownWords);
  if (value === null || typeof value !== 'object') return value;
  const { anyOf, unevaluatedProperties: others, ...rest } = value;
  if (others && !isDeepStrictEqual(others, {})) rest.additionalProperties = !others.not && others;
  if (anyOf?.length === 2 && SIMPLE.includes(anyOf[0].type) && anyOf[1].type === 'null') {
    Object.assign(rest, anyOf[0], { type: [anyOf[0].type, 'null'] });
  } else if (anyOf) {
    rest.anyOf = anyOf;
  }
  return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, inKnownWords(inner)]));
}
