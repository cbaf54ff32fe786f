import { type ManagedObjectStore } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import {
  aManagedObject,
  anAuditEvent,
  anIntent,
  insertInstance,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';
import { type Client } from 'pg';
import { type DataSource } from 'typeorm';

import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { createDataSource } from './data-source';

jest.setTimeout(60_000);

const GATEWAY = 'without-standby';

/**
 * A primary whose synchronous standby is away. What is committed waits; when its connection ends, it stays on the
 * primary alone, and is lost with it. Whatever is acknowledged must be on the standby, though.
 */
describe('a primary without its synchronous standby', () => {
  let database: TestDatabase;
  let admin: Client;
  let dataSource: DataSource;
  let instanceId: InstanceId;
  let store: ManagedObjectStore;

  beforeEach(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    await admin.query('SET synchronous_commit = local');
    dataSource = createDataSource(database.connection, { applicationName: GATEWAY, role: 'gateway', poolSize: 4 });
    await dataSource.initialize();
    instanceId = await insertInstance(admin);
    store = new PostgresObjectStores(dataSource).forInstance(instanceId);
  });

  afterEach(async () => {
    await standbyIs('');
    await dataSource.destroy();
    await database.close();
  });

  async function standbyIs(name: string): Promise<void> {
    await admin.query(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
    await admin.query('SELECT pg_reload_conf()');
    await turns('SELECT current_setting($1) = $2 AS is', ['synchronous_standby_names', name]);
    if (name === '') return;
    const prober = await database.openAdmin();
    await prober.query(`SET application_name = 'prober'; SET synchronous_commit = 'on'`);
    while (!(await commitWaits(prober)));
    await prober.end();
  }

  /** Whoever commits is told by the checkpointer, some time after the reload. */
  async function commitWaits(prober: Client): Promise<boolean> {
    let isOver = false;
    const committed = prober.query(`SELECT pg_logical_emit_message(true, 'prober', '')`).finally(() => (isOver = true));
    let waited = false;
    while (!isOver) {
      const sql = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'prober' AND wait_event = 'SyncRep'`;
      if ((await admin.query(sql)).rowCount === 1) waited = true;
    }
    await committed;
    return waited;
  }

  async function turns(question: string, values: unknown[] = []): Promise<void> {
    while ((await admin.query<{ is: boolean }>(question, values)).rows[0]?.is !== true);
  }

  const waits = `SELECT count(*) > 0 AS is FROM pg_stat_activity WHERE application_name = '${GATEWAY}' AND wait_event = 'SyncRep'`;
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${GATEWAY}' AND wait_event = 'SyncRep'`;

  /** @returns what has come of it after its connection was ended while it waited, and again until the caller gave up */
  async function cutOnce<T>(work: () => Promise<T>): Promise<PromiseSettledResult<T>> {
    const settled = Promise.allSettled([work()]);
    await turns(waits);
    await admin.query(end);
    return (await settled)[0];
  }

  const rejected = expect.objectContaining({ status: 'rejected' }) as unknown;

  it('acknowledges no record', async () => {
    await standbyIs('elsewhere');
    expect(await cutOnce(() => store.record(anAuditEvent(instanceId)))).toEqual(rejected);
  });

  it('lets no key go', async () => {
    const object = aManagedObject();
    await store.openIntent(anIntent(object), 1000);
    await store.completeIntent(object, anAuditEvent(instanceId));
    await standbyIs('elsewhere');
    expect(await cutOnce(() => store.recordFetch(object, anAuditEvent(instanceId)))).toEqual(rejected);
  });

  it('acknowledges no change', async () => {
    const object = aManagedObject();
    await store.openIntent(anIntent(object), 1000);
    await store.completeIntent(object, anAuditEvent(instanceId));
    await standbyIs('elsewhere');
    const change = (): Promise<unknown> =>
      store.mutate(object.uniqueIdentifier, (current) => ({
        object: { ...current, cryptographicUsageMask: 3 },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
    expect(await cutOnce(change)).toEqual(rejected);
  });

  it('acknowledges no key, neither at once nor when it is asked again', async () => {
    const object = aManagedObject();
    const audit = anAuditEvent(instanceId);
    await store.openIntent(anIntent(object), 1000);
    await standbyIs('elsewhere');
    expect(await cutOnce(() => store.completeIntent(object, audit))).toEqual(rejected);
    const { rowCount } = await admin.query('SELECT FROM managed_objects WHERE id = $1', [object.uniqueIdentifier]);
    expect(rowCount).toBe(1);
    expect(await cutOnce(() => store.completeIntent(object, audit))).toEqual(rejected);
    await standbyIs('');
    await store.completeIntent(object, audit);
  });
});
