// Prints the SBOM of the programs in a folder as CycloneDX 1.6: the Go modules, from the build information of the
// programs, and the npm packages of the embedded page.
//
//   node scripts/sbom.mjs VERSION FOLDER
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @typedef {{ type: string, name: string, version: string, purl: string, licenses?: unknown, hashes?: unknown }} Component */

/** @param {string} folder contains the programs */
function goModules(folder) {
  const listed = execFileSync('go', ['version', '-m', '-json', folder], { encoding: 'utf8' });
  // The output is a sequence of JSON objects without separators.
  const programs = JSON.parse(`[${listed.trim().replaceAll(/^}\n{/gm, '},\n{')}]`);
  return programs.flatMap((/** @type {any} */ program) => [
    golang('stdlib', program.GoVersion.replace(/^go(\S+).*/, '$1')),
    ...(program.Deps ?? []).map((/** @type {any} */ module) =>
      golang((module.Replace ?? module).Path, (module.Replace ?? module).Version),
    ),
  ]);
}

/**
 * @param {string} name
 * @param {string} version
 * @returns {Component}
 */
function golang(name, version) {
  return { type: 'library', name, version, purl: `pkg:golang/${name.toLowerCase()}@${encodeURIComponent(version)}` };
}

/** @returns {Component[]} */
function pagePackages() {
  const lock = JSON.parse(readFileSync(new URL('../frontend/package-lock.json', import.meta.url), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.dev)
    .map(([path, entry]) => {
      const name = path.replace(/^.*node_modules\//, '');
      return {
        type: 'library',
        name,
        version: entry.version,
        purl: `pkg:npm/${name.replace('@', '%40')}@${entry.version}`,
        licenses: [{ license: { id: entry.license } }],
        hashes: [
          { alg: 'SHA-512', content: Buffer.from(entry.integrity.replace(/^sha512-/, ''), 'base64').toString('hex') },
        ],
      };
    });
}

const [version, folder] = process.argv.slice(2);
const components = new Map([...goModules(folder), ...pagePackages()].map((c) => [c.purl, { 'bom-ref': c.purl, ...c }]));
const purl = `pkg:generic/nanomon@${encodeURIComponent(version)}`;
console.log(
  JSON.stringify(
    {
      $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: { component: { 'bom-ref': purl, type: 'application', name: 'nanomon', version, purl } },
      components: [...components.keys()].sort().map((key) => components.get(key)),
    },
    null,
    2,
  ),
);
