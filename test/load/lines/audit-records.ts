import { type AuditEvent } from '@lib/audit';
import { type InstanceId, newCorrelationId, newUniqueIdentifier, toFingerprint } from '@lib/kernel';
import { TenantTransactions } from '@lib/persistence';
import { insertInstance, startTestPostgres } from '@lib/testing';

import { type Line } from '../support/line';

const RECORDS = 20_000;
const TOGETHER = 4;
const INSTANCES = [1, 10, 1_000];

/** On disk, with every index, of a Get as gateways record it. */
export const auditRecords: Line = {
  name: 'audit-record',
  what: `An audit record on disk, of ${INSTANCES.join(', ')} instances, the largest of them`,
  goal: { bound: 'at most', value: 450, unit: 'bytes' },
  unit: 'bytes',
  async measure() {
    const sizes = new Map<string, number>();
    for (const instances of INSTANCES) sizes.set(`of ${String(instances)}`, await bytesOfRecord(instances));
    return { ours: Math.max(...sizes.values()), ofWhich: Object.fromEntries(sizes) };
  },
};

async function bytesOfRecord(instances: number): Promise<number> {
  const database = await startTestPostgres();
  try {
    const [admin, dataSource] = [await database.openAdmin(), await database.openDataSource()];
    const size = async (): Promise<number> => {
      const { rows } = await admin.query<{ bytes: string }>(
        `SELECT sum(pg_total_relation_size(relid)) AS bytes FROM pg_partition_tree('audit_records')`,
      );
      return Number(rows[0]?.bytes);
    };
    const ids: InstanceId[] = [];
    while (ids.length < instances) ids.push(await insertInstance(admin));
    const before = await size();
    const keys = Array.from({ length: 100 }, newUniqueIdentifier);
    const transactions = new TenantTransactions(dataSource);
    for (let first = 0; first < RECORDS; first += TOGETHER) {
      const id = ids[(first / TOGETHER) % ids.length] as InstanceId;
      const events = Array.from({ length: TOGETHER }, (_, index) => fetched(id, keys, first + index));
      await transactions.run(id, ({ appendAudit }) => appendAudit(events));
    }
    return ((await size()) - before) / RECORDS;
  } finally {
    await database.close();
  }
}

const fetched = (instanceId: InstanceId, keys: readonly string[], index: number): AuditEvent => ({
  instanceId,
  action: 'vmware-solutions.kmip-key.read',
  occurredAt: new Date(),
  initiator: {
    kind: 'certificate',
    fingerprint: toFingerprint('ab'.repeat(32)),
    name: 'vcenter-01',
    address: '192.0.2.17',
  },
  outcome: 'success',
  target: { kind: 'key', id: keys[(index * 37) % keys.length] as string },
  correlationId: newCorrelationId(),
  latencyMs: 120 + (index % 100),
  observer: 'endpoint-1',
  details: { state: 'Active', rootKeyVersion: keys[0] as string },
});
