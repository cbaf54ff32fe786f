import { type AuditEvent, type AuditRecord, initiatorId } from '@lib/audit';

/** Long enough for the eye and for sorting by text. */
const ID_DIGITS = 12;

export const eventId = (seq: number): string => String(seq).padStart(ID_DIGITS, '0');

/** @returns undefined for what cannot be the id of an event */
export function sequenceOf(id: string): number | undefined {
  const seq = /^\d{1,15}$/.test(id) ? Number(id) : 0;
  return seq > 0 && eventId(seq) === id ? seq : undefined;
}

const AUTHENTICATION = { certificate: 'client_certificate', user: 'iam_token', system: 'internal' } as const;
const TARGETS = {
  key: 'key',
  certificate: 'client_certificate',
  instance: 'instance',
  'root-key': 'root_key',
  credential: 'credential',
  'kmip-credential': 'kmip_credential',
} as const;

export function auditEventResponse({ event, row }: AuditRecord, href: string): object {
  return {
    id: eventId(row.seq),
    href,
    action: event.action,
    outcome: event.outcome,
    reason: event.reason,
    initiator: initiatorOf(event.initiator),
    target: event.target && { id: event.target.id, resource_type: TARGETS[event.target.kind], name: event.target.name },
    observer: event.observer,
    correlation_id: event.correlationId,
    latency_ms: event.latencyMs,
    details: Object.entries(event.details ?? {}).map(([name, value]) => ({ name, value: String(value) })),
    chain_hash: row.hash.toString('hex'),
    occurred_at: event.occurredAt.toISOString(),
  };
}

function initiatorOf(initiator: AuditEvent['initiator']): object {
  return {
    id: initiatorId(initiator),
    authentication_type: AUTHENTICATION[initiator.kind],
    name: initiator.kind === 'system' ? initiator.component : initiator.name,
    address: initiator.kind === 'system' ? undefined : initiator.address,
  };
}
