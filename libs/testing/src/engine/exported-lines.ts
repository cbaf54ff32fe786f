import { type AuditChainRow, type AuditEvent, auditHash, canonicalAuditEvent, GENESIS_HASH, toCadf } from '@lib/audit';

/** The audit trail of one instance as its tenant exports it. */
export function exportedLines(events: readonly AuditEvent[]): readonly string[] {
  let previousHash = GENESIS_HASH;
  return events.map((each, index) => {
    const [seq, event] = [index + 1, canonicalAuditEvent(each)];
    const hash = auditHash(previousHash, seq, event);
    const row: AuditChainRow = { instanceId: each.instanceId, seq, event, previousHash, hash };
    previousHash = hash;
    return JSON.stringify(toCadf(row));
  });
}
