import { KEY_MANAGER_DRIVERS } from '@lib/platform';
import { startTestPostgres, type TestDatabase } from '@lib/testing';

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestPostgres();
});
afterAll(() => database.close());

it('has the kinds of key manager for which there are drivers, each under its own name', async () => {
  const admin = await database.openAdmin();
  const { rows } = await admin.query<{ definition: string }>(
    `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = 'ck_root_key_bindings_kind'`,
  );
  const allowed = [...(rows[0]?.definition ?? '').matchAll(/'([^']+)'/g)].map(([, kind]) => kind);
  expect(allowed.sort()).toEqual(Object.keys(KEY_MANAGER_DRIVERS).sort());
  expect(Object.values(KEY_MANAGER_DRIVERS).map(({ kind }) => kind)).toEqual(Object.keys(KEY_MANAGER_DRIVERS));
});
