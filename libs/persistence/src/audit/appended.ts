import { type AuditEvent, canonicalAuditEvent, packAuditEvent } from '@lib/audit';

/** Events as the functions that append take them: what is hashed, and what is stored. */
export function toAppend(events: readonly AuditEvent[]): { readonly texts: string[]; readonly packed: Buffer[] } {
  const texts = events.map((event) => canonicalAuditEvent(event));
  const packed = events.map(({ instanceId }, n) => packAuditEvent(texts[n] ?? '', instanceId));
  return { texts, packed };
}
