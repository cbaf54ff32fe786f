import { execFile } from 'node:child_process';
import { access, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const SOURCES = ['.swcrc', 'package.json', 'apps', 'libs', 'migrations', 'scripts', 'docs/openapi/tenant-api.yaml'];
/** What only a build or an installation puts there. */
const MADE = ['node_modules', 'dist'];

/** Every other suite builds on the `dist` of an earlier build, which has what this one would have to make. */
describe('the build of a clean clone', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clean-clone-'));
    for (const source of SOURCES) {
      await cp(source, join(folder, source), { recursive: true, filter: (path) => !MADE.includes(basename(path)) });
    }
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('needs nothing of an earlier one', async () => {
    await promisify(execFile)('npm', ['run', '-s', 'build'], { cwd: folder });
    for (const file of ['apps/launcher/src/main.js', 'packages.js', 'scripts/verify-audit.mjs']) {
      await expect(access(join(folder, 'dist', file))).resolves.toBeUndefined();
    }
  });
});
