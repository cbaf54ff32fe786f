import { type AuditEvent, unpackAuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';

/** A record of the trail that somebody is to hear of. */
export interface PendingEvent {
  readonly seq: number;
  readonly hash: Buffer;
  readonly event: AuditEvent;
}

export function toPending(
  instanceId: InstanceId,
  { seq, hash, packed }: { readonly seq: string; readonly hash: Buffer; readonly packed: Buffer },
): PendingEvent {
  // Written by canonicalAuditEvent: an AuditEvent whose date is text.
  const parsed = JSON.parse(unpackAuditEvent(packed, instanceId)) as Omit<AuditEvent, 'occurredAt'> & {
    readonly occurredAt: string;
  };
  return { seq: Number(seq), hash, event: { ...parsed, occurredAt: new Date(parsed.occurredAt) } };
}
