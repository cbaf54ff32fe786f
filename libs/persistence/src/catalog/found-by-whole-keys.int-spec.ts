import { type InstanceId } from '@lib/kernel';
import { type ServableObject } from '@lib/kmip-engine';
import {
  anIntent,
  insertInstance,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';
import { type Client } from 'pg';

import { PostgresObjectStores } from './postgres-object-stores';

jest.setTimeout(60_000);

const KEYS = 600;
/** At one moment: the more are asked for together, the better it looks to read all there are. */
const TOGETHER = 16;

describe('what clients ask for all the time', () => {
  let database: TestDatabase;
  let admin: Client;
  let instanceId: InstanceId;
  let born: ServableObject[] = [];

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
  });
  afterAll(() => database.close());
  const counts = async (): Promise<{ read: number; changes: number }> => {
    const sql = `SELECT sum(t.n_tup_ins + t.n_tup_upd)::int AS changes, sum(t.seq_tup_read)::int + sum(i.read)::int AS read
      FROM pg_stat_user_tables t, LATERAL (SELECT sum(idx_tup_read) AS read FROM pg_stat_user_indexes x
        WHERE x.relid = t.relid) i WHERE t.relname IN ('managed_objects', 'key_fetches')`;
    const { rows } = await admin.query<{ read: number; changes: number }>(sql);
    return rows[0]!;
  };

  type Store = ReturnType<PostgresObjectStores['forInstance']>;

  /** In a process of its own, so that statements are planned by what is known now. @returns rows that were read */
  const byANewProcess = async (work: (store: Store) => Promise<unknown>, changes: number): Promise<number> => {
    const before = await counts();
    const source = await database.openDataSource({ role: 'gateway' });
    await work(new PostgresObjectStores(source).forInstance(instanceId));
    // A server process tells its counts when it ends.
    await source.destroy();
    for (;;) {
      const now = await counts();
      if (now.changes >= before.changes + changes) return now.read - before.read;
    }
  };

  const together = async <T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<void> => {
    for (let n = 0; n < all.length; n += TOGETHER) await Promise.all(all.slice(n, n + TOGETHER).map(work));
  };
  const bear = (store: Store, keys: number): Promise<void> =>
    together(
      Array.from({ length: keys }, () => sampleObject()),
      async (object) => {
        await store.openIntent(anIntent(object), 10_000);
        await store.completeIntent(object, sampleAudit(instanceId));
        born.push(object);
      },
    );
  const fetchAll = (store: Store): Promise<void> =>
    together(born, async (object) => {
      const target = { kind: 'key', id: object.uniqueIdentifier } as const;
      expect(await store.recordFetch(object, sampleAudit(instanceId, { target }))).toBe(true);
    });

  /** What is known of the table is that an instance has ten keys. Of one that seems empty any index would do. */
  beforeEach(async () => {
    for (let n = 0; n < 5; n += 1) {
      instanceId = await insertInstance(admin);
      await byANewProcess((store) => bear(store, 10), 20);
    }
    await admin.query('ANALYZE managed_objects, key_fetches');
    born = [];
  });

  it('reads no other key of its instance when one is born', async () => {
    await byANewProcess((store) => bear(store, KEYS), 2 * KEYS);
    expect((await byANewProcess((store) => bear(store, KEYS), 2 * KEYS)) / KEYS).toBeLessThan(12);
  });

  it('reads no other key of its instance when one is fetched', async () => {
    await byANewProcess((store) => bear(store, KEYS), 2 * KEYS);
    expect((await byANewProcess(fetchAll, 2 * KEYS)) / KEYS).toBeLessThan(12);
  });
});
