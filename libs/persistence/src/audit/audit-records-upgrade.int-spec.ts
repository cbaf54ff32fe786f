import { canonicalAuditEvent, verifyAuditChain } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { insertInstance, sampleAudit, startTestPostgres, type TestDatabase } from '@lib/testing';
import { DataSource } from 'typeorm';

import { migrations } from '../../../../migrations';
import { runMigrations } from '../database/migrate';
import { TenantTransactions } from '../database/transactions';
import { PostgresAuditTrail } from './postgres-audit-trail';

jest.setTimeout(60_000);

type Session = Awaited<ReturnType<TestDatabase['openAdmin']>>;

/** Its statements, by the names under which its sessions have prepared them. */
const APPEND = { name: 'append_audit', text: 'SELECT last_seq, last_hash FROM append_audit($1, $2)' };
const HOLD = { name: 'hold', text: `SELECT hold_audit_chain($1, $2)` };

describe('audit records, with the release before at work', () => {
  let database: TestDatabase;
  let admin: Session;
  let instanceId: InstanceId;

  beforeEach(async () => {
    database = await startTestPostgres({ migrated: false });
    admin = await database.openAdmin();
    const { host, user: username, password, database: name } = database.connection;
    const before = new DataSource({
      type: 'postgres',
      host,
      username,
      password,
      database: name,
      migrations: migrations.slice(
        0,
        migrations.findIndex((each) => each.name.startsWith('AuditRecords')),
      ),
      installExtensions: false,
    });
    await before.initialize();
    await before.runMigrations({ transaction: 'each' });
    await before.destroy();
    instanceId = await insertInstance(admin);
  });
  afterEach(() => database.close());

  const session = async (): Promise<Session> => {
    const client = await database.openAdmin();
    await client.query('SET ROLE kmip_app');
    await client.query(`SELECT set_config('app.instance_id', $1, false)`, [instanceId]);
    return client;
  };
  const append = (client: Session): Promise<unknown> =>
    client.query({ ...APPEND, values: [instanceId, [canonicalAuditEvent(sampleAudit(instanceId))]] });
  const waiting = async (count: number): Promise<void> => {
    const sql = `SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    while ((await admin.query<{ count: number }>(sql)).rows[0]!.count < count);
  };

  it('go on in one chain: who was in the middle of appending ends it, or does it again', async () => {
    const [first, second, third] = [await session(), await session(), await session()];
    for (const client of [first, second, third]) await append(client);
    await first.query({ ...HOLD, values: [instanceId, []] });
    await first.query('BEGIN');
    await append(first);
    const asWaited = append(second);
    await waiting(1);
    const migrated = runMigrations(database.connection);
    await waiting(2);
    const refused = append(third).then(
      () => undefined,
      (error: unknown) => error,
    );
    await waiting(3);
    await first.query('COMMIT');
    await Promise.all([asWaited, migrated]);
    // Begun with the function as it was: told to do it again.
    expect(await refused).toMatchObject({ code: '40001' });
    for (const client of [first, second, third]) await append(client);
    await first.query({ ...HOLD, values: [instanceId, []] });
    const dataSource = await database.openDataSource();
    await new TenantTransactions(dataSource).run(instanceId, ({ appendAudit }) =>
      appendAudit([sampleAudit(instanceId)]),
    );
    const found = await new PostgresAuditTrail(dataSource).list(instanceId, { newestFirst: false, limit: 99 });
    expect(verifyAuditChain(found.map(({ row }) => row))).toMatchObject({ intact: true, head: { seq: 9 } });
    const { rows } = await admin.query<{ old: number; packed: number }>(
      'SELECT (SELECT count(*) FROM audit_events)::int AS old, (SELECT count(*) FROM audit_records)::int AS packed',
    );
    expect(rows).toEqual([{ old: 5, packed: 4 }]);
  });
});
