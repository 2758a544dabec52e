// Writes the SBOM of programs as CycloneDX 1.6: the Go modules, from the build information of the programs, and the npm
// packages of the embedded page. GoReleaser calls it.
//
//   node scripts/sbom.mjs VERSION FILE FOLDER...
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @typedef {{ type: string, name: string, version: string, purl: string }} Component */

/** @param {string[]} folders contain the programs */
function goModules(folders) {
  const listed = execFileSync('go', ['version', '-m', '-json', ...folders], { encoding: 'utf8' });
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

/** @returns {Component[]} also with licenses and hashes */
function pagePackages() {
  const options = ['--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'];
  const frontend = fileURLToPath(new URL('../frontend', import.meta.url));
  return JSON.parse(execFileSync('npm', ['sbom', ...options], { cwd: frontend, encoding: 'utf8' })).components;
}

const [version, file, ...folders] = process.argv.slice(2);
const components = new Map(
  [...goModules(folders), ...pagePackages()].map((c) => [c.purl, { ...c, 'bom-ref': c.purl }]),
);
const purl = `pkg:generic/nanomon@${encodeURIComponent(version)}`;
const document = {
  $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { 'bom-ref': purl, type: 'application', name: 'nanomon', version, purl } },
  components: [...components.keys()].sort().map((key) => components.get(key)),
};
writeFileSync(file, JSON.stringify(document, null, 2));
