import {
  type AuditEvent,
  type AuditQuery,
  type AuditRecord,
  type AuditTrail,
  GENESIS_HASH,
  initiatorId,
  unpackAuditEvent,
} from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type ClientBase } from 'pg';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';
import { pageStatement, type Part } from './audit-statements';

interface FoundRow {
  readonly seq: string;
  readonly hash: Buffer;
  /** Absent of records from before audit_records, which have the two others. */
  readonly packed: Buffer | null;
  readonly event: string | null;
  readonly previous_hash: Buffer | null;
}

const HOUR_MS = 3_600_000;
const LAST_HOUR = 2 ** 31 - 1;

/** Reads an instance's audit chain; nothing here can change it. */
export class PostgresAuditTrail implements AuditTrail {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  async list(instanceId: InstanceId, query: AuditQuery): Promise<readonly AuditRecord[]> {
    return this.transactions.look(instanceId, async ({ client }) => {
      const part = await partOf(client, instanceId, query.occurred);
      const found: AuditRecord[] = [];
      for (let after = query.after; ;) {
        const { text, values } = pageStatement(instanceId, { ...query, ...(after !== undefined && { after }) }, part);
        const { rows } = await client.query<FoundRow>(text, values);
        const records = await this.#records(client, instanceId, rows);
        found.push(...records.filter(({ event }) => fits(event, query)));
        after = records.at(-1)?.row.seq;
        if (rows.length < query.limit || found.length >= query.limit) return found.slice(0, query.limit);
      }
    });
  }

  async find(instanceId: InstanceId, seq: number): Promise<AuditRecord | undefined> {
    const [found] = await this.list(instanceId, { newestFirst: false, after: seq - 1, limit: 1 });
    return found?.row.seq === seq ? found : undefined;
  }

  /** Of each record, the hash of the one before it as well: most pages have that besides. */
  async #records(client: ClientBase, instanceId: InstanceId, rows: readonly FoundRow[]): Promise<AuditRecord[]> {
    const hashes = new Map([[0, GENESIS_HASH], ...rows.map(({ seq, hash }) => [Number(seq), hash] as const)]);
    const missing = rows.filter((row) => row.packed !== null).map(({ seq }) => Number(seq) - 1);
    const sought = missing.filter((seq) => !hashes.has(seq));
    if (sought.length > 0) {
      const { rows: others } = await client.query<{ seq: string; hash: Buffer }>(
        `SELECT seq, hash FROM audit_records WHERE instance_id = $1 AND seq = ANY ($2)
          UNION ALL SELECT seq, hash FROM audit_events WHERE instance_id = $1 AND seq = ANY ($2)
          UNION ALL SELECT last_seq, hash FROM audit_archives WHERE instance_id = $1 AND last_seq = ANY ($2)`,
        [instanceId, sought],
      );
      for (const { seq, hash } of others) hashes.set(Number(seq), hash);
    }
    return rows.map((row) => toRecord(instanceId, row, hashes.get(Number(row.seq) - 1)));
  }
}

/**
 * Where in the chain the records of a period are: from the first that begins an hour of it, to the one before the first
 * that begins another hour after the last. @returns undefined where any can be
 */
async function partOf(
  client: ClientBase,
  instanceId: InstanceId,
  occurred: AuditQuery['occurred'],
): Promise<Part | undefined> {
  if (occurred?.from === undefined && occurred?.before === undefined) return undefined;
  const { from, before } = occurred;
  const hours = [from ? hourOf(from.getTime()) : 1, before ? hourOf(before.getTime() - 1) : LAST_HOUR];
  // OFFSET 0: the few that begin an hour are looked at, not the whole chain in its order.
  const { rows: ends } = await client.query<{ first: string | null; last: string | null }>(
    `SELECT min(seq) AS first, max(seq) AS last FROM (SELECT seq FROM audit_records
      WHERE instance_id = $1 AND hour > 0 AND hour BETWEEN $2 AND $3 OFFSET 0) marks`,
    [instanceId, ...hours],
  );
  const { first, last } = ends[0] ?? {};
  if (!first || !last) return { from: 1, until: 0 };
  const { rows: others } = await client.query<{ next: string | null }>(
    `SELECT min(seq) AS next FROM (SELECT seq FROM audit_records
      WHERE instance_id = $1 AND hour > 0 AND seq > $2 OFFSET 0) marks`,
    [instanceId, last],
  );
  return { from: Number(first), until: (others[0]?.next ? Number(others[0].next) : Number.MAX_SAFE_INTEGER) - 1 };
}

const hourOf = (timeMs: number): number => Math.min(Math.max(Math.floor(timeMs / HOUR_MS), 1), LAST_HOUR);

/** What the database finds by bytes that look alike is looked at here. */
function fits({ correlationId, initiator, target }: AuditEvent, query: AuditQuery): boolean {
  return (
    (query.correlationId === undefined || correlationId === query.correlationId) &&
    (query.initiatorId === undefined || initiatorId(initiator) === query.initiatorId) &&
    (query.targetId === undefined || target?.id === query.targetId)
  );
}

function toRecord(instanceId: InstanceId, row: FoundRow, before: Buffer = GENESIS_HASH): AuditRecord {
  const text = row.event ?? (row.packed === null ? '' : unpackAuditEvent(row.packed, instanceId));
  // Written by canonicalAuditEvent: an AuditEvent whose date is text.
  const parsed = JSON.parse(text) as Omit<AuditEvent, 'occurredAt'> & { readonly occurredAt: string };
  return {
    event: { ...parsed, occurredAt: new Date(parsed.occurredAt) },
    row: {
      instanceId,
      seq: Number(row.seq),
      event: text,
      previousHash: row.previous_hash ?? before,
      hash: row.hash,
    },
  };
}
