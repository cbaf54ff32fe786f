import { type InstanceId } from '@lib/kernel';
import { decodeResponseMessage, encodeRequestMessage, ObjectType, versionOf } from '@lib/kmip-protocol';
import {
  anyOperationRequest,
  aRequest,
  EngineHarness,
  failureCode,
  insertInstance,
  propertyRuns,
  startTestPostgres,
  type TestDatabase,
  vcenterKey,
} from '@lib/testing';
import fc from 'fast-check';

import { PostgresObjectStores } from './postgres-object-stores';

jest.setTimeout(600_000);

/** Seconds; a search takes `PROPERTY_RUNS` and `PROPERTY_SEED`. */
const RUNS = 500;

describe('whatever a client can write on the wire, on Postgres', () => {
  let database: TestDatabase;
  let instanceId: InstanceId;
  let stores: PostgresObjectStores;

  beforeAll(async () => {
    database = await startTestPostgres();
    instanceId = await insertInstance(await database.openAdmin());
    stores = new PostgresObjectStores(await database.openDataSource({ role: 'gateway' }));
  });
  afterAll(() => database.close());

  it('never ends in `internal`, which is the alarm of the operator', async () => {
    const harness = new EngineHarness({ instanceId });
    const store = stores.forInstance(instanceId);
    const scope = harness.scope({ store, limits: { maximumLiveKeys: 1_000_000 } });
    const perform = async (bytes: Buffer) => decodeResponseMessage(await harness.engine.handle(bytes, scope));
    const create = { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: vcenterKey } };
    const keys = await Promise.all([1, 2, 3].map(() => harness.perform('Create', create, { scope })));
    const known = keys.map(({ uniqueIdentifier }) => uniqueIdentifier);
    const changed = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc
          .tuple(fc.boolean(), fc.array(anyOperationRequest(known), { minLength: 1, maxLength: 3 }))
          // What names no key means the new one then: each state is met many times, not once.
          .map(([fresh, requests]) => (fresh ? [{ name: 'Create' as const, payload: create }, ...requests] : requests)),
        fc.integer({ min: 0, max: 4 }),
        fc.oneof({ arbitrary: fc.constant([]), weight: 3 }, changed),
        async (requests, minor, changes) => {
          const bytes = Buffer.from(encodeRequestMessage(aRequest(requests, { protocolVersion: versionOf(1, minor) })));
          harness.logs.length = 0;
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const answer = await perform(bytes);
          expect(answer.batchItems.map(failureCode)).not.toContain('internal');
          expect(harness.logs).toEqual([]);
        },
      ),
      propertyRuns(RUNS),
    );
  });
});
