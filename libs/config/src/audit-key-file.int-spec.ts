import { type KeyObject, sign, verify } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureAuditKeyFile, readAuditKeyFile, rotateAuditKey } from './audit-key-file';

const NOW = new Date('2026-11-28T12:00:00.000Z');
const later = (hours: number): Date => new Date(NOW.getTime() + hours * 3_600_000);
const bytes = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

describe('the file of audit keys', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'audit-keys-'));
    file = join(folder, 'audit-keys');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made with one key, for its owner alone, and not made anew', async () => {
    await Promise.all([1, 2, 3].map(() => ensureAuditKeyFile(file, NOW)));
    const [key, ...others] = await readAuditKeyFile(file);
    expect(others).toEqual([]);
    expect(key?.from).toEqual(NOW);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const signature = sign(null, Buffer.from('x'), key!.privateKey!);
    expect(verify(null, Buffer.from('x'), key!.publicKey, signature)).toBe(true);
    const before = await readFile(file, 'utf8');
    await ensureAuditKeyFile(file, later(1));
    expect(await readFile(file, 'utf8')).toBe(before);
    expect(await readdir(folder)).toEqual(['audit-keys']);
  });

  it('is rotated: the new key is announced, the one before signs on, and older ones only verify any more', async () => {
    await ensureAuditKeyFile(file, NOW);
    await writeFile(file, `# ours\n${await readFile(file, 'utf8')}`);
    await chmod(file, 0o400);
    const [first] = await readAuditKeyFile(file);
    const two = await rotateAuditKey(file, NOW);
    expect(two.map(({ from, until, privateKey }) => [from, until, privateKey !== undefined])).toEqual([
      [NOW, later(25), true],
      [later(1), undefined, true],
    ]);
    const three = await rotateAuditKey(file, later(48));
    expect(three.map(({ from, until, privateKey }) => [from, until, privateKey !== undefined])).toEqual([
      [NOW, later(25), false],
      [later(1), later(73), true],
      [later(49), undefined, true],
    ]);
    const spki = (key: KeyObject): unknown => key.export({ format: 'jwk' }).x;
    expect(spki(three[0]!.publicKey)).toBe(spki(first!.publicKey));
    expect(await readFile(file, 'utf8')).toMatch(/^# ours\nretired .*\nkey .*\nkey .*\n$/);
    expect(await readdir(folder)).toEqual(['audit-keys']);
  });

  it('is not rotated twice within an hour', async () => {
    await ensureAuditKeyFile(file, NOW);
    await rotateAuditKey(file, NOW);
    await expect(rotateAuditKey(file, NOW)).rejects.toThrow('begins to sign at 2026-11-28T13:00:00.000Z');
  });

  it.each<[string, string, string]>([
    ['nothing', '# only this\n\n', 'holds no key that signs'],
    ['a service key', `v1:${bytes(1)}\n`, 'line 1 is no key <instant>'],
    ['a key without its time', `key ${bytes(1)}\n`, 'line 1 is no key <instant>'],
    ['a short key', `key 2026-11-28T12:00:00Z ${bytes(1).slice(4)}\n`, 'line 1 is no key <instant>'],
    [
      'keys in no order',
      `key 2026-11-28T12:00:00Z ${bytes(1)}\nkey 2026-11-28T12:00:00Z ${bytes(2)}\n`,
      'line 2: instants',
    ],
    [
      'a retired key alone',
      `retired 2026-11-28T12:00:00Z 2026-11-29T12:00:00Z ${bytes(1)}\n`,
      'holds no key that signs',
    ],
  ])('with %s is refused by line, and never shown', async (_what, content, fault) => {
    await writeFile(file, content);
    const error: unknown = await readAuditKeyFile(file).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(fault);
    expect(String(error)).not.toContain(bytes(1));
  });

  it('that is not there is said', async () => {
    await expect(readAuditKeyFile(file)).rejects.toThrow('cannot be read');
  });
});
