import { type AuditEvent, unpackAuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type Client } from 'pg';

/** An audit record as it lies in the database, past every reader of the product. */
export interface RecordedEvent {
  readonly instanceId: InstanceId;
  readonly seq: number;
  /** What was hashed. */
  readonly text: string;
  readonly event: Omit<AuditEvent, 'occurredAt'> & { readonly occurredAt: string };
  readonly hash: Buffer;
}

/** @param instanceId absent: of all instances */
export async function recordedEvents(admin: Client, instanceId?: string): Promise<readonly RecordedEvent[]> {
  const { rows } = await admin.query<{ instance_id: InstanceId; seq: string; packed: Buffer; hash: Buffer }>(
    `SELECT instance_id, seq, packed, hash FROM audit_records
      WHERE $1::uuid IS NULL OR instance_id = $1 ORDER BY instance_id, seq`,
    [instanceId ?? null],
  );
  return rows.map(({ instance_id: id, seq, packed, hash }) => {
    const text = unpackAuditEvent(packed, id);
    return { instanceId: id, seq: Number(seq), text, event: JSON.parse(text) as RecordedEvent['event'], hash };
  });
}
