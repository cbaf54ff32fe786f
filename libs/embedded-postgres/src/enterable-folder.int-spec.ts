import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { enterableFolder } from './enterable-folder';

const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 };

describe('enterableFolder', () => {
  let base: string;
  const log: string[] = [];

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'kms-enterable-'));
    log.length = 0;
  });

  afterEach(() => rm(base, { recursive: true, force: true }));

  const place = (asked: string): Promise<string> =>
    enterableFolder(asked, NOBODY, (message) => log.push(message), join(base, 'system'));

  it('opens the asked folder for passing through, and stays there', async () => {
    await mkdir(join(base, 'open'), { mode: 0o700 });
    // mkdtemp makes private folders; this one stands for a public one.
    await chmod(base, 0o711);
    expect(await place(join(base, 'open'))).toBe(join(base, 'open'));
    expect((await stat(join(base, 'open'))).mode & 0o777).toBe(0o711);
    expect(log).toEqual([]);
  });

  it('goes elsewhere when a folder above is closed, says so, and finds it again', async () => {
    const asked = join(base, 'home', 'postgres');
    await mkdir(asked, { recursive: true });
    const moved = await place(asked);
    expect(moved.startsWith(join(base, 'system'))).toBe(true);
    expect(log.join()).toContain(moved);
    expect(await place(asked)).toBe(moved);
  });
});
