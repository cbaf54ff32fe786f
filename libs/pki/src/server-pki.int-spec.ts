import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  ensureServerPki,
  readCertificateAuthority,
  readServerPki,
  ServerPkiError,
  issueClientCertificate,
} from './index';

let base: string;
let folder: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pki-'));
  folder = join(base, 'data', 'tls');
});
afterEach(() => rm(base, { recursive: true, force: true }));

const hostNames = ['kmip.example.com', '127.0.0.1'];

describe('ensureServerPki', () => {
  it('makes a pair once and reads the same one ever after', async () => {
    const first = await ensureServerPki(folder, { hostNames });
    const second = await ensureServerPki(folder, { hostNames: ['other.example.com'] });

    expect(first.missingHostNames).toEqual([]);
    expect(second.certificatePem).toBe(first.certificatePem);
    expect(second.missingHostNames).toEqual(['other.example.com']);
    expect(first.caCertificatePem).toContain('BEGIN CERTIFICATE');
  });

  it('keeps keys to the owner and leaves nothing else behind', async () => {
    await ensureServerPki(folder, { hostNames });

    expect((await readdir(folder)).sort()).toEqual(['ca.crt', 'ca.key', 'server.crt', 'server.key']);
    expect(await readdir(join(base, 'data'))).toEqual(['tls']);
    for (const key of ['ca.key', 'server.key']) {
      expect((await stat(join(folder, key))).mode & 0o777).toBe(0o600);
    }
  });

  it('gives one pair to processes that start together', async () => {
    const started = await Promise.all(Array.from({ length: 4 }, () => ensureServerPki(folder, { hostNames })));

    expect(new Set(started.map((pki) => pki.certificatePem)).size).toBe(1);
    expect(await readdir(join(base, 'data'))).toEqual(['tls']);
  });

  it('fills an empty folder', async () => {
    await mkdir(folder, { recursive: true });
    await expect(ensureServerPki(folder, { hostNames })).resolves.toMatchObject({ folder });
  });

  it.each([
    ['server.key', 'missing', unlink],
    ['server.crt', 'missing', unlink],
    ['server.crt', 'holds no PEM certificate', (file: string) => writeFile(file, 'garbage')],
    ['server.key', 'no readable private key', (file: string) => writeFile(file, 'garbage')],
    ['server.key', 'does not belong', async (file: string) => writeFile(file, await readFile(join(file, '../ca.key')))],
  ])('never replaces a damaged %s (%s)', async (name, fault, damage) => {
    await ensureServerPki(folder, { hostNames });
    await damage(join(folder, name));
    const before = await readdir(folder);

    const attempt = ensureServerPki(folder, { hostNames });

    await expect(attempt).rejects.toBeInstanceOf(ServerPkiError);
    await expect(attempt).rejects.toMatchObject({ file: join(folder, name) });
    await expect(attempt).rejects.toThrow(fault);
    expect(await readdir(folder)).toEqual(before);
  });

  it('takes an operator pair without CA, and a chain behind the leaf', async () => {
    const own = await ensureServerPki(folder, { hostNames });
    const theirs = join(base, 'theirs');
    await mkdir(theirs);
    await writeFile(join(theirs, 'server.crt'), `${own.certificatePem}${String(own.caCertificatePem)}`);
    await writeFile(join(theirs, 'server.key'), own.privateKeyPem.expose());

    const read = await readServerPki(theirs);

    expect(read.caCertificatePem).toBeUndefined();
    expect(read.description.fingerprint).toBe(own.description.fingerprint);
    await expect(readCertificateAuthority(theirs)).rejects.toMatchObject({ file: join(theirs, 'ca.crt') });
  });

  it('names the folder when it cannot be made', async () => {
    const blocked = join(base, 'file');
    await writeFile(blocked, '');
    await expect(ensureServerPki(join(blocked, 'tls'), { hostNames })).rejects.toMatchObject({
      code: 'server_pki_unusable',
      file: join(blocked, 'tls'),
    });
  });

  it('hands out its CA to sign with', async () => {
    const { caCertificatePem } = await ensureServerPki(folder, { hostNames });
    const ca = await readCertificateAuthority(folder);
    const { certificatePem } = await issueClientCertificate(ca, { commonName: 'vcenter', validDays: 1 });

    const issuer = new X509Certificate(String(caCertificatePem));
    expect(new X509Certificate(certificatePem).verify(issuer.publicKey)).toBe(true);
  });
});
