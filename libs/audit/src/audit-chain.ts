import { createHash } from 'node:crypto';

import { type AuditEvent } from './audit-event';

/** Hash before the first event of every chain. */
export const GENESIS_HASH: Buffer = Buffer.alloc(32);

/** One stored event with its place in the instance's chain. `event` is the canonical text that was hashed. */
export interface AuditChainRow {
  readonly instanceId: string;
  /** From 1, without gaps. */
  readonly seq: number;
  readonly event: string;
  readonly previousHash: Buffer;
  readonly hash: Buffer;
  /** Copies of parts of the event that are searched by. Checked as well when given. */
  readonly copies?: {
    readonly occurredAt: Date;
    readonly action: string;
    readonly outcome: string;
    readonly targetId?: string;
    readonly correlationId: string;
  };
}

/** Where a chain ends, from the database or, stronger, from an anchor kept outside it. */
export interface AuditChainHead {
  readonly seq: number;
  readonly hash: Buffer;
}

export type AuditChainVerdict =
  | { readonly intact: true; readonly head: AuditChainHead }
  | { readonly intact: false; readonly seq: number; readonly fault: AuditChainFault };

export type AuditChainFault = 'out_of_sequence' | 'broken_link' | 'hash_mismatch' | 'copy_mismatch' | 'head_mismatch';

/**
 * The event as one text, the same for equal events: keys sorted, dates as ISO 8601, absent fields left out.
 * Control characters that JSON in Postgres cannot hold (NUL, half surrogate pairs) become U+FFFD.
 */
export function canonicalAuditEvent(event: AuditEvent): string {
  return JSON.stringify(canonical(event));
}

/** SHA-256 over the previous hash, the sequence number as 8 bytes big-endian and the UTF-8 text of the event. */
export function auditHash(previousHash: Buffer, seq: number, event: string): Buffer {
  const position = Buffer.alloc(8);
  position.writeBigInt64BE(BigInt(seq));
  return createHash('sha256').update(previousHash).update(position).update(event, 'utf8').digest();
}

/**
 * Checks one instance's events, in order of `seq`. Finds edits, deletions, insertions and swaps; a cut-off end only
 * with `head`, and a chain rewritten from some point on only with a head that the attacker could not change.
 * @param from where to start when the first rows were checked (or archived) before
 */
export function verifyAuditChain(
  rows: Iterable<AuditChainRow>,
  head?: AuditChainHead,
  from: AuditChainHead = { seq: 0, hash: GENESIS_HASH },
): AuditChainVerdict {
  let last = from;
  for (const row of rows) {
    const fault = faultOf(row, last);
    if (fault !== undefined) return { intact: false, seq: row.seq, fault };
    last = { seq: row.seq, hash: row.hash };
  }
  if (head !== undefined && (head.seq !== last.seq || !head.hash.equals(last.hash))) {
    return { intact: false, seq: last.seq, fault: 'head_mismatch' };
  }
  return { intact: true, head: last };
}

function faultOf(row: AuditChainRow, last: AuditChainHead): AuditChainFault | undefined {
  if (row.seq !== last.seq + 1) return 'out_of_sequence';
  if (!row.previousHash.equals(last.hash)) return 'broken_link';
  if (!row.hash.equals(auditHash(row.previousHash, row.seq, row.event))) return 'hash_mismatch';
  return copiesMatch(row) ? undefined : 'copy_mismatch';
}

function copiesMatch({ event, copies, instanceId }: AuditChainRow): boolean {
  const hashed = JSON.parse(event) as Record<string, unknown> & { target?: { id?: string } };
  if (hashed['instanceId'] !== instanceId) return false;
  if (copies === undefined) return true;
  return (
    hashed['occurredAt'] === copies.occurredAt.toISOString() &&
    hashed['action'] === copies.action &&
    hashed['outcome'] === copies.outcome &&
    hashed['correlationId'] === copies.correlationId &&
    hashed.target?.id === copies.targetId
  );
}

/** NUL, and any half of a surrogate pair: of most texts it is known at once that they have neither. */
const SUSPICIOUS = /[\0\uD800-\uDFFF]/;

function canonical(value: unknown): unknown {
  if (typeof value === 'string') return canonicalText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(canonical);
  const fields = value as Readonly<Record<string, unknown>>;
  const sorted: [string, unknown][] = [];
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] !== undefined) sorted.push([canonicalText(key), canonical(fields[key])]);
  }
  return Object.fromEntries(sorted);
}

const canonicalText = (text: string): string =>
  SUSPICIOUS.test(text) ? text.replaceAll(/[\0\p{Cs}]/gu, '\uFFFD') : text;
