import {
  type AuditChainFault,
  type AuditChainHead,
  type AuditChainRow,
  type AuditChainVerdict,
  verifyAuditChain,
} from './audit-chain';
import { type AuditEvent, type AuditInitiator } from './audit-event';

/** One line of an export: an event in the shape of CADF (ISO 19395), with what the chain needs to be checked again. */
export interface CadfLine {
  readonly typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event';
  readonly id: string;
  readonly eventTime: string;
  readonly action: string;
  readonly outcome: 'success' | 'failure';
  readonly [field: string]: unknown;
  readonly chain: {
    readonly instanceId: string;
    readonly seq: number;
    readonly previousHash: string;
    readonly hash: string;
    /** The text that was hashed; everything else on the line is derived from it. */
    readonly event: string;
  };
}

/** What Key Protect and the original service call the kinds of identity. */
const INITIATOR_TYPES = {
  user: 'service/security/account/user',
  service: 'service/security/account/serviceid',
  certificate: 'service/security/client/certificateid',
  system: 'service/compute',
} as const;

const WRITES = /\.(create|update|delete|destroy|revoke|set|unset|suspend|resume|reactivate|enable|disable)$/;
const DATA_EVENT = /^vmware-solutions\.kmip-(key|key-attributes|server)\./;
/** Ends of keys and of access to them. */
const CRITICAL = /\.(destroy|delete|unset)$/;

export function toCadf(row: AuditChainRow): CadfLine {
  // Written by canonicalAuditEvent: an AuditEvent whose dates are text.
  const event = JSON.parse(row.event) as Omit<AuditEvent, 'occurredAt'> & { readonly occurredAt: string };
  return {
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    id: `${row.instanceId}:${String(row.seq)}`,
    eventType: 'activity',
    eventTime: event.occurredAt.replace(/Z$/, '+0000'),
    action: event.action,
    outcome: event.outcome,
    ...(event.reason === undefined ? {} : { reason: { reasonType: event.reason } }),
    severity: severityOf(event),
    dataEvent: DATA_EVENT.test(event.action),
    correlationId: event.correlationId,
    initiator: initiatorOf(event.initiator),
    ...(event.target === undefined
      ? {}
      : { target: { id: event.target.id, name: event.target.name, typeURI: `vmware-solutions/${event.target.kind}` } }),
    observer: { id: event.observer, typeURI: 'service/security' },
    message: `${event.action}${event.outcome === 'failure' ? ' -failure' : ''}`,
    ...(event.latencyMs === undefined ? {} : { duration: `PT${String(event.latencyMs / 1000)}S` }),
    requestData: event.details ?? {},
    chain: {
      instanceId: row.instanceId,
      seq: row.seq,
      previousHash: row.previousHash.toString('hex'),
      hash: row.hash.toString('hex'),
      event: row.event,
    },
  };
}

/** `CertificateID-<fingerprint>` is how the original service named its clients. */
export function initiatorId(initiator: AuditInitiator): string {
  switch (initiator.kind) {
    case 'certificate':
      return `CertificateID-${initiator.fingerprint}`;
    case 'user':
      return initiator.iamId;
    case 'system':
      return initiator.component;
  }
}

export type ExportVerdict =
  | (Extract<AuditChainVerdict, { intact: true }> & { /** Absent in an empty export. */ readonly firstSeq?: number })
  | { readonly intact: false; readonly seq: number; readonly fault: ExportFault };

export type ExportFault = AuditChainFault | 'unreadable_line';

/** An event of an export, as it was recorded. */
export type ExportedEvent = Omit<AuditEvent, 'occurredAt'> & { readonly occurredAt: Date; readonly seq: number };

/**
 * The events of an export, once all of it is checked. @returns the fault that it has otherwise: then it tells nothing
 */
export function readExport(
  lines: Iterable<string>,
  head?: AuditChainHead,
): Extract<ExportVerdict, { intact: false }> | { readonly intact: true; readonly events: readonly ExportedEvent[] } {
  const all = [...lines];
  const verdict = verifyExport(all, head);
  return verdict.intact ? { intact: true, events: all.flatMap(eventOn) } : verdict;
}

/** Of a line that was checked. */
function eventOn(line: string): readonly ExportedEvent[] {
  const chain = readLine(line)?.chain;
  if (chain === undefined) return [];
  const recorded = JSON.parse(chain.event) as Omit<AuditEvent, 'occurredAt'> & { readonly occurredAt: string };
  return [{ ...recorded, occurredAt: new Date(recorded.occurredAt), seq: chain.seq }];
}

/**
 * Checks lines of an export, in order and one at a time: that each line says what was hashed, and that the hashes chain.
 * Offline: it needs nothing but the lines. An export that starts later begins with the hash its first line names.
 */
export function verifyExport(lines: Iterable<string>, head?: AuditChainHead): ExportVerdict {
  let firstSeq: number | undefined;
  let last: AuditChainHead | undefined;
  for (const line of lines) {
    if (line.trim() === '') continue;
    const cadf = readLine(line);
    if (cadf === undefined) return { intact: false, seq: (last?.seq ?? 0) + 1, fault: 'unreadable_line' };
    const row = rowOf(cadf);
    firstSeq ??= row.seq;
    last ??= { seq: row.seq - 1, hash: row.previousHash };
    const verdict = verifyAuditChain([row], undefined, last);
    if (!verdict.intact) return verdict;
    if (!saysWhatWasHashed(line, row)) return { intact: false, seq: row.seq, fault: 'copy_mismatch' };
    last = verdict.head;
  }
  const verdict = verifyAuditChain([], head, last);
  return verdict.intact && firstSeq !== undefined ? { ...verdict, firstSeq } : verdict;
}

/** Nobody knows what is in a file: only what can be checked further is let through. */
function readLine(line: string): CadfLine | undefined {
  try {
    const cadf = JSON.parse(line) as Partial<CadfLine> | null;
    const { instanceId, seq, previousHash, hash, event } = cadf?.chain ?? {};
    const texts = [instanceId, previousHash, hash, event];
    if (!Number.isSafeInteger(seq) || texts.some((text) => typeof text !== 'string')) return undefined;
    return cadf as CadfLine;
  } catch {
    return undefined;
  }
}

/** To the letter: a field that is there twice reads otherwise for the eye than for a parser. */
function saysWhatWasHashed(line: string, row: AuditChainRow): boolean {
  try {
    return JSON.stringify(toCadf(row)) === line;
  } catch {
    // Hashed, and yet no event: somebody made a chain of his own.
    return false;
  }
}

const rowOf = ({ chain }: CadfLine): AuditChainRow => ({
  instanceId: chain.instanceId,
  seq: chain.seq,
  event: chain.event,
  previousHash: Buffer.from(chain.previousHash, 'hex'),
  hash: Buffer.from(chain.hash, 'hex'),
});

function initiatorOf(initiator: AuditInitiator): object {
  const id = initiatorId(initiator);
  const address = initiator.kind === 'system' ? undefined : initiator.address;
  return {
    id,
    name: initiator.kind === 'system' ? initiator.component : (initiator.name ?? id),
    typeURI: typeUriOf(initiator),
    credential: { type: initiator.kind === 'certificate' ? 'certificate' : 'token' },
    ...(address === undefined ? {} : { host: { address, addressType: address.includes(':') ? 'IPv6' : 'IPv4' } }),
  };
}

function typeUriOf(initiator: AuditInitiator): string {
  if (initiator.kind === 'user' && initiator.iamId.startsWith('iam-ServiceId-')) return INITIATOR_TYPES.service;
  return INITIATOR_TYPES[initiator.kind];
}

function severityOf({ action, outcome }: Pick<AuditEvent, 'action' | 'outcome'>): 'normal' | 'warning' | 'critical' {
  if (CRITICAL.test(action)) return 'critical';
  return outcome === 'failure' || WRITES.test(action) ? 'warning' : 'normal';
}
