import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import {
  anActionContext,
  FakeIam,
  FakeKeyManager,
  putObject,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';

import { STEPS } from './check-steps';
import { type RootKeyWish } from './root-key-workbench';
import { FIT_API_KEY, OTHER_ACCOUNT, TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(60_000);

const BY = anActionContext();
const OWNER = '1c8ae972c35e470d994b6faff9494ce1';
const rootKeyCrn = (service: string, rootKeyId: string): string =>
  `crn:v1:bluemix:public:${service}:us-south:a/${OWNER}:${randomUUID()}:key:${rootKeyId}`;

interface FormerRootKey {
  readonly id: string;
  readonly message: string;
}

describe('former root keys', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  let former: FormerRootKey;
  const checked: RootKeyWish[] = [];
  let passing = true;
  const [formerId, presentId] = [randomUUID(), randomUUID()];
  const send: TenantApiApp['send'] = (method, path, sending) => api.send(method, path, sending);
  const base = (instanceId: InstanceId = mine): string => `/v1/instances/${instanceId}`;
  const path = (suffix = ''): string => `${base()}/former_root_keys/${former.id}${suffix}`;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    const workbench = {
      check: (_instance: InstanceId, wish: RootKeyWish) => {
        checked.push(wish);
        const steps = passing ? [] : [STEPS.instance(true), { ...STEPS.instance(true), result: 'failed' as const }];
        return Promise.resolve({ passed: passing, destroyPermitted: true, checkedAt: new Date(), steps });
      },
      describeApiKey: () => Promise.resolve(FIT_API_KEY),
    };
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), workbench);
    mine = await api.newInstance();
    await send('PUT', `${base()}/credential`, { body: { api_key: 'a'.repeat(44) } });
    for (const crn of [rootKeyCrn('kms', formerId), rootKeyCrn('kms', presentId)]) {
      const current = await send('GET', `${base()}/root_key`);
      const headers = current.status === 200 ? { 'if-match': `"${current.body.etag}"` } : {};
      expect((await send('PUT', `${base()}/root_key`, { body: { crn }, headers })).status).toBeLessThan(300);
    }
    const key = sampleObject({ state: 'Active' });
    const custody = { ...key.custody!, rootKeyId: formerId };
    await putObject(api.stores.forInstance(mine), mine, { ...key, custody });
    const list = await send<{ former_root_keys: FormerRootKey[] }>('GET', `${base()}/former_root_keys`);
    former = list.body.former_root_keys[0]!;
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  it('are listed with the keys that lie under them, and what not to do', async () => {
    const { body } = await send<{ former_root_keys: FormerRootKey[] }>('GET', `${base()}/former_root_keys`);
    expect(body.former_root_keys).toMatchObject([
      {
        crn: expect.stringContaining(formerId) as string,
        provider: 'key_protect',
        paused: false,
        keys_left: 1,
        message: expect.stringContaining('Do not delete this root key yet: 1 key lies') as string,
      },
    ]);
    expect((await send('GET', path())).body).toEqual(body.former_root_keys[0]);
    expect((await send('GET', `${base()}/root_key`)).body).toMatchObject({ status: 'rewrapping' });
  });

  it('tell what is in the way, since when, and how far the keys are', async () => {
    const turn = { state: 'moving', moved: 40 } as const;
    const hindrance = { code: 'may_not_delete', message: 'm', rootKeyId: formerId, retryAt: new Date() };
    await api.moves.note(mine, former.id, turn, BY);
    await api.moves.note(mine, former.id, { ...turn, state: 'waiting', moved: 2, hindrance }, BY);
    const { body: first } = await send<{ progress: { hindrance: object } }>('GET', path());
    expect(first.progress).toMatchObject({
      state: 'waiting',
      keys_moved: 42,
      hindrance: { code: 'may_not_delete', message: 'm', root_key_id: formerId },
    });
    expect(first).not.toHaveProperty('completes_at');
    await api.moves.note(mine, former.id, { state: 'waiting', moved: 0, hindrance }, BY);
    const { body: later } = await send<{ progress: { hindrance: object } }>('GET', path());
    expect(later.progress.hindrance).toEqual(first.progress.hindrance);
    await api.moves.note(mine, former.id, { state: 'moving', moved: 1 }, BY);
    expect((await send<{ progress: object }>('GET', path())).body.progress).not.toHaveProperty('hindrance');
  });

  it('say when the last key will have left, and how fast they go, as long as they do', async () => {
    await api.moves.note(mine, former.id, { state: 'moving', moved: 1 }, BY);
    await new Promise((resolve) => setImmediate(resolve));
    await api.moves.note(mine, former.id, { state: 'moving', moved: 40 }, BY);
    const going = await send<{ completes_at?: string; progress: { keys_per_minute: number } }>('GET', path());
    expect(going.body.completes_at).toEqual(expect.any(String));
    expect(going.body.progress.keys_per_minute).toBeGreaterThan(0);
    const paused = await send('PATCH', path(), { body: { paused: true } });
    expect(paused.body).not.toHaveProperty('completes_at');
    expect(paused.body).toMatchObject({ state: 'paused', progress: { keys_per_minute: 0 } });
    await send('PATCH', path(), { body: { paused: false } });
  });

  it('are paused, resumed and tried again, which makes another adapter, and is in the trail', async () => {
    const attempt = async () => (await api.bindings.list(mine)).find(({ id }) => id === former.id)!.moveAttempt;
    const before = await attempt();
    const paused = await send('PATCH', path(), { body: { paused: true } });
    expect(paused).toMatchObject({ status: 200, body: { paused: true } });
    expect(await attempt()).toBe(before);
    expect((await send('PATCH', path(), { body: { paused: false } })).body).toMatchObject({ paused: false });
    expect(await attempt()).toBe(before + 1);
    expect((await send('POST', path('/retry'))).status).toBe(200);
    expect(await attempt()).toBe(before + 2);
    const list = await send<{ audit_events: { details: { name: string; value: string }[] }[] }>(
      'GET',
      `${base()}/audit_events?action=vmware-solutions.root-key.move`,
    );
    const changes = list.body.audit_events.map(({ details }) => details.find(({ name }) => name === 'change')?.value);
    expect(changes.sort()).toEqual(['pause', 'pause', 'resume', 'resume', 'retry']);
  });

  it('are tried again, as keys that stay under older versions are, when the root key that kept them passes a check', async () => {
    const bound = async () => (await api.bindings.list(mine)).find(({ status }) => status === 'active')!;
    const { id, moveAttempt } = await bound();
    const hindrance = { code: 'may_not_delete', message: 'm', rootKeyId: presentId, retryAt: new Date() };
    const turn = { state: 'waiting', moved: 0, hindrance } as const;
    await api.moves.note(mine, id, { ...turn, toVersion: 'v2' }, BY);
    await api.moves.note(mine, former.id, turn, BY);
    const before = (await api.bindings.list(mine)).find((one) => one.id === former.id)!.moveAttempt;
    passing = false;
    await send('POST', `${base()}/root_key_checks`, { body: {} });
    passing = true;
    expect((await bound()).moveAttempt).toBe(moveAttempt);
    await send('POST', `${base()}/root_key_checks`, { body: {} });
    expect((await bound()).moveAttempt).toBe(moveAttempt + 1);
    expect((await api.bindings.list(mine)).find((one) => one.id === former.id)!.moveAttempt).toBe(before + 1);
    expect((await send('GET', `${base()}/root_key`)).body).toMatchObject({ health: { state: 'well' } });
    await api.moves.note(mine, id, { state: 'done', toVersion: 'v2', moved: 1 }, BY);
    await api.moves.note(mine, former.id, { state: 'moving', moved: 1 }, BY);
  });

  it('keep what the administrator wants while the gateway writes how far it is', async () => {
    await Promise.all([
      send('PATCH', path(), { body: { paused: true } }),
      ...Array.from({ length: 10 }, () => api.moves.note(mine, former.id, { state: 'moving', moved: 1 }, BY)),
    ]);
    expect((await send('GET', path())).body).toMatchObject({ paused: true });
    await send('PATCH', path(), { body: { paused: false } });
  });

  it.each([
    ['PATCH', '', { paused: true }],
    ['PATCH', '', { api_key: 'b'.repeat(44) }],
    ['POST', '/retry', undefined],
    ['POST', '/roll_back', undefined],
  ] as const)('are changed by a Manager of this instance only: %s%s', async (method, suffix, body) => {
    const given = body === undefined ? {} : { body };
    for (const as of ['reader', 'writer', 'viewer', 'administrator']) {
      expect((await send(method, path(suffix), { as, ...given })).status).toBe(403);
    }
    expect((await send(method, path(suffix), { as: 'foreigner', ...given })).status).toBe(404);
    const others = await api.newInstance(OTHER_ACCOUNT);
    const there = `${base(others)}/former_root_keys/${former.id}${suffix}`;
    expect((await send(method, there, { as: 'foreigner', ...given })).status).toBe(404);
    expect((await send(method, path(suffix).replace(former.id, randomUUID()), given)).status).toBe(404);
  });

  it('do not include the one that is bound', async () => {
    const active = (await api.bindings.list(mine)).find(({ status }) => status === 'active')!;
    expect((await send('GET', `${base()}/former_root_keys/${active.id}`)).status).toBe(404);
    const before = (await api.bindings.list(mine)).find(({ id }) => id === active.id)!;
    expect((await send('POST', `${base()}/former_root_keys/${active.id}/retry`)).status).toBe(404);
    expect((await api.bindings.list(mine)).find(({ id }) => id === active.id)).toEqual(before);
  });

  describe('are bound again', () => {
    const bound = async () => (await send<{ crn: string }>('GET', `${base()}/root_key`)).body;
    const rollBack = (headers: Record<string, string> = {}) => send('POST', path('/roll_back'), { headers });

    it('not with the tag of what is bound no longer, nor when the root key does not serve, nor by a dry run', async () => {
      const before = await bound();
      expect((await rollBack({ 'if-match': `"${'0'.repeat(32)}"` })).status).toBe(412);
      passing = false;
      const refused = await rollBack();
      passing = true;
      expect([refused.status, refused.body.errors[0]?.code]).toEqual([400, 'root_key_unavailable']);
      expect((await rollBack({ 'ibm-api-dry-run': 'validate' })).status).toBe(204);
      expect(await bound()).toEqual(before);
      expect(checked.at(-1)).toMatchObject({ rootKeyId: formerId });
    });

    it('by their id, once or twice, and the one that was bound becomes a former one', async () => {
      await send('PATCH', path(), { body: { paused: true } });
      const before = await bound();
      const { status, body, headers } = await rollBack({ 'if-match': `"${before.etag}"` });
      expect(status).toBe(200);
      expect(body).toMatchObject({ crn: expect.stringContaining(formerId) as string, status: 'rewrapping' });
      expect(headers['etag']).toBe(`"${body.etag}"`);
      expect(body.etag).not.toBe(before.etag);
      expect((await rollBack({ 'if-match': `"${before.etag}"` })).status).toBe(412);
      expect(await rollBack()).toMatchObject({ status: 200, body: { crn: body['crn'] } });
      const list = await send<{ former_root_keys: object[] }>('GET', `${base()}/former_root_keys`);
      expect(list.body.former_root_keys).toMatchObject([
        { crn: expect.stringContaining(presentId) as string, keys_left: 0, paused: false },
      ]);
      // Nothing of the pause stays with what is bound.
      expect((await api.bindings.list(mine))[0]).not.toHaveProperty('movesPausedAt');
    });

    it('as the trail tells', async () => {
      const { body } = await send<{ audit_events: { details: { name: string; value: string }[] }[] }>(
        'GET',
        `${base()}/audit_events?action=vmware-solutions.root-key.set&outcome=success`,
      );
      const told = body.audit_events.map(({ details }) => details.some(({ name }) => name === 'rolledBack'));
      expect(told.filter(Boolean)).toHaveLength(1);
    });
  });
});
