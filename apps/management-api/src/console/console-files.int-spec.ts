import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';

import { FakeIam, FakeKeyManager, startTestPostgres, type TestDatabase } from '@lib/testing';

import { type Answer, NOTHING_IN_THE_WAY, TenantApiApp } from '../../test/tenant-api-app';

const PAGE = '<!doctype html><div id="root"></div>';
const SCRIPT = 'console.log("a script");'.repeat(100);

let folder: string;
let database: TestDatabase;
let iam: FakeIam;
let api: TenantApiApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
  api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), NOTHING_IN_THE_WAY, {
    consoleFolder: join(folder, 'console'),
  });
});
afterAll(async () => {
  await api.close();
  await iam.stop();
  await database.close();
  await rm(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  api.send(method, path, { as: 'a browser', headers });

async function raw(path: string, headers: Record<string, string>): Promise<{ encoding: string | null; bytes: Buffer }> {
  // Node's fetch would decode it.
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: api.port, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ encoding: answer.headers['content-encoding'] ?? null, bytes: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function build(): Promise<void> {
  const write = async (name: string, content: string | Buffer): Promise<void> => {
    await writeFile(join(folder, 'console', name), content);
  };
  await mkdir(join(folder, 'console', 'assets'), { recursive: true });
  await mkdir(join(folder, 'console', '.vite'), { recursive: true });
  await write('index.html', PAGE);
  await write('favicon.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await write('.vite/manifest.json', '{}');
  await write('.sources', 'a stamp');
  await write('assets/index-AbC_d-12.js', SCRIPT);
  await write('assets/index-AbC_d-12.js.br', brotliCompressSync(SCRIPT));
  await write('assets/index-AbC_d-12.js.gz', gzipSync(SCRIPT));
  await writeFile(join(folder, 'secret.svg'), 'a secret');
}

it('says that the console is not there yet, and is there as soon as it is built', async () => {
  const before = await get('/console/instances/7', { 'accept-language': 'de, zh;q=0.5, en;q=0.4' });
  expect([before.status, before.headers['retry-after'], before.headers['cache-control']]).toEqual([
    503,
    '5',
    'no-store',
  ]);
  expect(before.text).toContain('<meta http-equiv="refresh" content="5" />');
  expect(before.text).toContain('<html lang="zh-CN">');
  expect(before.text).not.toContain('<script');
  expect((await get('/console/pages.css')).headers['content-type']).toBe('text/css; charset=utf-8');
  await build();
  for (const path of ['/console', '/console/', '/console/instances/7', '/console/instances/7/keys?state=active']) {
    const page = await get(path);
    expect([path, page.status, page.text, page.headers['cache-control']]).toEqual([path, 200, PAGE, 'no-cache']);
  }
});

describe('when it is built', () => {
  beforeAll(build);

  it('gives what has its content in its name for ever, and as small as the browser takes it', async () => {
    const asset = '/console/assets/index-AbC_d-12.js';
    const plain = await get(asset);
    expect([plain.status, plain.text, plain.headers['cache-control']]).toEqual([
      200,
      SCRIPT,
      'public, max-age=31536000, immutable',
    ]);
    expect(plain.headers['content-type']).toMatch(/^(text|application)\/javascript/);
    expect((await get(asset, {}, 'HEAD')).status).toBe(200);
    const [brotli, gzip] = [
      await raw(asset, { 'accept-encoding': 'gzip, br' }),
      await raw(asset, { 'accept-encoding': 'gzip' }),
    ];
    expect([brotli.encoding, brotliDecompressSync(brotli.bytes).toString()]).toEqual(['br', SCRIPT]);
    expect([gzip.encoding, gunzipSync(gzip.bytes).toString()]).toEqual(['gzip', SCRIPT]);
    expect((await get('/console/favicon.svg')).headers['content-type']).toBe('image/svg+xml');
  });

  it.each([
    '/console/assets/absent-123.js',
    '/console/assets/../../secret.svg',
    '/console/assets/..%2f..%2fsecret.svg',
    '/console/%2e%2e/secret.svg',
    '/console/..%2fsecret.svg',
    '/console/.sources',
    '/console/.vite/manifest.json',
    '/console/assets/.%00.js',
    '/console/assets/',
    '/console/absent.svg',
  ])('gives nothing else: %s', async (path) => {
    const answer = await get(path);
    expect([404, 200]).toContain(answer.status);
    if (answer.status === 200) expect(answer.text).toBe(PAGE);
    else expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each(['/console', '/console/assets/index-AbC_d-12.js', '/console/assets/absent.js', '/console/signed-out'])(
    'lets no page do more than it must: %s',
    async (path) => {
      const { headers } = await get(path);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
    },
  );

  it('answers other methods as it answers what is not there', async () => {
    expect((await get('/console/instances', {}, 'POST')).status).toBe(404);
    expect((await get('/console/login', {}, 'POST')).status).toBe(404);
    expect((await get('/console/logout')).text).toBe(PAGE);
  });
});

describe('who comes by TLS', () => {
  const PATHS = ['/console/', '/console/nowhere', '/v1/docs', '/v1/errors', '/v1/instances', '/nowhere'];

  it('is told to come by nothing else, on every answer', async () => {
    for (const path of PATHS) {
      const { headers } = await get(path);
      expect([path, headers['strict-transport-security']]).toEqual([path, 'max-age=31536000']);
    }
  });

  it('is told so by who is reached by TLS alone', async () => {
    const plain = await TenantApiApp.start(
      await database.openDataSource(),
      iam,
      new FakeKeyManager(),
      NOTHING_IN_THE_WAY,
      {},
      { MANAGEMENT_PUBLIC_URL: 'http://127.0.0.1:8080' },
    );
    for (const path of PATHS) {
      const { headers } = await plain.send('GET', path, { as: 'a browser' });
      expect([path, headers['strict-transport-security']]).toEqual([path, undefined]);
    }
    await plain.close();
  });
});
