// Compresses the files in app with Brotli into packed, which the programs embed and send. hashes.json there has the hashes
// of the uncompressed files, so that a program does not decompress all files when it starts.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompressSync } from 'node:zlib';

const root = path.join(import.meta.dirname, '..');
const [app, packed] = [path.join(root, 'app'), path.join(root, 'packed')];
const compress = promisify(brotliCompress);

/**
 * Returns the paths of the files in a folder, without hidden files and declarations of types.
 * @param {string} folder
 */
async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !/^\.|\.d\.ts$/.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

/**
 * Compresses a file unless it is up to date: that takes a hundred times as long as decompressing it. Returns its hash.
 * @param {string} name
 */
async function pack(name) {
  const target = path.join(packed, name);
  const content = await readFile(path.join(app, name));
  if (!(await decompress(target))?.equals(content)) {
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, await compress(content));
  }
  return createHash('sha256').update(content).digest('hex');
}

/**
 * Returns the content of a compressed file, or undefined if it is missing or damaged.
 * @param {string} file
 */
async function decompress(file) {
  try {
    return brotliDecompressSync(await readFile(file));
  } catch {
    return undefined;
  }
}

await mkdir(packed, { recursive: true });
const names = (await filesIn(app)).sort();
for (const name of await filesIn(packed)) {
  if (name !== 'hashes.json' && !names.includes(name)) await rm(path.join(packed, name));
}
const hashes = await Promise.all(names.map(async (name) => [name, await pack(name)]));
const [file, list] = [path.join(packed, 'hashes.json'), JSON.stringify(Object.fromEntries(hashes))];
if ((await readFile(file, 'utf8').catch(() => '')) !== list) await writeFile(file, list);
