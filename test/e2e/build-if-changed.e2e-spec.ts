import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const SCRIPT = resolve('scripts/build-if-changed.js');
const BUILD = `rm -f dist/.sources && mkdir -p dist && echo built >> count`;
const SOURCE = 'libs/kernel/src/index.ts';
/** Copied as it is. */
const VERIFIER = 'scripts/verify-audit.mjs';
/** Where npm writes down what it has installed. */
const INSTALLED = 'node_modules/.package-lock.json';
const API_DOCUMENT = 'docs/openapi/tenant-api.yaml';
const BUNDLER = ['scripts/bundle-processes.mjs', 'scripts/our-lines.mjs'];

describe('what npm start does before it starts', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'build-'));
    await write('package.json', JSON.stringify({ scripts: { build: BUILD } }));
    for (const file of ['.swcrc', INSTALLED, API_DOCUMENT, ...BUNDLER, VERIFIER]) await write(file, '{}');
    for (const file of ['apps/gateway/src/main.ts', SOURCE, 'libs/kernel/src/clock.ts', 'migrations/index.ts']) {
      await write(file, 'export {};\n');
    }
    await start();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const at = (file: string): string => join(folder, file);
  async function write(file: string, text: string): Promise<void> {
    await mkdir(dirname(at(file)), { recursive: true });
    await writeFile(at(file), text);
  }
  const start = () => promisify(execFile)(process.execPath, [SCRIPT], { cwd: folder });
  const builds = async (): Promise<number> => (await readFile(at('count'), 'utf8')).split('\n').length - 1;

  it('builds once', async () => {
    await start();
    expect(await builds()).toBe(1);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a file was changed', () => write(SOURCE, 'export const a = 1;\n')],
    ['a file came back by git checkout, as long as it was', () => utimes(at(SOURCE), new Date(), new Date())],
    ['a file was deleted', () => rm(at('libs/kernel/src/clock.ts'))],
    ['a file is new', () => write('apps/gateway/src/other.ts', '')],
    ['the compiler or a package is another one', () => write(INSTALLED, '{ "packages": {} }')],
    ['a script that is copied was changed', () => write(VERIFIER, 'export {};\n')],
    ['a script that bundles was changed', () => write('scripts/our-lines.mjs', 'export {};\n')],
    ['the document of the tenant API was changed', () => write(API_DOCUMENT, 'openapi: 3.0.3\n')],
    ['dist is gone', () => rm(at('dist'), { recursive: true })],
  ])('builds again when %s', async (_when, change) => {
    await change();
    await start();
    expect(await builds()).toBe(2);
    await start();
    expect(await builds()).toBe(2);
  });

  it('builds again what somebody built from other sources meanwhile', async () => {
    const { atime, mtime } = await stat(at(SOURCE));
    await write(SOURCE, 'export const a = 1;\n');
    await promisify(execFile)('npm', ['run', '-s', 'build'], { cwd: folder });
    await write(SOURCE, 'export {};\n');
    await utimes(at(SOURCE), atime, mtime);
    await start();
    expect(await builds()).toBe(3);
  });

  it('tries again what could not be built', async () => {
    await write('package.json', JSON.stringify({ scripts: { build: 'exit 3' } }));
    await expect(start()).rejects.toMatchObject({ code: 3 });
    await expect(start()).rejects.toMatchObject({ code: 3 });
  });
});
