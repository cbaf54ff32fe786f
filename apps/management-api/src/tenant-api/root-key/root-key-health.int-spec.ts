import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import { type WatchedCall } from '@lib/key-manager';
import { issueClientCertificate } from '@lib/pki';
import { adapterVersion, type CallOutcome } from '@lib/tenancy';
import {
  anActionContext,
  FakeIam,
  FakeKeyManager,
  putObject,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';

import { NOTHING_IN_THE_WAY, rootKeyCrn, TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(60_000);

interface Health {
  readonly state: string;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly warnings: readonly { readonly message: string }[];
}

describe('the health of root keys', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  const [formerId, presentId] = [randomUUID(), randomUUID()];
  const send: TenantApiApp['send'] = (method, path, sending) => api.send(method, path, sending);
  const base = (): string => `/v1/instances/${mine}`;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), NOTHING_IN_THE_WAY);
  });
  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(async () => {
    mine = await api.newInstance();
    await api.bindRootKeys(mine, [formerId, presentId]);
    const key = sampleObject({ state: 'Active' });
    await putObject(api.stores.forInstance(mine), mine, { ...key, custody: { ...key.custody!, rootKeyId: formerId } });
  });

  type Outcomes = Partial<Record<WatchedCall, CallOutcome>>;
  const test = async (rootKeyId: string, outcomes: Outcomes, expiresAt?: Date): Promise<void> => {
    const { rootKeys, credentialId } = await api.health.of(mine);
    const one = rootKeys.find(({ binding }) => binding.rootKeyId === rootKeyId)!;
    await api.health.noteTest(
      mine,
      { binding: one.binding, keys: 1 },
      {
        version: adapterVersion(one.binding, credentialId!),
        by: anActionContext(),
        outcomes: new Map(Object.entries(outcomes) as [WatchedCall, CallOutcome][]),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      },
    );
  };
  const healthOf = async (path = ''): Promise<Health> =>
    (await send<{ health: Health }>('GET', base() + path)).body.health;
  const WELL: Outcomes = { describe: 'ok', wrap: 'ok', unwrap: 'ok' };

  it('is well as soon as it is bound, which takes every call, and unknown with another API key until each was tested', async () => {
    expect([(await healthOf()).state, (await healthOf('/root_key')).state]).toEqual(['well', 'well']);
    const { etag } = (await send('GET', `${base()}/credential`)).body;
    const headers = { 'if-match': `"${etag}"` };
    expect((await send('PUT', `${base()}/credential`, { body: { api_key: 'c'.repeat(44) }, headers })).status).toBe(
      200,
    );
    expect((await healthOf()).state).toBe('unknown');
    await test(presentId, WELL);
    expect([(await healthOf()).state, (await healthOf('/root_key')).state]).toEqual(['unknown', 'well']);
    await test(formerId, WELL);
    expect((await healthOf()).state).toBe('well');
  });

  it('is seen with the first key of a client, by the instance and by the root key, and what to do next says so', async () => {
    const { rootKeys, credentialId } = await api.health.of(mine);
    for (const { binding } of rootKeys) {
      const outcomes = new Map<WatchedCall, CallOutcome>([['unwrap', 'ok']]);
      const note = { version: adapterVersion(binding, credentialId!), by: anActionContext(), outcomes };
      await api.health.noteTraffic(mine, binding.id, note);
    }
    const { certificatePem } = await issueClientCertificate('self-signed', { commonName: 'vc', validDays: 30 });
    const certificate = { name: 'vc', certificate: certificatePem };
    expect((await send('POST', `${base()}/client_certificates`, { body: certificate })).status).toBe(201);
    const instance = await send<{ health: Health }>('GET', base());
    expect(instance.body).toMatchObject({ health: { state: 'well' }, next_step: { code: 'none' }, live_keys: 1 });
    const rootKey = await send('GET', `${base()}/root_key`);
    expect(rootKey.body).toMatchObject({ health: { state: 'well' }, verified_at: expect.any(String) as string });
    expect(rootKey.body).not.toMatchObject({ status: 'unverified' });
  });

  it('overrules a check that failed before, with the next call of a client', async () => {
    const { rootKeys, credentialId } = await api.health.of(mine);
    const { binding } = rootKeys.find((one) => one.binding.rootKeyId === presentId)!;
    await api.bindings.noteProbe(mine, binding.id, 'wrap: the key manager does not answer');
    expect((await send('GET', `${base()}/root_key`)).body).toMatchObject({ status: 'unavailable' });
    const outcomes = new Map<WatchedCall, CallOutcome>([['wrap', 'ok']]);
    const note = { version: adapterVersion(binding, credentialId!), by: anActionContext(), outcomes };
    await new Promise((resolve) => setImmediate(resolve));
    await api.health.noteTraffic(mine, binding.id, note);
    const { body } = await send('GET', `${base()}/root_key`);
    expect(body).not.toHaveProperty('message');
    expect(body).not.toMatchObject({ status: 'unavailable' });
  });

  it.each<[string, Outcomes, string]>([
    ['wraps no more', { describe: 'ok', wrap: { fault: 'root_key_expired' }, unwrap: 'ok' }, 'has expired'],
    ['opens nothing', { describe: 'ok', unwrap: { fault: 'permission_denied' } }, 'refuses the service ID'],
  ])('makes a root key that %s unavailable, and says why, until it is over', async (_what, met, why) => {
    await test(presentId, met);
    const { body } = await send<{ message: string }>('GET', `${base()}/root_key`);
    expect(body).toMatchObject({ status: 'unavailable', message: expect.stringContaining(why) as string });
    await test(presentId, WELL);
    const { body: after } = await send('GET', `${base()}/root_key`);
    expect(after).not.toHaveProperty('message');
    expect(after).not.toMatchObject({ status: 'unavailable' });
    await test(presentId, { ...WELL, describe: { fault: 'permission_denied' } });
    expect((await send('GET', `${base()}/root_key`)).body).not.toMatchObject({ status: 'unavailable' });
  });

  it('names a former root key by its id, and what it stops; the one that is bound is well', async () => {
    await test(presentId, WELL);
    const disabled = { fault: 'root_key_disabled', reasonCode: 'KEY_ACTION_INVALID_STATE_ERR' } as const;
    await test(formerId, { describe: 'ok', unwrap: disabled });
    expect((await healthOf('/root_key')).state).toBe('well');
    const { state, problems } = await healthOf();
    expect(state).toBe('attention');
    expect(problems).toMatchObject([
      {
        code: 'root_key_disabled',
        reason_code: 'KEY_ACTION_INVALID_STATE_ERR',
        message: `Former root key ${formerId} is disabled in the key manager: nothing is wrapped or unwrapped by it.`,
        remedy: 'Enable the root key in the key manager.',
        stops: ['get'],
        former: true,
        keys_under_root_key: 1,
      },
    ]);
  });

  it('needs attention while the stored key of a key is gone, until it is back or the key is to be destroyed', async () => {
    for (const rootKeyId of [presentId, formerId]) await test(rootKeyId, WELL);
    const store = api.stores.forInstance(mine);
    const [id] = await store.moves.keysUnder(formerId, { limit: 1 });
    const object = await store.find(id!);
    const since = new Date('2026-11-25T00:00:00.000Z');
    const lost = { uniqueIdentifier: id!, storedKeyId: object!.custody!.storedKeyId, since };
    await store.lost.note(lost, sampleAudit(mine));
    const { state, problems } = await healthOf();
    expect(state).toBe('attention');
    expect(problems).toMatchObject([
      {
        code: 'stored_key_deleted',
        message: expect.stringMatching(/^The stored key of 1 key is gone .*: what it protects/) as string,
        stops: ['get'],
        since: since.toISOString(),
        root_key_crn: expect.stringContaining(formerId) as string,
        former: true,
        keys_under_root_key: 1,
        keys_stopped: 1,
      },
    ]);
    expect((await healthOf('/root_key')).state).toBe('well');
    const list = await send<{ keys: { id: string }[] }>('GET', `${base()}/keys?servable=false`);
    expect(list.body.keys.map((key) => key.id)).toEqual([id]);
    await store.lost.forget(id!, sampleAudit(mine));
    expect((await healthOf()).state).toBe('well');
  });

  it('tells one cause once, whatever it stops', async () => {
    const denied = { fault: 'credential_rejected', reasonCode: 'BXNIM0415E' } as const;
    await test(presentId, { describe: denied, wrap: denied, unwrap: denied, fetch: denied });
    const { problems } = await healthOf('/root_key');
    expect(problems).toMatchObject([{ code: 'credential_rejected', stops: ['create', 'get'], former: false }]);
  });

  it('forgets with another API key, and after a check that made all calls', async () => {
    await test(presentId, { describe: { fault: 'permission_denied' } });
    await send('POST', `${base()}/root_key_checks`, { body: {} });
    expect((await healthOf('/root_key')).state).toBe('well');
    await test(presentId, { describe: { fault: 'permission_denied' } });
    expect((await healthOf('/root_key')).state).toBe('attention');
    const { etag } = (await send('GET', `${base()}/credential`)).body;
    const headers = { 'if-match': `"${etag}"` };
    expect((await send('PUT', `${base()}/credential`, { body: { api_key: 'b'.repeat(44) }, headers })).status).toBe(
      200,
    );
    expect((await healthOf('/root_key')).state).toBe('unknown');
  });

  it('warns of an expiration date as soon as it is known', async () => {
    await test(presentId, WELL, new Date(Date.now() + 29.5 * 86_400_000));
    const { state, warnings } = await healthOf('/root_key');
    expect(state).toBe('well');
    expect(warnings).toMatchObject([{ code: 'root_key_expires' }]);
    expect(warnings[0]?.message).toContain(`Root key ${presentId} expires on`);
    expect(warnings[0]?.message).toContain('in 30 days');
  });

  it('warns of an HPCS instance that is nearly full, and not of a key manager without a published maximum', async () => {
    const hpcsKey = rootKeyCrn(randomUUID()).replace(':kms:', ':hs-crypto:');
    const list = async (storedKeys: number) => {
      const { rootKeys, credentialId } = await api.health.of(mine);
      const [{ binding } = rootKeys[0]!] = rootKeys;
      const version = adapterVersion(binding, credentialId!);
      await api.health.noteWatch(mine, { binding, keys: 1 }, { version, by: anActionContext(), listed: storedKeys });
      return (await healthOf()).warnings;
    };
    expect(await list(60_000)).toEqual([]);
    const { etag } = (await send('GET', `${base()}/root_key`)).body;
    const headers = { 'if-match': `"${etag}"` };
    expect((await send('PUT', `${base()}/root_key`, { body: { crn: hpcsKey }, headers })).status).toBe(200);
    expect(await list(39_999)).toEqual([]);
    expect(await list(40_000)).toMatchObject(
      [
        {
          code: 'key_manager_nearly_full',
          message: /lists 40,000 stored keys.* at most 50,000/,
          root_key_crn: hpcsKey,
        },
      ].map((warning) => ({ ...warning, message: expect.stringMatching(warning.message) as string })),
    );
  });
});
