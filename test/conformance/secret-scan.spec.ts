import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(process.cwd(), 'scripts', 'secret-scan.mjs');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const word = (bytes: number): string => randomBytes(bytes).toString('hex');

describe('the search for secrets', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kmip-scan-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function search(content: string): { status: number | null; said: string } {
    const file = join(folder, 'file.ts');
    writeFileSync(file, content);
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, file], { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  }

  // Made here, so that this file holds none.
  it.each<[string, string, string]>([
    ['private key', pem, pem.slice(40, 80)],
    ['private key', `const key = ${JSON.stringify(pem)};`, pem.slice(40, 80)],
    ['service key', `v1:${Buffer.alloc(32, 7).toString('base64')}`, Buffer.alloc(32, 7).toString('base64')],
    ['password in a URL', `url: postgres://kmip:${word(8)}@db/kmip`, 'kmip@'],
    ['token', `eyJhbGciOiJSUzI1NiJ9.eyJpYW1faWQiOiJ4In0.${word(40)}`, 'eyJpYW1'],
    ['cloud key', `AKIA${word(8).toUpperCase()}`, 'AKIA'],
    ['API key', `SERVICE_API_KEY=${'a'.repeat(22)}${'B'.repeat(22)}`, 'aaaaBBBB'],
    ['random text', `const it = '${randomBytes(48).toString('base64url')}'`, 'const it'],
  ])('finds a %s, and does not repeat it', (kind, content, secret) => {
    const { status, said } = search(`first line\n${content}\n`);
    expect(status).toBe(1);
    expect(said).toContain(`file.ts:2: ${kind}`);
    expect(said).not.toContain(secret);
  });

  it('passes over certificates, names and digests', () => {
    const harmless = [
      'postgres://user:password@host/db',
      'a'.repeat(60),
      word(32),
      'someVeryLongNameOfAFunctionThatDoesManyThings',
    ];
    expect(search(harmless.join('\n'))).toMatchObject({ status: 0 });
  });
});
