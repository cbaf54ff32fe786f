import { type AuditEvent, type AuditQuery, toCadf, verifyExport } from '@lib/audit';
import { type InstanceId, toFingerprint } from '@lib/kernel';
import { insertInstance, sampleAudit, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { PostgresAuditTrail } from './postgres-audit-trail';

const START = Date.parse('2026-11-24T12:00:00.000Z');
const second = (count: number): Date => new Date(START + count * 1000);

describe('PostgresAuditTrail', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let mine: InstanceId;
  let foreign: InstanceId;
  const events: AuditEvent[] = [];

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource();
    const admin = await database.openAdmin();
    mine = await insertInstance(admin);
    foreign = await insertInstance(admin);
    const variants: Partial<AuditEvent>[] = [
      { target: { kind: 'key', id: 'k1' } },
      { outcome: 'failure', reason: 'key_suspended', target: { kind: 'key', id: 'k1' } },
      { initiator: { kind: 'user', iamId: 'IBMid-1' }, action: 'vmware-solutions.certificate.create' },
      { initiator: { kind: 'system', component: 'reconciler' } },
      { initiator: { kind: 'certificate', fingerprint: toFingerprint('cd'.repeat(32)) } },
      { initiator: { kind: 'user', iamId: String.raw`IBMid-"\5%0_` } },
    ];
    const { auditSink } = new PostgresObjectStores(dataSource);
    for (const [index, variant] of variants.entries()) {
      const event = sampleAudit(mine, { occurredAt: second(index), ...variant });
      events.push(event);
      await auditSink.record(event);
    }
    await auditSink.record(sampleAudit(foreign));
  });

  afterAll(() => database.close());

  const ask = async (wish: Partial<AuditQuery> = {}): Promise<number[]> => {
    const found = await new PostgresAuditTrail(dataSource).list(mine, { newestFirst: false, limit: 100, ...wish });
    return found.map(({ row }) => row.seq);
  };

  it.each<[string, Partial<AuditQuery>, number[]]>([
    ['everything of the instance', {}, [1, 2, 3, 4, 5, 6]],
    ['the newest first', { newestFirst: true }, [6, 5, 4, 3, 2, 1]],
    ['an action', { action: 'vmware-solutions.certificate.create' }, [3]],
    ['failures', { outcome: 'failure' }, [2]],
    ['a target', { targetId: 'k1' }, [1, 2]],
    ['a user', { initiatorId: 'IBMid-1' }, [3]],
    ['a user with characters that patterns have', { initiatorId: String.raw`IBMid-"\5%0_` }, [6]],
    ['nobody whose id such a pattern would fit', { initiatorId: 'IBMid-_' }, []],
    ['a certificate', { initiatorId: `CertificateID-${'cd'.repeat(32)}` }, [5]],
    ['a component', { initiatorId: 'reconciler' }, [4]],
    ['a time', { occurred: { from: second(1), before: second(3) } }, [2, 3]],
    ['a page', { limit: 2, after: 2 }, [3, 4]],
    ['a page backwards', { newestFirst: true, limit: 2, after: 3 }, [2, 1]],
    ['several together', { targetId: 'k1', outcome: 'success' }, [1]],
  ])('lists %s', async (_name, wish, expected) => {
    await expect(ask(wish)).resolves.toEqual(expected);
  });

  it('finds one request by its correlation id', async () => {
    await expect(ask({ correlationId: events[3]!.correlationId })).resolves.toEqual([4]);
  });

  it('gives the event as it was recorded, and none of another tenant', async () => {
    const trail = new PostgresAuditTrail(dataSource);
    await expect(trail.find(mine, 3)).resolves.toMatchObject({ event: events[2] });
    await expect(trail.find(mine, 7)).resolves.toBeUndefined();
    await expect(trail.list(foreign, { newestFirst: false, limit: 9 })).resolves.toHaveLength(1);
  });

  it('exports lines that verify', async () => {
    const found = await new PostgresAuditTrail(dataSource).list(mine, { newestFirst: false, limit: 100 });
    const lines = found.map(({ row }) => JSON.stringify(toCadf(row)));
    expect(verifyExport(lines)).toMatchObject({ intact: true, head: { seq: 6 } });
  });
});
