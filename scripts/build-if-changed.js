/**
 * Before `npm start`, `npm run demo`, `npm run admin` and each suite: builds unless dist is of these very sources. The stamp names
 * each file with its size and time, so that one that was deleted, or came back by `git checkout`, counts as a change.
 */
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readdirSync, readFileSync, statSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

/** `npm run build` takes it away. */
const STAMP = 'dist/.sources';
/** What is compiled and bundled, by what, and how. */
const FOLDERS = ['apps', 'libs', 'migrations'];
const FILES = [
  '.swcrc',
  'package.json',
  'docs/openapi/tenant-api.yaml',
  'scripts/bundle-processes.mjs',
  'scripts/our-lines.mjs',
  'scripts/verify-audit.mjs',
  // npm writes it with each installation: packages are part of the bundles.
  'node_modules/.package-lock.json',
];

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ parentPath, name }) => join(parentPath, name)),
);
const fingerprint = createHash('sha256');
for (const file of [...sources.sort(), ...FILES]) {
  const { size, mtimeNs } = statSync(file, { bigint: true });
  fingerprint.update(`${file} ${size} ${mtimeNs}\n`);
}
const stamp = fingerprint.digest('hex');

if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== stamp) {
  const { status } = spawnSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(STAMP, stamp);
}
