// Pushes the images of `just images` to IMAGE_REG/IMAGE_NAME, with the tag IMAGE_TAG. IMAGE_NAME is nanomon by default,
// IMAGE_TAG the version. The settings are read from the environment or from .env. `just push` calls it with the version:
//
//   node scripts/push.mjs VERSION
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (existsSync('.env')) {
  process.loadEnvFile('.env');
}
const [version] = process.argv.slice(2);
const { IMAGE_REG: registry, IMAGE_NAME: name, IMAGE_TAG: tag } = process.env;
if (!registry) {
  console.error('IMAGE_REG is not set: set it to your registry, for example registry.example.org');
  process.exit(1);
}

/** @param {string[]} args */
function docker(...args) {
  const { status, error } = spawnSync('docker', args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`docker ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
}

for (const service of ['api', 'runner', 'frontend', 'standalone']) {
  const image = `${registry}/${name || 'nanomon'}/${service}:${tag || version}`;
  docker('tag', `nanomon/${service}:${version}`, image);
  docker('push', image);
}
