// Makes openapi.yaml and schemas/ of the TypeSpec source. With --check it changes nothing, and fails if they would change.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';

process.chdir(import.meta.dirname);
if (process.argv.includes('--check')) {
  check();
} else {
  rmSync('schemas', { recursive: true, force: true });
  generate('.');
}

/** Fails if what is here isn't what the source makes. */
function check() {
  const fresh = mkdtempSync(join(tmpdir(), 'nanomon-specs-'));
  try {
    generate(fresh);
    const stale = [...new Set([...files('.'), ...files(fresh)])].filter(
      (file) => read('.', file) !== read(fresh, file),
    );
    if (stale.length > 0) {
      console.error(
        `not what api/typespec makes, run "just generate-specs": ${stale.map((file) => `api/${file}`).join(', ')}`,
      );
      process.exitCode = 1;
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

/** @param {string} folder */
function files(folder) {
  return ['openapi.yaml', ...readdirSync(join(folder, 'schemas')).map((name) => `schemas/${name}`)];
}

/**
 * @param {string} folder
 * @param {string} file
 */
function read(folder, file) {
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch {
    return undefined;
  }
}

/** @param {string} folder what is made goes there */
function generate(folder) {
  const compiler = 'node_modules/@typespec/compiler/cmd/tsp.js';
  const run = spawnSync(process.execPath, [compiler, 'compile', 'typespec', '--output-dir', resolve(folder)], {
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    console.error(run.stdout + run.stderr);
    process.exit(1);
  }
  finish(join(folder, 'openapi.yaml'));
}

/**
 * Adds what TypeSpec has no words for, and says the rest in words that more tools know.
 *
 * @param {string} file
 */
function finish(file) {
  const document = parse(readFileSync(file, 'utf8'));
  document.components.responses = {};
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) {
      addLinks(operation);
      shareProblems(operation.responses, document.components.responses);
    }
  }
  for (const server of document.servers) delete server.variables;
  const text = stringify(inKnownWords(document), {
    singleQuote: true,
    aliasDuplicateObjects: false,
    lineWidth: 0,
    compat: 'yaml-1.1',
  });
  writeFileSync(file, `# Made by "just generate-specs" from typespec/\n${text}`);
}

/** x-links names the operations that take the id in the answer. */
function addLinks(operation) {
  const { 'x-links': names, responses } = operation;
  if (!names) return;
  delete operation['x-links'];
  responses[200].links = Object.fromEntries(
    names.map((name) => [name, { operationId: name, parameters: { id: '$response.body#/id' } }]),
  );
}

/** Makes components of the problems that operations have in common. */
function shareProblems(responses, shared) {
  for (const [status, response] of Object.entries(responses)) {
    if (Number(status) < 400) continue;
    const name = STATUS_CODES[status].replaceAll(' ', '');
    shared[name] ??= response;
    if (isDeepStrictEqual(shared[name], response)) responses[status] = { $ref: `#/components/responses/${name}` };
  }
}

/**
 * additionalProperties means the same as unevaluatedProperties where there is no allOf, and
 * type: [string, 'null'] the same as anyOf a string or null.
 */
function inKnownWords(value) {
  if (Array.isArray(value)) return value.map(inKnownWords);
  if (value === null || typeof value !== 'object') return value;
  const { anyOf, unevaluatedProperties: others, ...rest } = value;
  if (others) rest.additionalProperties = !others.not && others;
  if (anyOf?.length === 2 && anyOf[0].type && anyOf[1].type === 'null') {
    Object.assign(rest, anyOf[0], { type: [anyOf[0].type, 'null'] });
  } else if (anyOf) {
    rest.anyOf = anyOf;
  }
  return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, inKnownWords(inner)]));
}
