import { execFile, execFileSync } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';

import { Secret } from '@lib/kernel';
import { describeWithOpenssl, Openssl } from '@lib/testing';

import { issueClientCertificate, type IssuedCertificate, type KeyKind, toPkcs12 } from './index';

const execute = promisify(execFile);
const PASSWORD = 'correct horse "battery" staple';

const PAIRS: readonly KeyKind[] = ['rsa-2048', 'ec-p384'];
const pairs: IssuedCertificate[] = [];
let archives: readonly Buffer[];
/** Turns of the event loop while both archives were made side by side. */
let turns = 0;

beforeAll(async () => {
  for (const keyKind of PAIRS) {
    pairs.push(await issueClientCertificate('self-signed', { commonName: 'vcenter-01', validDays: 1, keyKind }));
  }
  let done = false;
  const making = Promise.all(pairs.map((pair) => toPkcs12(pair, Secret.fromText(PASSWORD), 'vcenter-01')));
  void making.finally(() => (done = true)).catch(() => undefined);
  while (!done) {
    await nextTurn();
    turns += 1;
  }
  archives = await making;
});

/** Key and certificate as they were issued. */
const issued = (at: number): { readonly key: string; readonly certificate: string } => ({
  key: pairs[at]?.privateKeyPem.exposeText() ?? '',
  certificate: pairs[at]?.certificatePem ?? '',
});

describeWithOpenssl('a PKCS #12 archive and OpenSSL', () => {
  let openssl: Openssl;

  beforeAll(async () => {
    openssl = await Openssl.open();
    for (const [at, archive] of archives.entries()) await openssl.write(`${at}.p12`, archive);
  });
  afterAll(() => openssl.remove());

  it.each(PAIRS.map((kind, at) => [kind, at] as const))('gives back key and certificate: %s', async (_kind, at) => {
    const open = (...args: string[]): Promise<string> => openssl.run('pkcs12', '-in', `${at}.p12`, ...args);
    const password = ['-passin', `pass:${PASSWORD}`];
    const certificate = await open(...password, '-nokeys');
    expect(certificate).toContain(issued(at).certificate);
    expect(certificate).toContain('friendlyName: vcenter-01');
    expect(await open(...password, '-nocerts', '-noenc')).toContain(issued(at).key);
    await expect(open('-passin', 'pass:something else', '-noout')).rejects.toThrow(/Mac verify error/);
  });

  it('is made as it should be', async () => {
    const args = ['pkcs12', '-in', '0.p12', '-passin', `pass:${PASSWORD}`, '-info', '-noout'];
    const { stderr } = await execute('openssl', args, { cwd: openssl.folder });
    expect(stderr).toContain('MAC: sha256, Iteration 600000');
    expect(stderr).toMatch(/MAC length: 32, salt length: 16/);
    expect(stderr).toContain('Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256');
  });
});

const READ = `
import sys
from cryptography.hazmat.primitives.serialization import pkcs12, Encoding, PrivateFormat, NoEncryption
key, certificate, others = pkcs12.load_key_and_certificates(sys.stdin.buffer.read(), sys.argv[1].encode())
assert others == []
sys.stdout.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
sys.stdout.write(certificate.public_bytes(Encoding.PEM).decode())
`;

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import cryptography'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stdout.write('no python3-cryptography here: what it thinks of archives is not asked\n');
    return false;
  }
}

(hasPython() ? it : it.skip)("gives key and certificate to Python's cryptography", () => {
  const read = (archive: Buffer): string =>
    execFileSync('python3', ['-c', READ, PASSWORD], { input: archive }).toString();
  expect(archives.map(read)).toEqual(PAIRS.map((_, at) => issued(at).key + issued(at).certificate));
});

it('leaves the event loop to others while keys are derived, however many are asked for', () => {
  expect(turns).toBeGreaterThan(1_000);
});
