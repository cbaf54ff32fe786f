import { type InstanceId, toFingerprint } from '@lib/kernel';
import { type CommonFields, type ManagedObject } from '@lib/kmip-engine';
import {
  FakeIam,
  FakeKeyManager,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
  textAttribute,
} from '@lib/testing';

import { type Answer, TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(60_000);

const HOUR_MS = 3_600_000;
const ago = (hours: number): Date => new Date(Date.now() - hours * HOUR_MS);

describe('keys that nobody needs', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), {});
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(async () => {
    api.failures.length = 0;
    mine = await api.newInstance();
  });

  afterEach(() => {
    expect(api.failures).toEqual([]);
  });

  const base = (): string => `/v1/instances/${mine}`;
  const codes = ({ status, body }: Answer<object>): string =>
    [status, ...body.errors.map(({ code }) => code)].join(' ');
  const upload = (keys: readonly ManagedObject[], takenAt = ago(1)): Promise<Answer> => {
    const ids = keys.map(({ uniqueIdentifier }) => uniqueIdentifier.toUpperCase());
    const body = { taken_at: takenAt.toISOString(), source: 'PowerCLI', key_ids: ids };
    return api.send('PUT', `${base()}/inventory`, { body });
  };
  const candidates = async (): Promise<readonly string[]> => {
    const answer = await api.send<{ reclaim_candidates: { id: string }[] }>('GET', `${base()}/reclaim_candidates`);
    expect(answer.status).toBe(200);
    return answer.body.reclaim_candidates.map(({ id }) => id);
  };
  const quarantine = ({ uniqueIdentifier: id }: ManagedObject): Promise<Answer> =>
    api.send('POST', `${base()}/quarantined_keys`, { body: { id } });

  async function key(facts: Partial<CommonFields> = {}): Promise<ManagedObject> {
    const attributes = [textAttribute('x-Name', 'web-01')];
    const object = sampleObject({ state: 'Active', initialDate: ago(1_000), attributes, ...facts });
    const catalog = api.stores.forInstance(mine);
    const intent = { uniqueIdentifier: object.uniqueIdentifier, storedKeyName: 'stored', startedAt: new Date() };
    await catalog.openIntent({ ...intent, createdBy: 'x' }, 1000);
    await catalog.completeIntent(object, sampleAudit(mine));
    return object;
  }

  it('are those that the inventory lacks, and that nobody made or fetched since', async () => {
    const [used, unused] = [await key(), await key()];
    await key({ initialDate: new Date() });
    const fetched = await key();
    await api.stores.forInstance(mine).recordFetch(fetched, sampleAudit(mine, { occurredAt: new Date() }));
    expect((await upload([used])).body).toMatchObject({ key_count: 1, valid: true });
    expect(await candidates()).toEqual([unused.uniqueIdentifier]);
    expect(codes(await quarantine(used))).toBe('409 invalid_state');
    expect(codes(await quarantine(fetched))).toBe('409 invalid_state');
  });

  it('are none by an inventory that is missing, old, or of tomorrow', async () => {
    const old = await key({ lastFetchedAt: ago(900) });
    expect(codes(await api.send('GET', `${base()}/reclaim_candidates`))).toBe('409 invalid_state');
    expect(codes(await upload([], ago(25)))).toBe('409 invalid_state');
    expect(codes(await upload([], ago(-2)))).toBe('409 invalid_state');
    await upload([]);
    const admin = await database.openAdmin();
    await admin.query(`UPDATE key_inventories SET taken_at = taken_at - interval '1 day' WHERE instance_id = $1`, [
      mine,
    ]);
    expect(codes(await api.send('GET', `${base()}/reclaim_candidates`))).toBe('409 invalid_state');
    expect(codes(await quarantine(old))).toBe('409 invalid_state');
    expect((await api.send('GET', `${base()}/inventory`)).body).toMatchObject({ valid: false });
  });

  it('are set aside, show who asked for them, and are given back', async () => {
    const object = await key();
    await upload([]);
    const put = await quarantine(object);
    expect(put.status).toBe(201);
    expect(put.body).toMatchObject({ id: object.uniqueIdentifier, suspended: true, owner: { name: 'web-01' } });
    expect(put.body).not.toHaveProperty('asked_for');
    expect(await candidates()).toEqual([]);
    const initiator = {
      kind: 'certificate',
      fingerprint: toFingerprint('ab'.repeat(32)),
      address: '192.0.2.4',
    } as const;
    const target = { kind: 'key', id: object.uniqueIdentifier } as const;
    const refused = { outcome: 'failure', reason: 'key_suspended', occurredAt: new Date() } as const;
    await api.stores.forInstance(mine).record(sampleAudit(mine, { initiator, target, ...refused }));
    const list = await api.send<{ quarantined_keys: object[] }>('GET', `${base()}/quarantined_keys`);
    const asked = { asked_for: { sha256_fingerprint: 'ab'.repeat(32), address: '192.0.2.4' } };
    expect(list.body.quarantined_keys).toMatchObject([asked]);
    const href = String(put.headers['location']);
    expect((await api.send('GET', href)).body).toMatchObject(asked);
    expect((await api.send('DELETE', href)).status).toBe(204);
    expect((await api.send('GET', `${base()}/keys/${object.uniqueIdentifier}`)).body).toMatchObject({
      suspended: false,
    });
    expect((await api.send('DELETE', href)).status).toBe(404);
  });

  it('stay suspended when they leave the quarantine, if they were before', async () => {
    const object = await key({ suspended: true });
    await upload([]);
    const put = await quarantine(object);
    expect(put.body).toMatchObject({ suspended: true, suspended_before: true });
    expect((await quarantine(object)).body).toMatchObject({ suspended_before: true });
    expect((await api.send('DELETE', String(put.headers['location']))).status).toBe(204);
    const suspended = async (): Promise<unknown> =>
      (await api.send('GET', `${base()}/keys/${object.uniqueIdentifier}`)).body;
    expect(await suspended()).toMatchObject({ suspended: true });
    // Resumed since: what it is set aside by is the quarantine alone.
    const resume = { body: { suspended: false }, headers: { 'if-match': '*' } };
    await api.send('PATCH', `${base()}/keys/${object.uniqueIdentifier}`, resume);
    const again = await quarantine(object);
    expect(again.body).toMatchObject({ suspended: true, suspended_before: false });
    expect((await quarantine(object)).body).toMatchObject({ suspended_before: false });
    await api.send('DELETE', String(again.headers['location']));
    expect(await suspended()).toMatchObject({ suspended: false });
  });

  it('are set aside since they were last, and not since a quarantine of before', async () => {
    const object = await key();
    await upload([]);
    await quarantine(object);
    const admin = await database.openAdmin();
    const age = `UPDATE quarantined_keys SET since = since - interval '40 days' WHERE instance_id = $1`;
    await admin.query(age, [mine]);
    const since = async (): Promise<Date> => {
      const { body } = await quarantine(object);
      return new Date((body as unknown as { quarantined_at: string }).quarantined_at);
    };
    expect((await since()).getTime()).toBeLessThan(ago(900).getTime());
    const resume = { body: { suspended: false }, headers: { 'if-match': '*' } };
    expect((await api.send('PATCH', `${base()}/keys/${object.uniqueIdentifier}`, resume)).status).toBe(200);
    expect((await since()).getTime()).toBeGreaterThan(ago(1).getTime());
  });

  it('leave the quarantine when they are destroyed too, which else would be full of them', async () => {
    const object = await key();
    await upload([]);
    const href = String((await quarantine(object)).headers['location']);
    await api.stores.forInstance(mine).mutate(object.uniqueIdentifier, (current) => ({
      object: { ...current, state: 'Destroyed', destroyDate: new Date() },
      audit: sampleAudit(mine),
      result: undefined,
    }));
    expect((await api.send('GET', href)).body).toMatchObject({ message: 'The key is destroyed.' });
    expect((await api.send('DELETE', href)).status).toBe(204);
    expect((await api.send('GET', href)).status).toBe(404);
  });

  it('are none by an inventory of a second that no clock shows', async () => {
    const body = { taken_at: '2016-12-31T23:59:60Z', source: 'PowerCLI', key_ids: [] };
    expect((await api.send('PUT', `${base()}/inventory`, { body })).status).toBe(400);
  });

  it('of another instance are not there', async () => {
    const object = await key();
    await upload([]);
    await quarantine(object);
    mine = await api.newInstance();
    await upload([]);
    expect(codes(await quarantine(object))).toBe('404 not_found');
    expect((await api.send('DELETE', `${base()}/quarantined_keys/${object.uniqueIdentifier}`)).status).toBe(404);
    expect((await api.send('GET', `${base()}/inventory`)).body).toMatchObject({ key_count: 0 });
  });
});
