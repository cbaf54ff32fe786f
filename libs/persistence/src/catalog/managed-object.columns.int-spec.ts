import { KIND_FIELDS, OBJECT_KINDS } from '@lib/kmip-engine';
import { aManagedObject, startTestPostgres, type TestDatabase } from '@lib/testing';

import { columnOf, COLUMNS } from './managed-object.columns';

describe('the columns of managed objects', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestPostgres();
  });
  afterAll(() => database.close());

  it('are those of the table, with their types; what every object has is NOT NULL', async () => {
    const admin = await database.openAdmin();
    const { rows } = await admin.query<{ name: string }>(`
      SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required FROM pg_attribute
        WHERE attrelid = 'managed_objects'::regclass AND attnum > 0 AND NOT attisdropped`);
    const bare = { ...aManagedObject() };
    delete bare.custody;
    const notOfAll = KIND_FIELDS.filter((field) => !OBJECT_KINDS.every(({ fields }) => field in fields)).map(columnOf);
    const written = COLUMNS.map(({ name, type, of }) => {
      return { name, type, required: of(bare) !== undefined && !notOfAll.includes(name) };
    });
    const identity = ['instance_id', 'id'].map((name) => ({ name, type: 'uuid', required: true }));
    const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1);
    expect([...identity, ...written].sort(byName)).toEqual(rows.sort(byName));
  });
});
