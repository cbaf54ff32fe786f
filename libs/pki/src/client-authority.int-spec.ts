import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureClientAuthority, issueClientCertificate, ServerPkiError } from './index';

describe('ensureClientAuthority', () => {
  let base: string;
  let folder: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'client-ca-'));
    folder = join(base, 'data', 'client-ca');
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it('is one CA for all processes and all starts, with its key for the owner only', async () => {
    const started = await Promise.all(Array.from({ length: 4 }, () => ensureClientAuthority(folder, 'clients')));
    const later = await ensureClientAuthority(folder, 'another name');
    expect(new Set([...started, later].map(({ certificatePem }) => certificatePem)).size).toBe(1);
    expect(later.description.subject).toBe('CN=clients');
    expect((await readdir(folder)).sort()).toEqual(['ca.crt', 'ca.key']);
    expect((await stat(join(folder, 'ca.key'))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(base, 'data'))).toEqual(['client-ca']);
  });

  it('signs', async () => {
    const authority = await ensureClientAuthority(folder, 'clients');
    const { certificatePem } = await issueClientCertificate(authority, { commonName: 'vc', validDays: 1 });
    const issuer = new X509Certificate(authority.certificatePem);
    expect(new X509Certificate(certificatePem).verify(issuer.publicKey)).toBe(true);
  });

  it.each(['ca.key', 'ca.crt'])('is never replaced when %s is lost', async (file) => {
    await ensureClientAuthority(folder, 'clients');
    await unlink(join(folder, file));
    await expect(ensureClientAuthority(folder, 'clients')).rejects.toBeInstanceOf(ServerPkiError);
  });
});
