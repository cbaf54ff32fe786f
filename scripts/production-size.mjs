/**
 * `npm run size`: what `npm ci --omit=dev` would put on a disk, of the packages that are installed here. Fails when it
 * is more than an image or a small machine should have to carry. Blocks of 4 KiB, as `du` counts them.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LIMIT_MB = 200;
const BLOCK = 4096;
const SHOWN = 5;

const blocksOf = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return BLOCK + blocksOf(path);
      return entry.isFile() ? Math.ceil(statSync(path).size / BLOCK) * BLOCK : 0;
    })
    .reduce((sum, size) => sum + size, 0);

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const sizes = Object.entries(packages)
  .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
  // Absent: the binaries of other platforms.
  .filter(([path, { optional }]) => !optional || statSync(path, { throwIfNoEntry: false }) !== undefined)
  .map(([path]) => ({ path, megabytes: blocksOf(path) / 2 ** 20 }))
  .sort((one, other) => other.megabytes - one.megabytes);
const total = sizes.reduce((sum, { megabytes }) => sum + megabytes, 0);
console.log(`${total.toFixed(0)} MB of ${String(LIMIT_MB)} MB in ${String(sizes.length)} packages for production`);
if (total > LIMIT_MB) {
  for (const { path, megabytes } of sizes.slice(0, SHOWN)) console.log(`${megabytes.toFixed(1)} MB ${path}`);
  process.exitCode = 1;
}
