import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TOOLS = join('test', 'load');

/** Compiled as their scripts do it, but aside: other suites run what lies in `dist`. Below the repository, for its modules. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(process.cwd(), 'node_modules', '.load-tools-'));
  const swc = join('node_modules', '.bin', 'swc');
  await run(swc, ['apps', 'libs', 'migrations', 'test', '-d', folder, '--config-file', '.swcrc', '--quiet']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const tools = async (): Promise<string[]> => (await readdir(TOOLS)).filter((name) => name.endsWith('.ts'));

it('every load tool can be loaded without a test runner, and does nothing by that', async () => {
  const files = (await tools()).map((name) => join(folder, TOOLS, name.replace(/ts$/, 'js')));
  expect(files.length).toBeGreaterThan(3);
  const { stdout } = await run(process.execPath, ['-e', `for (const file of ${JSON.stringify(files)}) require(file)`]);
  expect(stdout).toBe('');
});

it('every bench has a script, and every script its bench', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
  const run = Object.entries(scripts).flatMap(([name, command]) =>
    name.startsWith('bench') ? [/ dist\/test\/load\/(.+)\.js$/.exec(command)?.[1]] : [],
  );
  const children = ['bare-server', 'database-relay', 'flood'];
  expect([...run, ...children].sort()).toEqual((await tools()).map((name) => name.replace(/\.ts$/, '')).sort());
});
