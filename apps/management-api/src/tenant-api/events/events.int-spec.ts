import { randomUUID } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

import { newCorrelationId, type InstanceId } from '@lib/kernel';
import { issueClientCertificate } from '@lib/pki';
import { FAKE_CLIENT, FakeIam, FakeKeyManager, startTestPostgres, type TestDatabase } from '@lib/testing';
import { ACTIONS, ROLE_ACTIONS, type Role } from '@lib/tenancy';

import { ConsoleBrowser } from '../../../test/console-browser';
import { ACCOUNT, NOTHING_IN_THE_WAY, TenantApiApp } from '../../../test/tenant-api-app';
import { type AccessQuestion } from '../../auth/authorizer.port';
import { type InstanceEvent } from './instance-event';

jest.setTimeout(120_000);

/** Longer than any machine takes. */
const PATIENCE_MS = 30_000;

let database: TestDatabase;
let iam: FakeIam;
let api: TenantApiApp;
let instanceId: InstanceId;

/** What each user is. */
const roles = new Map<string, Role>();
const authorizer = {
  decide: (questions: readonly AccessQuestion[]) =>
    Promise.resolve(
      questions.map(({ principal, action }) => ROLE_ACTIONS[roles.get(principal.iamId) ?? 'operator'].includes(action)),
    ),
};

const start = async (eventTimes = { beatMs: 200, judgedEveryMs: 300 }): Promise<TenantApiApp> =>
  TenantApiApp.start(
    await database.openDataSource(),
    { url: `${iam.url}/identity/keys`, issuer: iam.issuer, token: (wish) => iam.token(wish) },
    new FakeKeyManager(),
    NOTHING_IN_THE_WAY,
    { authorizer, eventTimes },
    { IAM_URL: iam.url, CONSOLE_CLIENT_ID: FAKE_CLIENT.id, CONSOLE_CLIENT_SECRET: FAKE_CLIENT.secret },
  );

beforeAll(async () => {
  [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
  api = await start();
});
afterAll(async () => {
  await api.close();
  await iam.stop();
  await database.close();
});
beforeEach(async () => {
  roles.clear();
  for (const role of ['manager', 'reader', 'viewer'] as const) roles.set(`IBMid-${role}`, role);
  instanceId = await api.newInstance();
});
const open: Follower[] = [];
afterEach(() => {
  for (const follower of open.splice(0)) follower.close();
  expect(api.failures).toEqual([]);
});

const path = (id = instanceId): string => `/v1/instances/${id}/events`;

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Somebody with a stream. */
class Follower {
  text = '';
  isOver = false;
  status = 0;
  #request: ClientRequest | undefined;

  static async of(headers: Record<string, string>, at = path(), app = api): Promise<Follower> {
    const follower = new Follower();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        host: '127.0.0.1',
        port: app.port,
        path: at,
        headers: { accept: 'text/event-stream', ...headers },
      });
      sent.on('response', resolve).on('error', reject).end();
      follower.#request = sent;
    });
    follower.status = answer.statusCode ?? 0;
    answer.on('data', (piece: Buffer) => (follower.text += piece.toString()));
    for (const event of ['end', 'error', 'close']) answer.on(event, () => (follower.isOver = true));
    follower.#request?.on('error', () => (follower.isOver = true));
    open.push(follower);
    if (follower.status === 200) await until(() => follower.text.includes('id: ') || follower.isOver);
    return follower;
  }

  get events(): readonly InstanceEvent[] {
    return [...this.text.matchAll(/^data: (.*)\n\n/gm)].map(([, data = '']) => JSON.parse(data) as InstanceEvent);
  }

  get lastId(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  }

  /** As the browser would say it. */
  told(): readonly string[] {
    return this.events.map(({ type, state = '' }) => `${type} ${state}`.trim());
  }

  close(): void {
    this.#request?.destroy();
  }
}

const bearer = async (iamId: string, expiresIn = 3_600): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await iam.token({ iamId, accountId: ACCOUNT, expiresIn })}`,
});
const follow = async (role = 'manager', headers: Record<string, string> = {}): Promise<Follower> =>
  Follower.of({ ...(await bearer(`IBMid-${role}`)), ...headers });

async function addCertificate(name = 'vcenter-of-secret-project'): Promise<{ id: string; fingerprint: string }> {
  const { certificatePem: certificate } = await issueClientCertificate('self-signed', {
    commonName: name,
    validDays: 9,
  });
  const answer = await api.send<{ id: string; sha256_fingerprint: string }>(
    'POST',
    `/v1/instances/${instanceId}/client_certificates`,
    { body: { name, certificate } },
  );
  expect(answer.status).toBe(201);
  return { id: answer.body.id, fingerprint: answer.body.sha256_fingerprint };
}

const sql = async (text: string, values: unknown[] = []): Promise<void> => {
  await (await database.openAdmin()).query(text, values);
};

const attempt = (verdict: string, fingerprint: string | undefined, at = new Date()): Promise<void> =>
  sql(
    `INSERT INTO connection_attempts (id, likeness, verdict, address, endpoint, fingerprint_sha256, allowed_by, occurrences,
      first_at, last_at) VALUES ($1, $2, $3, '192.0.2.7', 'kmip-1', $4, $5, 1, $6, $6)`,
    [randomUUID(), Buffer.from(randomUUID()), verdict, fingerprint ?? null, instanceId, at],
  );

describe('a stream of events', () => {
  it('tells what is recorded as it happens, and no name', async () => {
    const follower = await follow();
    const { id } = await addCertificate();
    await until(() => follower.told().includes('certificate.state create'));
    const event = follower.events.find(({ state }) => state === 'create');
    expect(event).toEqual({
      id: expect.stringMatching(/^\d{12}-[0-9a-f]{16}$/) as string,
      type: 'certificate.state',
      subject: id,
      state: 'create',
      occurred_at: expect.any(String) as string,
    });
    await api.send('DELETE', `/v1/instances/${instanceId}/client_certificates/${id}`, {});
    await until(() => follower.told().includes('certificate.state delete'));
    expect(follower.text).not.toMatch(/secret|IBMid|192\.0/);
  });

  it('tells who tried to connect, and that a certificate was seen', async () => {
    const { id, fingerprint } = await addCertificate();
    const [manager, reader] = [await follow(), await follow('reader')];
    await attempt('accepted', fingerprint);
    await attempt('certificate_expired', undefined);
    await until(() => manager.told().includes('attempt certificate_expired') && reader.told().length > 0);
    expect(manager.told()).toEqual(
      expect.arrayContaining(['attempt accepted', 'certificate.state seen', 'attempt certificate_expired']),
    );
    expect(manager.events.find(({ state }) => state === 'seen')?.subject).toBe(id);
    expect(reader.told().filter((event) => event.startsWith('attempt'))).toEqual([]);
  });

  it('tells how far a move of keys is', async () => {
    await api.bindRootKeys(instanceId, [randomUUID()]);
    const follower = await follow();
    const moves = (moved: number): string =>
      JSON.stringify({ state: 'moving', moved, startedAt: new Date(), notedAt: new Date(), perMinute: 9 });
    for (const moved of [10, 25]) {
      await sql('UPDATE root_key_bindings SET moves = $2 WHERE instance_id = $1', [instanceId, moves(moved)]);
      await until(() => follower.events.some(({ keys_moved: found }) => found === moved));
    }
  });

  it('goes on after the last event that is known', async () => {
    const first = await follow();
    await addCertificate('one');
    await until(() => first.told().includes('certificate.state create'));
    const { lastId } = first;
    first.close();
    const { id } = await addCertificate('two');
    const second = await follow('manager', { 'last-event-id': lastId });
    await until(() => second.events.length > 0);
    const created = second.events.filter(({ state }) => state === 'create');
    expect(created.map(({ subject }) => subject)).toEqual([id]);
    await addCertificate('three');
    await until(() => second.events.filter(({ state }) => state === 'create').length === 2);
  });

  it('begins anew where it is not known what was missed', async () => {
    const first = await follow();
    const { lastId } = first;
    const other = lastId.replace(/-.*/, '-ffffffffffffffff');
    const ahead = `000000009999-${lastId.slice(13)}`;
    for (const id of [other, ahead]) {
      const follower = await follow('manager', { 'last-event-id': id });
      await until(() => follower.events.length > 0);
      expect(follower.told()[0]).toBe('reset');
    }
    const records = Array.from({ length: 501 }, () => ({
      instanceId,
      action: 'vmware-solutions.kmip-key.create' as const,
      occurredAt: new Date(),
      initiator: { kind: 'system', component: 'test' } as const,
      outcome: 'success' as const,
      target: { kind: 'key', id: randomUUID() } as const,
      correlationId: newCorrelationId(),
      observer: 'test',
    }));
    const { auditSink } = api.stores;
    for (const record of records) await auditSink.record(record);
    const follower = await follow('manager', { 'last-event-id': lastId });
    await until(() => follower.events.length > 0);
    expect(follower.told()).toEqual(['reset']);
    expect((await follow('manager', { 'last-event-id': 'x' })).status).toBe(400);
  });

  it('is JSON of what has happened for who does not follow', async () => {
    const list = async (as: string, last?: string) =>
      api.send<{ events: InstanceEvent[]; last_event_id: string }>('GET', path(), {
        as,
        ...(last !== undefined && { headers: { 'last-event-id': last } }),
      });
    const { events, last_event_id: last } = (await list('manager')).body;
    expect(events).toEqual([]);
    const { id } = await addCertificate();
    const [manager, viewer] = [await list('manager', last), await list('viewer', last)];
    expect(manager.body.events.map(({ type, subject }) => [type, subject])).toEqual([['certificate.state', id]]);
    expect(viewer.body.events).toEqual([]);
    expect((await list('manager', manager.body.last_event_id)).body.events).toEqual([]);
    // What a HEAD would tell is nothing, and it keeps nothing open.
    const head = await api.send('HEAD', path(), { headers: { accept: 'text/event-stream' } });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('is not there for who may not see the instance', async () => {
    expect((await follow('nobody-at-all')).status).toBe(200);
    roles.set('IBMid-gone', 'viewer');
    const foreign = await iam.token({ iamId: 'IBMid-manager', accountId: 'account-2' });
    expect((await Follower.of({ authorization: `Bearer ${foreign}` })).status).toBe(404);
    expect((await Follower.of({})).status).toBe(401);
    expect((await Follower.of(await bearer('IBMid-manager'), path(randomUUID() as InstanceId))).status).toBe(404);
  });
});

describe('a stream ends', () => {
  it('with the token', async () => {
    const follower = await Follower.of(await bearer('IBMid-manager', 2));
    expect(follower.status).toBe(200);
    await until(() => follower.isOver);
  });

  it('with the right to see the instance; what else is permitted follows within a moment', async () => {
    const [follower, manager] = [await follow('viewer'), await follow()];
    await addCertificate('unseen');
    await until(() => manager.told().includes('certificate.state create'));
    roles.set('IBMid-viewer', 'reader');
    await until(() => follower.told().includes('reset'));
    const { id } = await addCertificate('seen');
    await until(() => follower.events.some(({ subject }) => subject === id));
    expect(follower.events.filter(({ state }) => state === 'create')).toHaveLength(1);
    roles.delete('IBMid-viewer');
    const everything = ACTIONS.length;
    expect(everything).toBeGreaterThan(0);
    const none = jest
      .spyOn(authorizer, 'decide')
      .mockImplementation((questions) => Promise.resolve(questions.map(() => false)));
    await until(() => follower.isOver);
    none.mockRestore();
  });

  it('when it cannot be judged', async () => {
    const follower = await follow();
    const away = jest.spyOn(authorizer, 'decide').mockRejectedValue(new Error('away'));
    await until(() => follower.isOver);
    away.mockRestore();
  });

  it('with the session of the console', async () => {
    const { browser, cookie } = await signedIn();
    const follower = await Follower.of({ cookie, 'sec-fetch-site': 'same-origin' }, `/console/api${path()}`);
    expect(follower.status).toBe(200);
    await addCertificate('by-the-way');
    await until(() => follower.told().includes('certificate.state create'));
    await browser.post('/console/logout');
    await until(() => follower.isOver);
    expect((await Follower.of({ cookie }, `/console/api${path()}`)).status).toBe(401);
  });

  it('with a sign-out elsewhere, by another process, long before it is judged again', async () => {
    const other = await start({ beatMs: 200, judgedEveryMs: 600_000 });
    const [here, elsewhere] = [await signedIn(), await signedIn()];
    const headers = { cookie: here.cookie, 'sec-fetch-site': 'same-origin' };
    const follower = await Follower.of(headers, `/console/api${path()}`, other);
    expect(follower.status).toBe(200);
    await elsewhere.browser.post('/console/logout?everywhere=true');
    await until(() => follower.isOver);
    await other.close();
  });

  /** The manager with a browser of his own. */
  async function signedIn() {
    const browser = new ConsoleBrowser(api);
    const person = { iamId: 'IBMid-manager', accountId: ACCOUNT };
    const login = await browser.get('/console/login');
    await browser.get(iam.signIn.comeBack(String(login.headers['location']), person));
    browser.csrfToken = (await browser.get<{ csrf_token: string }>('/console/api/session')).body.csrf_token;
    return { browser, cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  it('with the process', async () => {
    const other = await start();
    const follower = await Follower.of(await bearer('IBMid-manager'), path(), other);
    const began = Date.now();
    await other.close();
    await until(() => follower.isOver);
    expect(Date.now() - began).toBeLessThan(PATIENCE_MS);
  });

  it('for others, when a caller has too many', async () => {
    const followers = await Promise.all([1, 2, 3, 4, 5].map(() => follow()));
    expect(followers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await follow()).status).toBe(429);
    expect((await follow('reader')).status).toBe(200);
    followers[0]?.close();
    let status = 429;
    while (status === 429) {
      const again = await follow();
      ({ status } = again);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(status).toBe(200);
  });
});

it('says what a caller may do', async () => {
  const permissions = async (as: string) =>
    (
      await api.send<{ permissions: { action: string; allowed: boolean; needed_role: string }[] }>(
        'GET',
        `/v1/instances/${instanceId}/permissions`,
        { as },
      )
    ).body.permissions;
  const reader = await permissions('reader');
  expect(reader.map(({ action }) => action)).toEqual(ACTIONS);
  const allowed = reader.filter((permission) => permission.allowed).map(({ action }) => action);
  expect(allowed).toEqual(ACTIONS.filter((action) => ROLE_ACTIONS.reader.includes(action)));
  const needed = Object.fromEntries(reader.map(({ action, needed_role: role }) => [action, role]));
  expect(needed).toMatchObject({
    'instance.read': 'viewer',
    'key.list': 'reader',
    'root-key.check': 'writer',
    'key.delete': 'manager',
    'audit.read': 'manager',
  });
  expect((await permissions('manager')).every(({ allowed }) => allowed)).toBe(true);
});
