import { type InstanceId } from '@lib/kernel';
import { type KeyListing, type LocateFilter } from '@lib/kmip-engine';
import { aText, insertInstance, sampleAudit, sampleObject, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { PostgresKeyCatalog } from './postgres-key-catalog';
import { PostgresObjectStores } from './postgres-object-stores';

/** More objects than are looked up one by one. */
const COPIES = 1_100;

describe('attributes that a good part of all keys have', () => {
  const all = aText('x-Vendor', 'VMware, Inc.');
  const one = aText('x-Name', 'web-01');
  let database: TestDatabase;
  let dataSource: DataSource;
  let instanceId: InstanceId;
  const newest = sampleObject({ initialDate: new Date('2026-11-25T00:00:00Z'), attributes: [all, one] });

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource({ role: 'gateway' });
    const admin = await database.openAdmin();
    instanceId = await insertInstance(admin);
    for (const owner of [instanceId, await insertInstance(admin)]) {
      const object = owner === instanceId ? newest : sampleObject({ attributes: [all, one] });
      const store = new PostgresObjectStores(dataSource).forInstance(owner);
      const { uniqueIdentifier, initialDate: startedAt } = object;
      await store.openIntent({ uniqueIdentifier, storedKeyName: 'x', startedAt, createdBy: 'x' }, 2);
      await store.completeIntent(object, sampleAudit(owner));
    }
    await admin.query(
      `WITH copies AS (
          INSERT INTO managed_objects SELECT (r).* FROM (
            SELECT jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(),
              'initial_date', o.initial_date - n * interval '1 minute')) AS r
            FROM managed_objects o, generate_series(1, ${COPIES}) n WHERE o.id = '${newest.uniqueIdentifier}') c
          RETURNING instance_id, id)
        INSERT INTO managed_object_attributes SELECT (r).* FROM (
          SELECT jsonb_populate_record(a, jsonb_build_object('object_id', c.id)) AS r
          FROM managed_object_attributes a, copies c
          WHERE a.object_id = '${newest.uniqueIdentifier}' AND a.name = 'x-Vendor') d`,
    );
  });

  afterAll(() => database.close());

  const locate = (attributes: LocateFilter['attributes'] & object) =>
    new PostgresObjectStores(dataSource)
      .forInstance(instanceId)
      .locate({ attributes, asOf: new Date(), limit: 2, offset: 0, count: true });

  it('are found and counted by Locate', async () => {
    const { total, uniqueIdentifiers } = await locate([all]);
    expect(total).toBe(COPIES + 1);
    expect(uniqueIdentifiers).toHaveLength(2);
    expect(uniqueIdentifiers[0]).toBe(newest.uniqueIdentifier);
  });

  it('narrow each other down, in any order', async () => {
    const found = { total: 1, uniqueIdentifiers: [newest.uniqueIdentifier] };
    expect(await locate([all, one])).toEqual(found);
    expect(await locate([one, all])).toEqual(found);
    expect(await locate([all, aText('x-Name', 'web-02')])).toEqual({ total: 0, uniqueIdentifiers: [] });
  });

  it('are listed page by page', async () => {
    const keys = new PostgresKeyCatalog(dataSource).forInstance(instanceId);
    const listing: KeyListing = {
      asOf: new Date(),
      attribute: { name: 'x-Vendor', value: 'VMware, Inc.' },
      order: { by: 'created', descending: true },
      limit: COPIES,
    };
    const first = await keys.list(listing);
    expect([first.length, first[0]?.uniqueIdentifier]).toEqual([COPIES, newest.uniqueIdentifier]);
    const last = first.at(-1);
    const after = { at: last?.initialDate, id: last?.uniqueIdentifier ?? '' };
    expect(await keys.list({ ...listing, after })).toHaveLength(1);
  });
});
