import { ACTION_CODES, type AuditEvent, canonicalAuditEvent, verifyAuditChain } from '@lib/audit';
import { type InstanceId, newUniqueIdentifier, toFingerprint } from '@lib/kernel';
import { insertInstance, recordedEvents, sampleAudit, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';
import { PostgresAuditHeads } from './postgres-audit-heads';
import { PostgresAuditTrail } from './postgres-audit-trail';

type Admin = Awaited<ReturnType<TestDatabase['openAdmin']>>;

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-11-24T12:30:00.000Z');

const LAST_AS_TEXT = 'vmware-solutions.claim.delete';

describe('audit records', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let admin: Admin;
  let instanceId: InstanceId;
  let trail: PostgresAuditTrail;

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource();
    admin = await database.openAdmin();
    trail = new PostgresAuditTrail(dataSource);
  });
  beforeEach(async () => {
    instanceId = await insertInstance(admin);
  });
  afterAll(() => database.close());

  const append = (...events: AuditEvent[]): Promise<void> =>
    new TenantTransactions(dataSource).run(instanceId, ({ appendAudit }) => appendAudit(events));
  const at = (timeMs: number, changes: Partial<AuditEvent> = {}): AuditEvent =>
    sampleAudit(instanceId, { occurredAt: new Date(timeMs), ...changes });
  /** As the release before does. */
  const appendAsText = async (...events: AuditEvent[]): Promise<void> => {
    await admin.query('BEGIN');
    await admin.query('SET LOCAL ROLE kmip_app');
    await admin.query(`SELECT set_config('app.instance_id', $1, true)`, [instanceId]);
    await admin.query('SELECT * FROM append_audit($1, $2)', [
      instanceId,
      events.map((event) => canonicalAuditEvent(event)),
    ]);
    await admin.query('COMMIT');
  };
  const all = async () => (await trail.list(instanceId, { newestFirst: false, limit: 1_000 })).map(({ row }) => row);
  const months = async (): Promise<number[]> => {
    const sql = 'SELECT month FROM audit_records WHERE instance_id = $1 ORDER BY seq';
    return (await admin.query<{ month: number }>(sql, [instanceId])).rows.map(({ month }) => month);
  };
  const partitions = async (): Promise<string[]> => {
    const sql = `SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1`;
    return (await admin.query<{ name: string }>(sql)).rows.map(({ name }) => name);
  };

  it('lie in the month of their append, which the migration and the daily round have made room for', async () => {
    const { rows } = await admin.query<{ month: number }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMM')::integer AS month`,
    );
    const { month } = rows[0]!;
    await append(at(START));
    expect(await months()).toEqual([month]);
    const made = await partitions();
    expect(made).toHaveLength(4);
    expect(made).toContain(`audit_records_${String(month)}`);
    await dataSource.query('SELECT prepare_audit_months()');
    expect(await partitions()).toEqual(made);
  });

  it('go on in the default partition in a month without one, and never back to an earlier month', async () => {
    await append(at(START));
    await admin.query('UPDATE audit_chain_heads SET month = 999912 WHERE instance_id = $1', [instanceId]);
    await append(at(START), at(START));
    expect((await months()).slice(1)).toEqual([999912, 999912]);
    const rows = await all();
    expect(verifyAuditChain(rows)).toMatchObject({ intact: true, head: { seq: 3 } });
    await expect(new PostgresAuditHeads(dataSource).position(instanceId)).resolves.toMatchObject({
      seq: 3,
      firstSeq: 1,
    });
  });

  it('of the release before are found and verified as those of this one', async () => {
    const target = { kind: 'key', id: newUniqueIdentifier() } as const;
    const named = { kind: 'key', id: 'ключ-1' } as const;
    const refused = { action: 'vmware-solutions.claim.delete', outcome: 'failure', target: named } as const;
    await appendAsText(at(START, { target }), at(START, refused));
    await append(at(START, { target }), at(START, refused));
    const found = await trail.list(instanceId, { newestFirst: false, limit: 9, targetId: target.id });
    expect(found.map(({ row }) => row.seq)).toEqual([1, 3]);
    const failed = await trail.list(instanceId, {
      newestFirst: true,
      limit: 9,
      outcome: 'failure',
      targetId: named.id,
    });
    expect(failed.map(({ row }) => row.seq)).toEqual([4, 2]);
    const acted = await trail.list(instanceId, { newestFirst: true, limit: 9, action: refused.action });
    expect(acted.map(({ row }) => row.seq)).toEqual([4, 2]);
    const { rows } = await admin.query(
      'SELECT occurred_at, action, failed, target FROM audit_records WHERE instance_id = $1 ORDER BY seq',
      [instanceId],
    );
    expect(rows.slice(0, 2)).toEqual(rows.slice(2));
    expect(verifyAuditChain(await all())).toMatchObject({ intact: true, head: { seq: 4 } });
  });

  it('have the code of every action, whichever release appends', async () => {
    // A release that appends text knows no later one.
    const known = Object.entries(ACTION_CODES).filter(([, code]) => code <= ACTION_CODES[LAST_AS_TEXT]);
    const actions = known.map(([action]) => action) as AuditEvent['action'][];
    await appendAsText(...actions.map((action) => at(START, { action })));
    const { rows } = await admin.query<{ action: number }>(
      'SELECT action FROM audit_records WHERE instance_id = $1 ORDER BY seq',
      [instanceId],
    );
    expect(rows.map(({ action }) => action)).toEqual(known.map(([, code]) => code));
  });

  it('from before are read where they were, and followed by those of now', async () => {
    const events = [at(START), at(START + 1), at(START + 2)];
    await append(...events);
    // As they lay there before: the text itself, and the hash before in each row.
    await admin.query('SET session_replication_role = replica');
    for (const { seq, text, hash } of (await recordedEvents(admin, instanceId)).slice(0, 2)) {
      await admin.query(
        `INSERT INTO audit_events SELECT instance_id, seq, $3::text, coalesce((SELECT p.hash FROM audit_events p
            WHERE p.instance_id = $1 AND p.seq = $2::bigint - 1), decode(repeat('00', 32), 'hex')), $4, occurred_at,
            $3::jsonb ->> 'action', $3::jsonb ->> 'outcome', $3::jsonb #>> '{target,id}', $3::jsonb ->> 'correlationId'
          FROM audit_records WHERE instance_id = $1 AND seq = $2`,
        [instanceId, seq, text, hash],
      );
      await admin.query('DELETE FROM audit_records WHERE instance_id = $1 AND seq = $2', [instanceId, seq]);
    }
    await admin.query('RESET session_replication_role');
    expect(verifyAuditChain(await all())).toMatchObject({ intact: true, head: { seq: 3 } });
    const found = async (wish: object) =>
      (await trail.list(instanceId, { newestFirst: true, limit: 2, ...wish })).map(({ row }) => row.seq);
    expect(await found({})).toEqual([3, 2]);
    expect(await found({ after: 2 })).toEqual([1]);
    expect(await found({ occurred: { before: new Date(START + 2) } })).toEqual([2, 1]);
    expect(await found({ correlationId: events[1]!.correlationId })).toEqual([2]);
    expect(await found({ initiatorId: `CertificateID-${'ab'.repeat(32)}` })).toEqual([3, 2]);
    await expect(new PostgresAuditHeads(dataSource).position(instanceId)).resolves.toMatchObject({ firstSeq: 1 });
  });

  it('are no longer added to where they were: who began to, does it again', async () => {
    const insert = `INSERT INTO audit_events VALUES ($1, 1, '{}', '', '', now(), '', '', '', '')`;
    await expect(admin.query(insert, [instanceId])).rejects.toMatchObject({ code: '40001' });
  });

  it('are found by their time, in whatever order they come, by few that are marked', async () => {
    const hours = [0, 0, 0, 1, 1, 0, 1, 1, 5, 5, 2, 2, 5, 400, 5, 6, 6, -300_000, 6];
    for (const [index, hour] of hours.entries()) await append(at(START + hour * HOUR_MS + index));
    const { rows } = await admin.query<{ marks: number }>(
      'SELECT count(*)::int AS marks FROM audit_records WHERE instance_id = $1 AND hour > 0',
      [instanceId],
    );
    expect(rows[0]?.marks).toBeLessThan(hours.length);
    const times = hours.map((hour, index) => START + hour * HOUR_MS + index);
    for (const from of [undefined, ...times]) {
      for (const before of [undefined, ...times]) {
        const occurred = { ...(from && { from: new Date(from) }), ...(before && { before: new Date(before) }) };
        const found = await trail.list(instanceId, { newestFirst: false, limit: 99, occurred });
        const expected = times.flatMap((time, index) =>
          time >= (from ?? -Infinity) && time < (before ?? Infinity) ? index + 1 : [],
        );
        expect(found.map(({ row }) => row.seq)).toEqual(expected);
      }
    }
  });

  it('are marked by their hour anew in a new month', async () => {
    await append(at(START));
    await admin.query('UPDATE audit_chain_heads SET month = month - 1 WHERE instance_id = $1', [instanceId]);
    await append(at(START), at(START));
    const { rows } = await admin.query<{ marked: boolean }>(
      'SELECT hour > 0 AS marked FROM audit_records WHERE instance_id = $1 ORDER BY seq',
      [instanceId],
    );
    expect(rows.map(({ marked }) => marked)).toEqual([true, true, false]);
  });

  it('that look alike to the database are told apart', async () => {
    const id = newUniqueIdentifier();
    const fingerprint = toFingerprint('cd'.repeat(32));
    await append(
      at(START, { details: { other: id, hash: fingerprint } }),
      at(START, { correlationId: id as never, initiator: { kind: 'certificate', fingerprint } }),
      at(START, { details: { other: id, hash: fingerprint } }),
    );
    const found = async (wish: object) =>
      (await trail.list(instanceId, { newestFirst: false, limit: 1, ...wish })).map(({ row }) => row.seq);
    expect(await found({ correlationId: id })).toEqual([2]);
    expect(await found({ initiatorId: `CertificateID-${fingerprint}` })).toEqual([2]);
  });

  it.each([1, 10, 1_000])(
    'of %i instances take at most 450 bytes each, with everything that finds them',
    async (chains) => {
      const size = async (): Promise<number> => {
        const { rows } = await admin.query<{ bytes: string }>(
          `SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
          WHERE relname LIKE 'audit_records%' AND relkind = 'r'`,
        );
        return Number(rows[0]?.bytes);
      };
      const before = await size();
      const keys = Array.from({ length: 100 }, newUniqueIdentifier);
      const fetched = (index: number): AuditEvent =>
        at(START + index * 1_000, {
          initiator: {
            kind: 'certificate',
            fingerprint: toFingerprint('ab'.repeat(32)),
            name: 'vcenter-01',
            address: '192.0.2.17',
          },
          target: { kind: 'key', id: keys[(index * 37) % keys.length]! },
          latencyMs: 120 + (index % 100),
          observer: 'endpoint-1',
          details: { state: 'Active', rootKeyVersion: keys[0]! },
        });
      const ids: InstanceId[] = [];
      for (let n = 0; n < chains; n += 1) ids.push(await insertInstance(admin));
      const count = 8_000;
      for (let first = 0; first < count; first += 4) {
        instanceId = ids[(first / 4) % chains]!;
        await append(...Array.from({ length: 4 }, (_, index) => fetched(first + index)));
      }
      const bytes = ((await size()) - before) / count;
      expect(bytes).toBeLessThanOrEqual(450);
    },
  );
});
