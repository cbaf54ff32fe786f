import { type AuditEvent, canonicalAuditEvent, packAuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';

/**
 * Events as the functions that append take them: what is hashed, and what is stored.
 * @throws Error for an event of another instance: in this chain it would read as one that was changed afterwards
 */
export function toAppend(
  chain: InstanceId,
  events: readonly AuditEvent[],
): { readonly texts: string[]; readonly packed: Buffer[] } {
  const stranger = events.find(({ instanceId }) => instanceId !== chain);
  if (stranger !== undefined) throw new Error(`${stranger.action} of another instance was to be recorded here`);
  const texts = events.map((event) => canonicalAuditEvent(event));
  return { texts, packed: texts.map((text) => packAuditEvent(text, chain)) };
}
