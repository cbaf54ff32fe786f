import { canonicalAuditEvent } from '@lib/audit';
import { AccessWithdrawn, type ManagedObject, ObjectStoreError } from '@lib/kmip-engine';
import { type InstanceId, newUniqueIdentifier } from '@lib/kernel';
import {
  anIntent,
  insertCertificate,
  insertInstance,
  nameAttribute,
  recordedEvents,
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

const REQUIRED_COLUMNS = {
  object_type: 2,
  state: 'PreActive',
  suspended: false,
  cryptographic_algorithm: 3,
  cryptographic_length: 256,
  cryptographic_usage_mask: 12,
  initial_date: '2026-01-01T00:00:00Z',
  last_change_date: '2026-01-01T00:00:00Z',
  fresh: true,
  created_by: 'x',
};

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
    return (await recordedEvents(admin, instanceId)).map(({ event }) => event.target?.id ?? null);
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

  it('are not acknowledged again in the name of a certificate that was removed since', async () => {
    const certificateId = await insertCertificate(admin, instanceId);
    const client = gateways[0]!.forClient({ instanceId, certificateId });
    const object = await conceive();
    await client.completeIntent(object, sampleAudit(instanceId));
    await client.completeIntent(object, sampleAudit(instanceId));
    await admin.query('DELETE FROM client_certificates WHERE id = $1', [certificateId]);
    const again = client.completeIntent(object, sampleAudit(instanceId));
    await expect(again).rejects.toEqual(new AccessWithdrawn('certificate_removed'));
    expect(await recorded()).toHaveLength(1);
  });

  it('leave a column that their release does not know to its default', async () => {
    const object = await conceive();
    const row = { ...REQUIRED_COLUMNS, id: object.uniqueIdentifier, digest: '\\x01' };
    const source = await database.openDataSource({ role: 'gateway' });
    const [answer] = await source.query<unknown[]>('SELECT outcomes FROM complete_intents($1, $2, $3, $4, $5)', [
      instanceId,
      JSON.stringify([row]),
      '[]',
      [canonicalAuditEvent(sampleAudit(instanceId))],
      [null],
    ]);
    expect(answer).toEqual({ outcomes: [null] });
    const sql = 'SELECT sort_name, stored_key_authenticated FROM managed_objects WHERE id = $1';
    const { rows } = await admin.query(sql, [object.uniqueIdentifier]);
    expect(rows).toEqual([{ sort_name: object.uniqueIdentifier, stored_key_authenticated: false }]);
  });
});
