import { KEY_MANAGER_DRIVERS } from '@lib/platform';
import { startTestPostgres, type TestDatabase } from '@lib/testing';

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestPostgres();
});
afterAll(() => database.close());

/** Those that the check of the table lets through. */
async function allowed(kinds: readonly string[]): Promise<string[]> {
  const admin = await database.openAdmin();
  const { rows: checks } = await admin.query<{ condition: string }>(
    `SELECT pg_get_expr(conbin, conrelid) AS condition FROM pg_constraint WHERE conname = 'ck_root_key_bindings_kind'`,
  );
  const { rows } = await admin.query<{ kind: string }>(
    `SELECT kind FROM unnest($1::text[]) WITH ORDINALITY AS given(kind, place) WHERE ${checks[0]?.condition ?? 'false'}
      ORDER BY place`,
    [kinds],
  );
  return rows.map(({ kind }) => kind);
}

it('takes a binding of every kind of key manager, of this release or a later one', async () => {
  const kinds = [...Object.keys(KEY_MANAGER_DRIVERS), 'of_a_later_release'];
  expect(await allowed(kinds)).toEqual(kinds);
});

it('takes nothing that is not the name of a kind', async () => {
  expect(await allowed(['', 'Key Protect', 'HPCS', '1password', 'hpcs\n', 'x'.repeat(64)])).toEqual([]);
});
