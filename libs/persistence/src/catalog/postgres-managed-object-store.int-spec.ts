import { randomBytes, randomUUID } from 'node:crypto';

import { type AuditEvent } from '@lib/audit';
import { type CommonFields, type ManagedObject, type ManagedObjectStore, ObjectStoreError } from '@lib/kmip-engine';
import { type InstanceId, newUniqueIdentifier } from '@lib/kernel';
import {
  anIntent,
  insertInstance,
  nameAttribute,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type SymmetricKeyChanges,
  type TestDatabase,
  textAttribute,
} from '@lib/testing';
import { type Client } from 'pg';
import { type DataSource } from 'typeorm';

import { PostgresObjectStores } from './postgres-object-stores';

jest.setTimeout(60_000);

describe('PostgresManagedObjectStore', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let admin: Client;
  let stores: PostgresObjectStores;
  let instanceId: InstanceId;
  let store: ManagedObjectStore;

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource({ role: 'gateway' });
    admin = await database.openAdmin();
    stores = new PostgresObjectStores(dataSource);
  });
  afterAll(() => database.close());

  beforeEach(async () => {
    instanceId = await insertInstance(admin);
    store = stores.forInstance(instanceId);
  });

  const audit = (changes: Partial<AuditEvent> = {}): AuditEvent => sampleAudit(instanceId, changes);

  const create = async (changes: SymmetricKeyChanges = {}, owner = instanceId): Promise<ManagedObject> => {
    const object = sampleObject(changes);
    const { uniqueIdentifier } = object;
    const intent = {
      uniqueIdentifier,
      storedKeyName: `vmware_kmip_${uniqueIdentifier}`,
      startedAt: new Date(),
      createdBy: 'x',
    };
    const target = stores.forInstance(owner);
    await target.openIntent(intent, 1000);
    await target.completeIntent(object, sampleAudit(owner));
    return object;
  };

  const auditCount = async (): Promise<number> => {
    const { rows } = await admin.query<{ count: number }>(
      'SELECT count(*)::int FROM audit_records WHERE instance_id = $1',
      [instanceId],
    );
    return rows[0]!.count;
  };

  it('leaves the row of a key alone when it is fetched again', async () => {
    const object = await create({ state: 'Active' });
    const fetch = (at: Date) => store.recordFetch({ ...object, fresh: false }, audit({ occurredAt: at }));
    const row = async () => {
      const sql = 'SELECT ctid::text, xmin::text, xmax::text FROM managed_objects WHERE instance_id = $1 AND id = $2';
      const { rows } = await admin.query<object>(sql, [instanceId, object.uniqueIdentifier]);
      return rows[0];
    };
    const times = [1, 3, 2].map((day) => new Date(Date.UTC(2026, 5, day)));
    expect(await fetch(times[0]!)).toBe(true);
    const fetched = await row();
    for (const time of times) expect(await fetch(time)).toBe(true);
    expect(await row()).toEqual(fetched);
    expect(await store.find(object.uniqueIdentifier)).toMatchObject({ fresh: false, lastFetchedAt: times[1] });
  });

  it('keeps when a key was fetched through a change of it', async () => {
    const object = await create({ state: 'Active' });
    const at = new Date(Date.UTC(2026, 5, 1));
    await store.recordFetch(object, audit({ occurredAt: at }));
    await store.mutate(object.uniqueIdentifier, (current) => ({
      object: { ...current, state: 'Deactivated', lastFetchedAt: new Date() },
      audit: audit(),
      result: undefined,
    }));
    const changed = await store.find(object.uniqueIdentifier);
    expect(changed).toMatchObject({ state: 'Deactivated', lastFetchedAt: at });
  });

  it('gives back an object with every field as it was stored', async () => {
    const date = (day: number) => new Date(Date.UTC(2026, 0, day, 1, 2, 3));
    const object = await create({
      state: 'Compromised',
      suspended: true,
      // Of a later release.
      objectType: 0x8000_0001 as never,
      cryptographicUsageMask: 0x7fff_ffff,
      activationDate: date(1),
      processStartDate: date(2),
      protectStopDate: date(3),
      deactivationDate: date(4),
      destroyRequestedAt: date(5),
      compromiseDate: date(6),
      compromiseOccurrenceDate: date(7),
      revocationReason: { code: 2, message: 'Grüße "\\' },
      fresh: false,
      lastFetchedAt: date(8),
      attributes: [
        nameAttribute('web01'),
        nameAttribute('web01-second', 1),
        { name: 'x-Blob', index: 0, value: { type: 'ByteString', value: Buffer.from([0, 255, 10]) } },
        { name: 'x-Date', index: 0, value: { type: 'DateTime', value: -(2n ** 63n) } },
        textAttribute('x-Text', 'nul \0 and \u{1F511} \\u0000'),
      ],
    });
    expect(await store.find(object.uniqueIdentifier)).toEqual(object);
  });

  it.each([
    '-004000-01-01T00:00:00.000Z',
    '0000-06-01T12:00:00.123Z',
    '0099-01-01T00:00:00.000Z',
    '+275760-09-13T00:00:00.000Z',
  ])('keeps the date %s from the first moment on', async (written) => {
    const activationDate = new Date(written);
    const object = await create({ activationDate, deactivationDate: activationDate });
    expect(await store.find(object.uniqueIdentifier)).toEqual(object);
  });

  it('tells each of many that are born at one moment what became of it', async () => {
    const taken = await create({ attributes: [nameAttribute('taken')] });
    const twice = randomBytes(32);
    const births = [
      sampleObject(),
      sampleObject({ attributes: [nameAttribute('taken')] }),
      sampleObject({ digest: twice, attributes: [nameAttribute('free')] }),
      sampleObject({ digest: twice }),
      sampleObject({ digest: taken.digest }),
      sampleObject({ attributes: [nameAttribute('free')] }),
      sampleObject(),
    ];
    const claimed = births[6]!;
    await Promise.all(births.map((object) => store.openIntent(anIntent(object), 1000)));
    await store.claimIntent(claimed.uniqueIdentifier);
    const before = await auditCount();
    // The first goes alone; the others gather behind it.
    const outcomes = await Promise.allSettled(births.map((object) => store.completeIntent(object, audit())));
    const fault = (outcome: PromiseSettledResult<void>) =>
      outcome.status === 'fulfilled' ? 'born' : (outcome.reason as ObjectStoreError).fault;
    expect(outcomes.map(fault)).toEqual([
      'born',
      'name_taken',
      'born',
      'digest_repeated',
      'digest_repeated',
      'name_taken',
      'intent_closed',
    ]);
    expect(await auditCount()).toBe(before + 2);
    for (const [n, object] of births.entries()) {
      const found = await store.find(object.uniqueIdentifier);
      expect(found).toEqual(n === 0 || n === 2 ? object : undefined);
    }
  });

  it('opens as many intents at one moment as there is room for, and none twice', async () => {
    await create();
    const intents = Array.from({ length: 12 }, () => anIntent(sampleObject()));
    const outcomes = await Promise.allSettled(intents.map((intent) => store.openIntent(intent, 9)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array<string>(8).fill('fulfilled'),
      ...Array<string>(4).fill('rejected'),
    ]);
    for (const intent of intents.slice(0, 8)) await store.openIntent(intent, 9);
    expect(await store.countLive()).toBe(9);
    expect(await store.staleIntents(new Date('2100-01-01'), 100)).toHaveLength(8);
  });

  it('loses nothing when one key is activated and tagged by three at the same time, 200 times', async () => {
    const rounds = 200;
    for (let round = 0; round < rounds; round += 1) {
      const { uniqueIdentifier } = await create();
      const tag = (name: string) =>
        store.mutate(uniqueIdentifier, (current) => ({
          object: { ...current, attributes: [...current.attributes, textAttribute(name, `value of ${name}`)] },
          audit: audit({ action: 'vmware-solutions.kmip-key-attributes.add' }),
          result: undefined,
        }));
      const activate = store.mutate(uniqueIdentifier, (current) => ({
        object: { ...current, state: 'Active', activationDate: new Date(0) },
        audit: audit({ action: 'vmware-solutions.kmip-key.activate' }),
        result: undefined,
      }));
      await Promise.all([tag('x-One'), activate, tag('x-Two'), tag('x-Three')]);
      const after = await store.find(uniqueIdentifier);
      expect([after?.state, after?.attributes.map(({ name }) => name)]).toEqual([
        'Active',
        ['x-One', 'x-Three', 'x-Two'],
      ]);
    }
    expect(await auditCount()).toBe(rounds * 5);
  });

  it('never exceeds a quota, however many creations race for the last places', async () => {
    const maximum = 7;
    const open = () => {
      const uniqueIdentifier = newUniqueIdentifier();
      return store.openIntent({ uniqueIdentifier, storedKeyName: 'k', startedAt: new Date(), createdBy: 'x' }, maximum);
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, open));
    const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused).toHaveLength(30 - maximum);
    for (const { reason } of refused) expect(reason).toEqual(new ObjectStoreError('quota_exceeded'));
    expect(await store.countLive()).toBe(maximum);
  });

  it('writes nothing when the decision throws, and gives the connection back clean', async () => {
    const { uniqueIdentifier } = await create();
    const before = await auditCount();
    const refusal = new Error('wrong state');
    const decide = () => {
      throw refusal;
    };
    for (let i = 0; i < 30; i += 1) await expect(store.mutate(uniqueIdentifier, decide)).rejects.toBe(refusal);
    expect(await auditCount()).toBe(before);
    expect((await store.find(uniqueIdentifier))?.state).toBe('PreActive');
  });

  it('changes nothing when the audit record cannot be written', async () => {
    const { uniqueIdentifier } = await create();
    await admin.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$`,
    );
    await admin.query('CREATE TRIGGER refuse BEFORE INSERT ON audit_records FOR EACH ROW EXECUTE FUNCTION refuse()');
    try {
      const object = (await store.find(uniqueIdentifier))!;
      const change = store.mutate(uniqueIdentifier, (current) => ({
        object: { ...current, state: 'Active' },
        audit: audit(),
        result: undefined,
      }));
      await expect(change).rejects.toThrow('disk full');
      await expect(store.recordFetch(object, audit())).rejects.toThrow('disk full');
      await expect(store.record(audit())).rejects.toThrow('disk full');
      expect(await store.find(uniqueIdentifier)).toEqual(object);
    } finally {
      await admin.query('DROP FUNCTION refuse CASCADE');
    }
  });

  it('refuses a taken Name, and gives it free when its holder is destroyed', async () => {
    const holder = await create({ attributes: [nameAttribute('web01')] });
    await expect(create({ attributes: [nameAttribute('web01')] })).rejects.toEqual(new ObjectStoreError('name_taken'));
    const other = await create();
    const take = () =>
      store.mutate(other.uniqueIdentifier, (current) => ({
        object: { ...current, attributes: [nameAttribute('web01')] },
        audit: audit(),
        result: 'named',
      }));
    await expect(take()).rejects.toEqual(new ObjectStoreError('name_taken'));
    const live = await store.countLive();
    await store.mutate(holder.uniqueIdentifier, (current) => ({
      object: { ...current, state: 'Destroyed', destroyDate: new Date(0) },
      audit: audit(),
      result: undefined,
    }));
    expect(await store.countLive()).toBe(live - 1);
    expect(await take()).toEqual({ result: 'named' });
  });

  it('records fetches of many at once, each once, and refuses a key that changed meanwhile', async () => {
    const keys = await Promise.all([create({ state: 'Active' }), create({ state: 'Active' })]);
    const before = await auditCount();
    const fetches = Array.from({ length: 64 }, (_, i) =>
      store.recordFetch(keys[i % 2]!, audit({ occurredAt: new Date(1_000_000 + i) })),
    );
    expect(new Set(await Promise.all(fetches))).toEqual(new Set([true]));
    expect(await auditCount()).toBe(before + 64);
    const served = (await store.find(keys[1].uniqueIdentifier))!;
    expect([served.fresh, served.lastFetchedAt]).toEqual([false, new Date(1_000_063)]);

    const stale: Partial<CommonFields>[] = [
      { state: 'PreActive' },
      { custody: { ...served.custody!, storedKeyId: 'other' } },
      { custody: { ...served.custody!, rootKeyVersion: 'v0' } },
      { uniqueIdentifier: newUniqueIdentifier() },
    ];
    for (const change of stale) expect(await store.recordFetch({ ...served, ...change }, audit())).toBe(false);
    for (const change of [{ suspended: true }, { destroyRequestedAt: new Date() }]) {
      const key = await create({ state: 'Active', ...change });
      expect(await store.recordFetch(key, audit())).toBe(false);
    }
    expect(await auditCount()).toBe(before + 64 + 2);
  });

  it('shows another tenant nothing by any method', async () => {
    const object = await create({
      state: 'Active',
      attributes: [nameAttribute('web01')],
      destroyRequestedAt: new Date(0),
    });
    const openIntent = newUniqueIdentifier();
    const intent = { uniqueIdentifier: openIntent, storedKeyName: 'k', startedAt: new Date(0), createdBy: 'x' };
    await store.openIntent(intent, 1000);
    const before = await store.find(object.uniqueIdentifier);
    const strangerId = await insertInstance(admin);
    const stranger = stores.forInstance(strangerId);
    const id = object.uniqueIdentifier;
    const filter = { asOf: new Date(), limit: 10, offset: 0, count: true };
    const strange = sampleAudit(strangerId);

    expect(await stranger.find(id)).toBeUndefined();
    expect(await stranger.countLive()).toBe(0);
    expect(await stranger.mutate(id, (current) => ({ object: current, audit: strange, result: 1 }))).toBeUndefined();
    expect(await stranger.recordFetch(object, strange)).toBe(false);
    expect(await stranger.pendingDeletions(10)).toEqual([]);
    expect(await stranger.locate(filter)).toEqual({ uniqueIdentifiers: [], total: 0 });
    expect(await stranger.locate({ ...filter, uniqueIdentifier: id })).toEqual({ uniqueIdentifiers: [], total: 0 });
    expect(await stranger.claimIntent(openIntent)).toBe(false);
    expect(await stranger.staleIntents(new Date(), 10)).toEqual([]);
    await stranger.abandonIntent(openIntent);
    await expect(stranger.completeIntent({ ...object, uniqueIdentifier: openIntent }, strange)).rejects.toEqual(
      new ObjectStoreError('intent_closed'),
    );
    await expect(stranger.record(sampleAudit(instanceId))).rejects.toThrow('of another instance');
    // The same Name in another instance is another Name.
    await create({ attributes: [nameAttribute('web01')] }, strangerId);

    expect(await store.find(id)).toEqual(before);
    expect(await store.staleIntents(new Date(), 10)).toEqual([intent]);
    expect((await store.locate(filter)).total).toBe(1);
  });

  it('shows nothing to a connection with no tenant set, even right after one that had', async () => {
    await create();
    const single = await database.openDataSource({ role: 'gateway', poolSize: 1 });
    const other = new PostgresObjectStores(single);
    for (let i = 0; i < 100; i += 1) {
      expect(await other.forInstance(instanceId).countLive()).toBe(1);
      expect(await other.forInstance(randomUUID() as InstanceId).countLive()).toBe(0);
      expect(await single.query('SELECT id FROM managed_objects')).toEqual([]);
    }
    expect(await single.query('SELECT current_user AS role')).toEqual([{ role: 'kmip_gateway' }]);
  });

  it('refuses an instance id that is not a UUID before anything is sent', async () => {
    const crafted = "'; RESET ROLE; --" as InstanceId;
    await expect(stores.forInstance(crafted).countLive()).rejects.toThrow('not a UUID');
  });
});
