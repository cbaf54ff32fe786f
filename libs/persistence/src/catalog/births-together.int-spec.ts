import { AccessWithdrawn, type ManagedObject, ObjectStoreError } from '@lib/kmip-engine';
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

import { PostgresObjectStores } from './postgres-object-stores';

jest.setTimeout(60_000);

describe('keys that are born at one moment', () => {
  let database: TestDatabase;
  let admin: Client;
  /** Sees what waits while `admin` is in a transaction, which has one view of the activity. */
  let onlooker: Client;
  let gateways: PostgresObjectStores[];
  let instanceId: InstanceId;

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    onlooker = await database.openAdmin();
    const open = async () => new PostgresObjectStores(await database.openDataSource({ role: 'gateway' }));
    gateways = [await open(), await open()];
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    instanceId = await insertInstance(admin);
  });

  const storeOf = (gateway: number) => gateways[gateway]!.forInstance(instanceId);
  const conceive = async (changes: SymmetricKeyChanges = {}): Promise<ManagedObject> => {
    const object = sampleObject(changes);
    await storeOf(0).openIntent(anIntent(object), 1000);
    return object;
  };
  const bear = (object: ManagedObject, gateway = 0) =>
    storeOf(gateway).completeIntent(object, sampleAudit(instanceId, { target: target(object) }));
  const target = ({ uniqueIdentifier: id }: ManagedObject) => ({ kind: 'key', id }) as const;

  const recorded = async (): Promise<readonly (string | null)[]> => {
    const sql = 'SELECT target_id FROM audit_events WHERE instance_id = $1 ORDER BY seq';
    const { rows } = await admin.query<{ target_id: string | null }>(sql, [instanceId]);
    return rows.map(({ target_id: id }) => id);
  };
  const holdChain = () => admin.query('SELECT FROM audit_chain_heads WHERE instance_id = $1 FOR UPDATE', [instanceId]);
  const waiting = async (count: number, statement = 'complete_intents('): Promise<void> => {
    const sql = `SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1`;
    const isSo = async () =>
      (await onlooker.query<{ count: number }>(sql, [`%${statement}%`])).rows[0]?.count === count;
    while (!(await isSo()));
  };

  it.each<[string, SymmetricKeyChanges]>([
    ['an attribute name that is no text in Postgres', { attributes: [textAttribute('x-\0', 'value')] }],
    ['one that is no Unicode', { attributes: [textAttribute('x-\ud800', 'value')] }],
    ['one attribute twice', { attributes: [textAttribute('x-One', 'a'), textAttribute('x-One', 'b')] }],
    ['a date before all dates of Postgres', { activationDate: new Date(-8.64e15) }],
    ['a date that is none', { activationDate: new Date(NaN) }],
  ])('do not fail because one of them has %s', async (_, changes) => {
    // The first goes alone; the others gather behind it.
    const births = [await conceive(), await conceive(), await conceive(changes), await conceive()];
    const outcomes = await Promise.allSettled(births.map((object) => bear(object)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    const born = births.filter((_object, n) => n !== 2).map(({ uniqueIdentifier }) => uniqueIdentifier);
    expect([...(await recorded())].sort()).toEqual([...born].sort());
    expect(await storeOf(0).staleIntents(new Date('2100-01-01'), 10)).toMatchObject([anIntent(births[2]!)]);
  });

  it('wait for a Name that is being given up, and do not keep its holder from the audit chain', async () => {
    const before = await conceive({ attributes: [nameAttribute('one')] });
    await bear(before);
    const object = await conceive({ attributes: [nameAttribute('one')] });
    // As a destruction does it.
    await admin.query(`BEGIN; SET LOCAL deadlock_timeout = '1ms'`);
    await admin.query('UPDATE managed_object_attributes SET released = true WHERE object_id = $1', [
      before.uniqueIdentifier,
    ]);
    const birth = bear(object);
    await waiting(1);
    await holdChain();
    await admin.query('COMMIT');
    await birth;
    expect(await storeOf(0).find(object.uniqueIdentifier)).toEqual(object);
  });

  it('come back to a Name that is being given up, and do not keep its holder from the quota', async () => {
    const before = await conceive({ attributes: [nameAttribute('one')] });
    await bear(before);
    const object = sampleObject({ attributes: [nameAttribute('one')] });
    await admin.query(`BEGIN; SET LOCAL deadlock_timeout = '1ms'`);
    await admin.query('UPDATE managed_object_attributes SET released = true WHERE object_id = $1', [
      before.uniqueIdentifier,
    ]);
    const restored = storeOf(0).restore(object, sampleAudit(instanceId), new Date());
    await waiting(1, 'INSERT INTO managed_object_attributes');
    await admin.query('UPDATE instance_usage SET live_keys = live_keys - 1 WHERE instance_id = $1', [instanceId]);
    await admin.query('COMMIT');
    expect(await restored).toBe('restored');
    expect(await storeOf(0).countLive()).toBe(1);
  });

  it('have no digest twice, although neither gateway saw the key of the other', async () => {
    const twins = [await conceive()];
    twins.push(await conceive({ digest: twins[0]!.digest }));
    await bear(await conceive());
    await admin.query('BEGIN');
    await holdChain();
    const births = Promise.allSettled(twins.map((object, gateway) => bear(object, gateway)));
    await waiting(2);
    await admin.query('COMMIT');
    const outcomes = await births;
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes).toContainEqual({ status: 'rejected', reason: new ObjectStoreError('digest_repeated') });
    expect(await recorded()).toHaveLength(2);
  });

  it('are refused, and leave nothing, when their instance has gone or goes away meanwhile', async () => {
    const client = gateways[0]!.forClient({ instanceId, certificateId: newUniqueIdentifier() });
    const refusal = new AccessWithdrawn('certificate_removed');
    await admin.query(`UPDATE instances SET state = 'removing' WHERE id = $1`, [instanceId]);
    await expect(client.openIntent(anIntent(sampleObject()), 1000)).rejects.toEqual(refusal);
    const { rowCount } = await admin.query('SELECT FROM instance_usage WHERE instance_id = $1', [instanceId]);
    expect(rowCount).toBe(0);
    await admin.query('DELETE FROM instances WHERE id = $1', [instanceId]);
    await expect(client.openIntent(anIntent(sampleObject()), 1000)).rejects.toEqual(refusal);
  });
});
