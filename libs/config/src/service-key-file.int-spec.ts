import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureServiceKeyFile, readServiceKeyFile, ServiceKeyFileError } from './index';

let base: string;
let file: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'service-key-'));
  file = join(base, 'secrets', 'service-key');
});
afterEach(() => rm(base, { recursive: true, force: true }));

const base64 = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

describe('ensureServiceKeyFile', () => {
  it('makes one key, for the owner alone, however many start together', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => ensureServiceKeyFile(file)));

    expect(new Set(all.map(({ newest }) => newest.key.expose().toString('hex'))).size).toBe(1);
    expect(all[0]?.newest.version).toBe(1);
    expect(all[0]?.newest.key.length).toBe(32);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(base, 'secrets'))).toEqual(['service-key']);
  });

  it('never replaces a damaged file', async () => {
    await ensureServiceKeyFile(file);
    await writeFile(file, 'v1:short');
    await expect(ensureServiceKeyFile(file)).rejects.toBeInstanceOf(ServiceKeyFileError);
    expect(await readFile(file, 'utf8')).toBe('v1:short');
  });
});

describe('readServiceKeyFile', () => {
  beforeEach(() => ensureServiceKeyFile(file));

  it('knows all versions and seals with the last', async () => {
    await writeFile(file, `# rotated\nv1:${base64(1)}\n\r\nv3:${base64(3)}\r\n`);
    const { newest, byVersion } = await readServiceKeyFile(file);
    expect(newest.version).toBe(3);
    expect(newest.key.expose()).toEqual(Buffer.alloc(32, 3));
    expect([...byVersion.keys()]).toEqual([1, 3]);
  });

  it.each([
    ['nothing', '', 'holds no key'],
    ['a short key', `v1:${Buffer.alloc(31).toString('base64')}`, 'line 1'],
    ['no version', base64(1), 'line 1'],
    ['versions that do not ascend', `v2:${base64(2)}\nv2:${base64(1)}`, 'line 2'],
  ])('refuses %s and quotes nothing', async (_name, content, fault) => {
    await writeFile(file, content);
    const attempt = readServiceKeyFile(file);
    await expect(attempt).rejects.toThrow(fault);
    await expect(attempt).rejects.not.toThrow(base64(1));
  });

  it('names a file that is not there', async () => {
    await expect(readServiceKeyFile(join(base, 'none'))).rejects.toThrow(join(base, 'none'));
  });
});
