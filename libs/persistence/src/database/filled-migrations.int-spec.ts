import { type InstanceId } from '@lib/kernel';
import { keyName, type ListedKey } from '@lib/kmip-engine';
import { createAsFirstRelease, fillDatabase, insertInstance, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';
import { DataSource } from 'typeorm';

import { migrations } from '../../../../migrations';
import { PostgresKeyCatalog } from '../catalog/postgres-key-catalog';
import { runMigrations, schemaDrift } from './migrate';

jest.setTimeout(120_000);

const NAMES = ['web-02', undefined, 'web-01', 'Ärger', 'a\0b', 'x'.repeat(300), '😀'.repeat(60), undefined, '"\\u0000'];

/** Every version that a region can be at before this one, the newest first. */
const versions = migrations.map(({ name }, index) => [name, index + 1] as const).slice(0, -1);

describe('a filled database', () => {
  let database: TestDatabase;
  let admin: Client;

  beforeEach(async () => {
    database = await startTestPostgres({ migrated: false });
    admin = await database.openAdmin();
  });
  afterEach(() => database.close());

  /** @param undone how many of them are taken back again */
  async function migrateTo(count: number, undone = 0): Promise<void> {
    const some = new DataSource({
      type: 'postgres',
      host: database.connection.host,
      username: database.connection.user,
      password: database.connection.password,
      database: database.connection.database,
      migrations: migrations.slice(0, count),
      installExtensions: false,
    });
    await some.initialize();
    await some.runMigrations({ transaction: 'each' });
    for (let left = undone; left > 0; left -= 1) await some.undoLastMigration({ transaction: 'each' });
    await some.destroy();
  }

  /** All rows but what the migration is about, by table. */
  async function rows(): Promise<Map<string, string[]>> {
    const { rows: tables } = await admin.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname <> 'migrations'`,
    );
    const found = new Map<string, string[]>();
    for (const { name } of tables) {
      const { rows: lines } = await admin.query<{ line: Record<string, unknown> }>(
        `SELECT to_jsonb(t) - 'sort_name' AS line FROM ${name} t`,
      );
      found.set(name, lines.map(({ line }) => JSON.stringify(line)).sort());
    }
    return found;
  }

  /** Of each key: when it was fetched, as this release and as the first one has it. */
  async function fetchNotes(instanceId: string): Promise<readonly { noted: string; written: string }[]> {
    const { rows: notes } = await admin.query<{ noted: string; written: string }>(
      `SELECT f.fetched_at::text AS noted, coalesce(o.last_fetched_at, '-infinity')::text AS written
        FROM managed_objects o LEFT JOIN key_fetches f ON f.instance_id = o.instance_id AND f.object_id = o.id
        WHERE o.instance_id = $1`,
      [instanceId],
    );
    return notes;
  }

  async function pagedByName(instanceId: string): Promise<ListedKey[]> {
    const catalog = new PostgresKeyCatalog(await database.openDataSource()).forInstance(instanceId as InstanceId);
    const found: ListedKey[] = [];
    for (;;) {
      const last = found.at(-1);
      const page = await catalog.list({
        asOf: new Date(),
        order: { by: 'name', descending: false },
        limit: 3,
        ...(last && { after: { name: last.sortName, id: last.uniqueIdentifier } }),
      });
      found.push(...page);
      if (page.length < 3) return found;
    }
  }

  it.each(versions)('of %s keeps every row, with the first release at work beside', async (_name, count) => {
    await migrateTo(count);
    const instanceId = await fillDatabase(admin, NAMES);
    const before = await rows();
    const writer = await database.openAdmin();
    await writer.query('SET ROLE kmip_app');
    await writer.query(`SELECT set_config('app.instance_id', $1, false)`, [instanceId]);
    const written: string[] = [];
    let done = false;
    const beside = (async () => {
      do {
        written.push(await createAsFirstRelease(writer, instanceId, `beside-${String(written.length)}`));
        await writer.query('UPDATE managed_objects SET last_fetched_at = now() WHERE id = $1', [written.at(-1)]);
      } while (!done);
    })();
    await runMigrations(database.connection);
    done = true;
    await beside;
    expect(await schemaDrift(database.connection)).toEqual([]);

    // The first release goes on until the last process of it is replaced.
    written.push(
      await createAsFirstRelease(writer, instanceId, 'later'),
      await createAsFirstRelease(writer, instanceId),
    );
    const after = await rows();
    for (const [table, lines] of before) {
      const kept = new Set((after.get(table) ?? []).map(withoutNew(lines)));
      expect([table, lines.filter((line) => !kept.has(line))]).toEqual([table, []]);
    }
    const listed = await pagedByName(instanceId);
    expect(listed).toHaveLength(NAMES.length + written.length);
    expect(new Set(listed.map(({ uniqueIdentifier }) => uniqueIdentifier)).size).toBe(listed.length);
    const sorted = listed.map(({ sortName }) => Buffer.from(sortName));
    expect(sorted).toEqual([...sorted].sort((one, other) => Buffer.compare(one, other)));
    const notes = await fetchNotes(instanceId);
    expect(notes).toHaveLength(listed.length);
    expect(notes.filter(({ noted, written }) => noted !== written)).toEqual([]);
    for (const key of listed.filter((each) => /^(web|beside|later)/.test(keyName(each)))) {
      expect(key.sortName).toBe(keyName(key));
    }
    for (const key of listed.filter((each) => keyName(each) === each.uniqueIdentifier)) {
      expect(key.sortName).toBe(key.uniqueIdentifier);
    }
  });

  it('tells the release before when keys were fetched, when it goes back to it', async () => {
    const count = migrations.findIndex(({ name }) => name.startsWith('KeyFetches')) + 1;
    await migrateTo(count);
    const instanceId = await insertInstance(admin);
    const [fetched, never] = [
      await createAsFirstRelease(admin, instanceId),
      await createAsFirstRelease(admin, instanceId),
    ];
    await admin.query(`UPDATE key_fetches SET fetched_at = '2026-06-01Z' WHERE object_id = $1`, [fetched]);
    await migrateTo(count, 1);
    const { rows: found } = await admin.query('SELECT id, last_fetched_at AS at FROM managed_objects ORDER BY at');
    expect(found).toEqual([
      { id: fetched, at: new Date('2026-06-01T00:00:00Z') },
      { id: never, at: null },
    ]);
  });
});

/** A row without the columns that were not there before. */
function withoutNew(lines: readonly string[]): (line: string) => string {
  const columns = Object.keys(JSON.parse(lines[0] ?? '{}') as object);
  return (line) => {
    const row = JSON.parse(line) as Record<string, unknown>;
    return JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column]])));
  };
}
