/**
 * `npm run build:console`: builds the web console into dist/console. With `--if-changed`, only if that is not of these
 * very sources. It is built beside and put there as a whole: who serves it never sees half of one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = 'apps/console';
const FOLDER = 'dist/console';
const STAMP = '.sources';
const VITE = 'node_modules/vite/bin/vite.js';

const fingerprint = () => {
  const files = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => !file.includes('node_modules') && !/\.(spec|e2e-spec)\.tsx?$/.test(file));
  const hash = createHash('sha256');
  for (const file of [...files.sort(), 'package-lock.json', 'scripts/build-console.mjs']) {
    const { size, mtimeNs } = statSync(file, { bigint: true });
    hash.update(`${file} ${size} ${mtimeNs}\n`);
  }
  return hash.digest('hex');
};

/** Another one may do the same at this moment: whichever is last stays. */
function putInPlace(made) {
  const old = `${made}.old`;
  for (let attempt = 1; ; attempt += 1) {
    rmSync(old, { recursive: true, force: true });
    try {
      if (existsSync(FOLDER)) renameSync(FOLDER, old);
      renameSync(made, FOLDER);
      break;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
  rmSync(old, { recursive: true, force: true });
}

function build(stamp) {
  const made = `${FOLDER}.${String(process.pid)}`;
  const environment = { ...process.env, CONSOLE_OUT_DIR: join(process.cwd(), made) };
  const { status, signal } = spawnSync(process.execPath, [VITE, 'build', SOURCES, '--logLevel', 'warn'], {
    stdio: 'inherit',
    env: environment,
  });
  if (status !== 0) {
    rmSync(made, { recursive: true, force: true });
    if (signal === null) console.error('the console was not built');
    process.exit(status ?? 1);
  }
  writeFileSync(join(made, STAMP), stamp);
  putInPlace(made);
}

if (!existsSync(VITE)) {
  console.error('the console cannot be built: its packages are not installed (npm ci)');
  process.exit(1);
}
const stamp = fingerprint();
const known = join(FOLDER, STAMP);
const isPresent = existsSync(known) && readFileSync(known, 'utf8') === stamp;
if (!process.argv.includes('--if-changed') || !isPresent) {
  mkdirSync('dist', { recursive: true });
  build(stamp);
}
