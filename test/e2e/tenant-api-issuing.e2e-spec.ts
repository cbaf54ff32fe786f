import { execFile, execFileSync } from 'node:child_process';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';

import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

import { createKey, fetchKey } from './support/keys';
import { RunningService } from './support/running-service';
import { TenantApi } from './support/tenant-api';

jest.setTimeout(180_000);

const run = promisify(execFile);
const PASSWORD = 'correct horse "battery" staple';

interface Added {
  readonly id: string;
  readonly certificate: string;
  readonly issuer: string;
  readonly warnings: readonly object[];
}

interface Pair {
  readonly client_certificate: { readonly id: string };
  readonly certificate: string;
  readonly private_key?: string;
  readonly archive?: string;
  readonly activation: { readonly complete: boolean };
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    process.stdout.write('no openssl here: what it thinks of certificates and archives is not asked\n');
    return false;
  }
}

const withOpenssl = hasOpenssl() ? it : it.skip;

describe('certificates that the service issues', () => {
  let service: RunningService;
  let api: TenantApi;
  let folder: string;
  let authority: X509Certificate;

  beforeAll(async () => {
    service = await RunningService.start();
    api = new TenantApi(service, await service.token('manager'));
    folder = await mkdtemp(join(tmpdir(), 'kmip-issuing-'));
    authority = new X509Certificate(await readFile(join(service.dataFolder, 'client-ca', 'ca.crt')));
  });

  afterAll(async () => {
    await service.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** A key pair whose private half never leaves here, and the request that asks for its certificate. */
  async function signingRequest(
    algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams,
  ): Promise<{ pem: string; key: string }> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const signingAlgorithm = { ...algorithm, hash: 'SHA-256' };
    const name = 'CN=vcenter-07.example.com, O=VMware, OU=VMware Engineering';
    const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm }, webcrypto);
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    return { pem: request.toString('pem'), key: key.export({ format: 'pem', type: 'pkcs8' }).toString() };
  }

  /** Both endpoints serve whoever has the pair, from the answer on. */
  async function isServed(certificate: string, key: string): Promise<void> {
    for (const endpoint of [0, 1]) {
      const client = await service.kmipAs(certificate, key, endpoint);
      expect(await fetchKey(client, await createKey(client))).toHaveProperty('hex');
      await client.close();
    }
  }

  it.each<[string, webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams]>([
    [
      'an RSA',
      { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    ],
    ['an EC', { name: 'ECDSA', namedCurve: 'P-256' }],
  ])('sign %s request of a vCenter, whose key stays there', async (what, algorithm) => {
    const { pem, key } = await signingRequest(algorithm);
    const body = { name: `signed-${what.replace(/\W/g, '')}`, certificate_signing_request: pem };
    const added = await api.ok<Added>('POST', '/client_certificates', body);
    const certificate = new X509Certificate(added.certificate);
    expect(certificate.subject).toContain('CN=vcenter-07.example.com');
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    await isServed(added.certificate, key);
  });

  it('come as a pair in PEM', async () => {
    const pair = await api.ok<Pair>('POST', '/client_key_pairs', { name: 'pair-pem', validity_days: 30 });
    expect(pair.activation.complete).toBe(true);
    const certificate = new X509Certificate(pair.certificate);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000)).toBe(30);
    await isServed(pair.certificate, pair.private_key ?? '');
    // Removed like any other.
    await api.ok('DELETE', `/client_certificates/${pair.client_certificate.id}?confirm=pair-pem`);
    await expect(isServed(pair.certificate, pair.private_key ?? '')).rejects.toThrow();
  });

  it('come as a PKCS #12 file, for its password only', async () => {
    const body = { name: 'pair-p12', encoding: 'pkcs12', password: PASSWORD };
    const { archive = '', certificate, private_key: key } = await api.ok<Pair>('POST', '/client_key_pairs', body);
    expect(key).toBeUndefined();
    const pfx = Buffer.from(archive, 'base64');
    expect(() => createSecureContext({ pfx, passphrase: PASSWORD })).not.toThrow();
    expect(() => createSecureContext({ pfx, passphrase: 'guessed' })).toThrow(/mac verify failure/i);
    expect(certificate).toContain('BEGIN CERTIFICATE');
  });

  withOpenssl('are what OpenSSL takes: request, chain and archive', async () => {
    const file = (name: string): string => join(folder, name);
    const openssl = async (...args: string[]): Promise<string> => (await run('openssl', args)).stdout;
    const subject = ['-subj', '/CN=vcenter-08/O=Example'];
    await openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      ...subject,
      '-keyout',
      file('vc.key'),
      '-out',
      file('vc.csr'),
    );
    const added = await api.ok<Added>('POST', '/client_certificates', {
      name: 'openssl',
      certificate_signing_request: await readFile(file('vc.csr'), 'utf8'),
    });
    await writeFile(file('vc.crt'), added.certificate);
    const ca = join(service.dataFolder, 'client-ca', 'ca.crt');
    expect(await openssl('verify', '-purpose', 'sslclient', '-x509_strict', '-CAfile', ca, file('vc.crt'))).toContain(
      'OK',
    );
    await isServed(added.certificate, await readFile(file('vc.key'), 'utf8'));

    const body = { name: 'openssl-p12', encoding: 'pkcs12', password: PASSWORD };
    const { archive = '' } = await api.ok<Pair>('POST', '/client_key_pairs', body);
    await writeFile(file('pair.p12'), Buffer.from(archive, 'base64'));
    const unpack = ['pkcs12', '-in', file('pair.p12'), '-passin', `pass:${PASSWORD}`, '-nodes'];
    const [certificate, key] = [await openssl(...unpack, '-nokeys'), await openssl(...unpack, '-nocerts')];
    await isServed(certificate.slice(certificate.indexOf('-----BEGIN')), key.slice(key.indexOf('-----BEGIN')));
  });

  it('all come from the same CA, before and after a restart', async () => {
    const before = await api.ok<Pair>('POST', '/client_key_pairs', { name: 'before' });
    await service.stop();
    const again = await RunningService.start({ dataFolder: service.dataFolder });
    service = again;
    api = new TenantApi(again, await again.token('manager'));
    const after = await api.ok<Pair>('POST', '/client_key_pairs', { name: 'after' });
    for (const { certificate } of [before, after]) {
      expect(new X509Certificate(certificate).verify(authority.publicKey)).toBe(true);
    }
    await isServed(before.certificate, before.private_key ?? '');
  });
});
