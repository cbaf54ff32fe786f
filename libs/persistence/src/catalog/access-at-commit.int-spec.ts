import { type InstanceId } from '@lib/kernel';
import {
  type AccessRefusal,
  AccessWithdrawn,
  type EngineScope,
  type ManagedObjectStore,
  Reconciler,
} from '@lib/kmip-engine';
import { ObjectType, type OperationRequest, ResultStatus, RevocationReasonCode } from '@lib/kmip-protocol';
import {
  anIntent,
  attribute,
  EngineHarness,
  failureCode,
  insertCertificate,
  insertInstance,
  ManualClock,
  reasonName,
  recordedEvents,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
  vcenterKey,
} from '@lib/testing';
import { type Client } from 'pg';

import { PostgresObjectStores } from './postgres-object-stores';

jest.setTimeout(60_000);

/** Everything a client can ask for, about a key that is active or one that is not. */
const operations = (active: string, fresh: string): readonly OperationRequest[] => [
  {
    name: 'Create',
    payload: { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: vcenterKey } },
  },
  { name: 'Get', payload: { uniqueIdentifier: active } },
  { name: 'GetAttributes', payload: { uniqueIdentifier: active, attributeNames: ['State'] } },
  { name: 'GetAttributeList', payload: { uniqueIdentifier: active } },
  {
    name: 'AddAttribute',
    payload: { uniqueIdentifier: active, attribute: attribute('x-a', { type: 'TextString', value: '1' }) },
  },
  { name: 'Activate', payload: { uniqueIdentifier: fresh } },
  {
    name: 'Revoke',
    payload: {
      uniqueIdentifier: active,
      revocationReason: { revocationReasonCode: RevocationReasonCode.Superseded },
    },
  },
  { name: 'Destroy', payload: { uniqueIdentifier: fresh } },
  { name: 'Locate', payload: { attributes: [] } },
  { name: 'Query', payload: { queryFunctions: [] } },
  { name: 'DiscoverVersions', payload: { protocolVersions: [] } },
];

describe('access at commit', () => {
  let database: TestDatabase;
  let admin: Client;
  let stores: PostgresObjectStores;
  let instanceId: InstanceId;
  let certificateId: string;
  let store: ManagedObjectStore;
  let harness: EngineHarness;
  let scope: Partial<EngineScope>;
  let active: string;
  let fresh: string;

  beforeAll(async () => {
    database = await startTestPostgres();
    stores = new PostgresObjectStores(await database.openDataSource({ role: 'gateway' }));
    admin = await database.openAdmin();
  });
  afterAll(() => database.close());

  beforeEach(async () => {
    instanceId = await insertInstance(admin);
    certificateId = await insertCertificate(admin, instanceId);
    store = stores.forClient({ instanceId, certificateId });
    harness = new EngineHarness({ instanceId, clock: new ManualClock(new Date()) });
    scope = { store };
    active = await createKey();
    fresh = await createKey();
    await harness.perform('Activate', { uniqueIdentifier: active }, { scope });
  });

  const createKey = async (): Promise<string> => {
    const templateAttribute = { attributes: vcenterKey };
    const create = { objectType: ObjectType.SymmetricKey, templateAttribute };
    return (await harness.perform('Create', create, { scope })).uniqueIdentifier;
  };

  const ask = async ({ name, payload }: OperationRequest) => {
    const item = await harness.attempt(name, payload, { scope });
    return item.resultStatus === ResultStatus.Success
      ? 'served'
      : { reason: reasonName(item.resultReason), code: failureCode(item), payload: item.response };
  };

  const refused = (code: AccessRefusal) => ({ reason: 'AuthenticationNotSuccessful', code, payload: undefined });

  /** All that a client could have changed. */
  const catalog = async (): Promise<Record<string, readonly { readonly live_keys?: number }[]>> => {
    const found: Record<string, { live_keys?: number }[]> = {};
    for (const table of ['managed_objects', 'managed_object_attributes', 'creation_intents', 'instance_usage']) {
      const sql = `SELECT to_jsonb(t) AS row FROM ${table} t WHERE instance_id = $1 ORDER BY 1`;
      found[table] = (await admin.query<{ row: object }>(sql, [instanceId])).rows.map(({ row }) => row);
    }
    return found;
  };

  const recorded = async (outcome: string): Promise<readonly string[]> => {
    const events = await recordedEvents(admin, instanceId);
    return events.flatMap(({ event }) => (event.outcome === outcome ? (event.reason ?? '') : []));
  };

  const removeCertificate = () => admin.query('DELETE FROM client_certificates WHERE id = $1', [certificateId]);

  const losses: readonly (readonly [AccessRefusal, () => Promise<unknown>])[] = [
    ['certificate_removed', removeCertificate],
    [
      'certificate_expired',
      () => admin.query(`UPDATE client_certificates SET not_after = now() WHERE id = $1`, [certificateId]),
    ],
    ['instance_disabled', () => admin.query('UPDATE instances SET enabled = false WHERE id = $1', [instanceId])],
    ['instance_removing', () => admin.query(`UPDATE instances SET state = 'removing' WHERE id = $1`, [instanceId])],
  ];

  it.each(losses)('refuses every operation by %s, changes nothing, and the trail has each', async (code, lose) => {
    await lose();
    const [before, done] = [await catalog(), await recorded('success')];
    const requests = operations(active, fresh);
    for (const request of requests) expect([request.name, await ask(request)]).toEqual([request.name, refused(code)]);
    expect(await catalog()).toEqual(before);
    expect(await recorded('success')).toEqual(done);
    expect(await recorded('failure')).toEqual(requests.map(() => code));
  });

  it('does every operation while the certificate serves', async () => {
    for (const request of operations(active, fresh)) {
      if (request.name !== 'Destroy') expect([request.name, await ask(request)]).toEqual([request.name, 'served']);
    }
    expect(await ask({ name: 'Destroy', payload: { uniqueIdentifier: await createKey() } })).toBe('served');
  });

  it('counts a certificate in its own instance only', async () => {
    const elsewhere = await insertInstance(admin);
    scope = { store: stores.forClient({ instanceId, certificateId: await insertCertificate(admin, elsewhere) }) };
    expect(await ask({ name: 'Get', payload: { uniqueIdentifier: active } })).toEqual(refused('certificate_removed'));
  });

  it('gives out no key whose certificate was removed while it was fetched', async () => {
    const release = harness.keyManager.hang('fetchKey');
    const answer = ask({ name: 'Get', payload: { uniqueIdentifier: active } });
    await removeCertificate();
    release();
    expect(await answer).toEqual(refused('certificate_removed'));
  });

  it('waits for a removal that is being committed, and is refused by it', async () => {
    const other = await database.openAdmin();
    await other.query('BEGIN');
    await other.query(`SELECT set_config('app.instance_id', $1, true)`, [instanceId]);
    await other.query('DELETE FROM client_certificates WHERE id = $1', [certificateId]);
    await other.query('SELECT * FROM append_audit($1, $2)', [instanceId, []]);
    const answer = ask({ name: 'Get', payload: { uniqueIdentifier: active } });
    await waiting('record_served');
    await other.query('COMMIT');
    expect(await answer).toEqual(refused('certificate_removed'));
  });

  /** Resolves when a statement waits for a lock. */
  const waiting = async (what: string): Promise<void> => {
    for (;;) {
      const { rowCount } = await admin.query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'`,
        [what],
      );
      if (rowCount !== 0) return;
    }
  };

  it('does not acknowledge a Create that was cut this way; its intent is settled without the certificate', async () => {
    const release = harness.keyManager.hang('storeKey');
    const [create] = operations(active, fresh);
    const answer = ask(create!);
    await opened();
    await removeCertificate();
    release();
    expect(await answer).toEqual(refused('certificate_removed'));

    harness.clock.advance(3_600_000);
    const background = { ...harness.reconcileScope(), store: stores.forInstance(instanceId) };
    expect((await new Reconciler(harness.background).run(background)).adopted).toHaveLength(1);
    const { managed_objects: objects, creation_intents: intents, instance_usage: usage } = await catalog();
    expect(objects).toHaveLength(3);
    expect(intents).toEqual([]);
    expect(usage?.[0]?.live_keys).toBe(3);
    expect(harness.keyManager.storedKeys()).toHaveLength(3);
  });

  it('does not acknowledge a Create either that was completed by others meanwhile', async () => {
    const object = sampleObject();
    const intent = anIntent(object);
    await store.openIntent(intent, 1000);
    await stores.forInstance(instanceId).completeIntent(object, sampleAudit(instanceId));
    await removeCertificate();
    await expect(store.completeIntent(object, sampleAudit(instanceId))).rejects.toThrow(AccessWithdrawn);
  });

  /** Resolves when a Create has begun. */
  const opened = async (): Promise<void> => {
    for (;;) {
      const { rowCount } = await admin.query('SELECT 1 FROM creation_intents WHERE instance_id = $1', [instanceId]);
      if (rowCount !== 0) return;
    }
  };

  it('fails nobody else that is committed together with the refused one', async () => {
    const other = stores.forClient({ instanceId, certificateId: await insertCertificate(admin, instanceId) });
    await removeCertificate();
    const outcomes = await Promise.allSettled(
      [other, store, other, store, other].map((of) => of.record(sampleAudit(instanceId))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });
});
