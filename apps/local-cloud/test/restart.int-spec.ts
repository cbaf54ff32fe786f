import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resourcesOf, KmsClient, send, type Tenant } from './test-cloud';

/** The process itself is what is tested here, as `npm run build` made it. */
const root = resolve(__dirname, '../../..');
let work: string;
let dataFolder: string;
let running: ChildProcess | undefined;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'local-cloud-'));
  dataFolder = join(work, 'data');
});
afterEach(() => stop('SIGKILL'));
afterAll(() => rmSync(work, { recursive: true }));

interface Announcement {
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
}

async function start(): Promise<Announcement> {
  const file = join(dataFolder, 'local-cloud.json');
  rmSync(file, { force: true });
  running = launch();
  const deadline = Date.now() + 10_000;
  while (!existsSync(file)) {
    if (Date.now() > deadline) throw new Error('the local cloud did not start');
    await delay(10);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Announcement;
}

function launch(environment: Record<string, string> = {}): ChildProcess {
  const settings = { LOCAL_CLOUD_PORT: '0', LOCAL_CLOUD_DATA: dataFolder, LOG_LEVEL: 'silent', ...environment };
  return spawn(process.execPath, [join(root, 'dist/apps/local-cloud/src/main.js')], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function stop(signal: NodeJS.Signals): Promise<number | null> {
  const child = running;
  running = undefined;
  if (!child) return null;
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, 'exit');
  }
  return child.exitCode;
}

const seeded = async ({ adminUrl }: Announcement, body: object = {}): Promise<Tenant> =>
  (await send(`${adminUrl}/seed`, 'POST', body)).body as Tenant;

/** The same tenant at the address of a restarted cloud. */
const at = (tenant: Tenant, { url }: Announcement): Tenant => ({
  ...tenant,
  iamUrl: `${url}/iam`,
  instance: {
    ...tenant.instance,
    endpoints: { public: `${url}/kms/us-south`, private: `${url}/private/kms/us-south` },
  },
});

async function clientFor(tenant: Tenant): Promise<KmsClient> {
  const form = { grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey: tenant.apiKey.apikey };
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await send(`${tenant.iamUrl}/identity/token`, 'POST', new URLSearchParams(form).toString(), headers);
  return new KmsClient(tenant, (answer.body as { access_token: string }).access_token);
}

it('loses no acknowledged key when it is killed among writers, and keeps tokens, root keys and the clock', async () => {
  const first = await start();
  const tenant = await seeded(first);
  await send(`${first.adminUrl}/clock`, 'POST', { advanceSeconds: 86_400 });
  const client = await clientFor(tenant);
  const wrapped = (await client.call('POST', `/keys/${tenant.rootKey.id}/actions/wrap`, {})).body as Record<
    string,
    string
  >;
  const acknowledged: string[] = [];
  const write = async (): Promise<void> => {
    for (;;) acknowledged.push(await client.create({ name: 'written under fire' }));
  };
  const writers = Promise.allSettled([write(), write(), write(), write()]);
  while (acknowledged.length < 50) await delay(5);
  await stop('SIGKILL');
  await writers;

  const second = await start();
  const again = new KmsClient(at(tenant, second), client.token);
  const there = new Set(resourcesOf(await again.call('GET', '/keys?limit=5000')).map(({ id }) => id));
  expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
  const { ciphertext, plaintext } = wrapped;
  const unwrapped = await again.call('POST', `/keys/${tenant.rootKey.id}/actions/unwrap`, { ciphertext });
  expect(unwrapped.body).toMatchObject({ plaintext });
  const clock = (await send(`${second.adminUrl}/clock`, 'GET')).body as { offsetSeconds: number };
  expect(clock.offsetSeconds).toBe(86_400);
}, 30_000);

it('keeps an API key from one start to the next, as a hash only', async () => {
  const apikey = 'an-api-key-that-a-launcher-chose-at-first';
  const tenant = await seeded(await start(), { apiKey: { apikey } });
  expect(await stop('SIGTERM')).toBe(0);
  expect(readFileSync(join(dataFolder, 'journal.jsonl'), 'utf8')).not.toContain(apikey);
  const client = await clientFor(at(tenant, await start()));
  expect((await client.call('GET', '/keys')).status).toBe(200);
}, 30_000);

it.each([
  ['a folder in use', {}, 'is in use by process'],
  ['a port that is none', { LOCAL_CLOUD_PORT: '99999' }, 'LOCAL_CLOUD_PORT'],
])(
  'says why it does not start: %s',
  async (_name, environment, reason) => {
    await start();
    const second = launch(environment);
    const chunks: Buffer[] = [];
    second.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = (await once(second, 'close')) as [number];
    expect([code, Buffer.concat(chunks).toString('utf8')]).toEqual([1, expect.stringContaining(reason)]);
  },
  30_000,
);
