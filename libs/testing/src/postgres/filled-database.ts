import { createHash, randomUUID } from 'node:crypto';

import { type Client } from 'pg';

import { insertInstance } from './samples';

/** A client-kept attribute as every release stores it: KMIP Name with its Name Value and Name Type. */
const storedName = (name: string): string =>
  JSON.stringify([
    'Structure',
    [
      [0x42_00_55, 'TextString', name],
      [0x42_00_54, 'Enumeration', 1],
    ],
  ]);

/** What the first release does when a client makes a key and gives it a name; columns that came later it leaves out. */
export async function createAsFirstRelease(client: Client, instanceId: string, name?: string): Promise<string> {
  const id = randomUUID();
  await client.query(
    `INSERT INTO managed_objects (instance_id, id, object_type, state, suspended, cryptographic_algorithm,
        cryptographic_length, cryptographic_usage_mask, initial_date, last_change_date, digest, fresh, created_by,
        stored_key_id, root_key_id, root_key_version)
      VALUES ($1, $2, 2, 'Active', false, 3, 256, 12, now(), now(), '\\x07', true, 'x', 's', 'root-1', 'v')`,
    [instanceId, id],
  );
  if (name !== undefined) {
    await client.query(
      `INSERT INTO managed_object_attributes
          (instance_id, object_id, released, name, index, value, value_hash, item_hashes, name_hash)
        VALUES ($1, $2, false, 'Name', 0, $3, $4, '{}', $4)`,
      [instanceId, id, storedName(name), createHash('sha256').update(name).digest()],
    );
  }
  return id;
}

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
}

/** Something that each type of column can hold; texts with a list of words (CHECK) take the first word. */
const VALUES: Readonly<Record<string, string>> = {
  uuid: 'gen_random_uuid()',
  text: `'x'`,
  bigint: '1',
  integer: '1',
  smallint: '1',
  boolean: 'true',
  'timestamp with time zone': 'now()',
  date: 'now()',
  bytea: `'\\x01'`,
  jsonb: `'{}'`,
  json: `'{}'`,
  ARRAY: `'{}'`,
  inet: `'192.0.2.1'`,
  cidr: `'192.0.2.0/24'`,
  xid8: `'1'`,
  pg_snapshot: `'1:1:'`,
};

/**
 * A database as a region leaves it that has been at work: one instance with named and nameless keys, and a row in every
 * other table there is at this version, also of tables that this file has never heard of.
 */
export async function fillDatabase(admin: Client, names: readonly (string | undefined)[]): Promise<string> {
  const instanceId = await insertInstance(admin);
  for (const name of names) await createAsFirstRelease(admin, instanceId, name);
  const { rows: columns } = await admin.query<Column>(
    `SELECT table_name AS table, column_name AS column, data_type AS type FROM information_schema.columns
      WHERE table_schema = 'public' AND is_nullable = 'NO' AND is_identity = 'NO' AND is_generated = 'NEVER'
        AND table_name NOT IN ('migrations', 'instances', 'managed_objects', 'managed_object_attributes')
        AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition)
      ORDER BY table_name, ordinal_position`,
  );
  const tables = grouped(columns);
  // What refers to what is of no concern here, so the order of the tables is none either.
  await admin.query('SET session_replication_role = replica');
  for (const [table, wanted] of tables) {
    const words = await wordsOf(admin, table);
    const values = wanted.map(({ column, type }) =>
      column === 'instance_id' ? `'${instanceId}'` : (words.get(column) ?? VALUES[type] ?? `'x'`),
    );
    await admin.query(
      // A row that a migration itself made is there already.
      `INSERT INTO ${table} (${wanted.map(({ column }) => column).join(', ')}) VALUES (${values.join(', ')})
        ON CONFLICT DO NOTHING`,
    );
  }
  await admin.query('RESET session_replication_role');
  return instanceId;
}

function grouped(columns: readonly Column[]): Map<string, Column[]> {
  const tables = new Map<string, Column[]>();
  for (const column of columns) tables.set(column.table, [...(tables.get(column.table) ?? []), column]);
  return tables;
}

/** The first word that the checks of a table allow for a column; a state in which more is due is not the first one. */
async function wordsOf(admin: Client, table: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await admin.query<{ definition: string }>(
    `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c'`,
    [table],
  );
  const found = rows.flatMap(({ definition }) => [...definition.matchAll(/(\w+) = ANY \(\(?ARRAY\['([^']+)'/g)]);
  return new Map(found.map(([, column = '', word = '']) => [column, `'${word}'`]));
}
