import { type AuditEvent, type AuditQuery, type AuditRecord, type AuditTrail } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';

interface AuditRow {
  readonly seq: string;
  readonly event: string;
  readonly previous_hash: Buffer;
  readonly hash: Buffer;
}

/** As `initiatorId` of libs/audit: one of the three is there. */
const INITIATOR = `COALESCE('CertificateID-' || (event::jsonb #>> '{initiator,fingerprint}'),
  event::jsonb #>> '{initiator,iamId}', event::jsonb #>> '{initiator,component}')`;

/** Reads an instance's audit chain; nothing here can change it. */
export class PostgresAuditTrail implements AuditTrail {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  async list(instanceId: InstanceId, query: AuditQuery): Promise<readonly AuditRecord[]> {
    const values: unknown[] = [instanceId];
    const conditions = ['instance_id = $1'];
    const add = (condition: string, value: unknown): void => {
      if (value === undefined) return;
      conditions.push(condition.replace('$', `$$${values.push(value)}`));
    };
    add('action = $', query.action);
    add('outcome = $', query.outcome);
    add('target_id = $', query.targetId);
    add('correlation_id = $', query.correlationId);
    add('occurred_at >= $', query.occurred?.from);
    add('occurred_at < $', query.occurred?.before);
    // Looked for in the text first: parsing a million records that do not name the initiator takes seconds.
    add('0 < strpos(event, $)', query.initiatorId && asInEvent(query.initiatorId));
    add(`${INITIATOR} = $`, query.initiatorId);
    add(`seq ${query.newestFirst ? '<' : '>'} $`, query.after);
    const text = `SELECT seq, event, previous_hash, hash FROM audit_events WHERE ${conditions.join(' AND ')}
      ORDER BY seq ${query.newestFirst ? 'DESC' : 'ASC'} LIMIT $${String(values.push(query.limit))}`;
    return this.select(instanceId, text, values);
  }

  async find(instanceId: InstanceId, seq: number): Promise<AuditRecord | undefined> {
    const text = 'SELECT seq, event, previous_hash, hash FROM audit_events WHERE instance_id = $1 AND seq = $2';
    const [found] = await this.select(instanceId, text, [instanceId, seq]);
    return found;
  }

  private async select(instanceId: InstanceId, text: string, values: unknown[]): Promise<readonly AuditRecord[]> {
    return this.transactions.look(instanceId, async ({ client }) => {
      const { rows } = await client.query<AuditRow>(text, values);
      return rows.map((row) => toRecord(instanceId, row));
    });
  }
}

/** An initiator's own part of its id, as JSON has it. */
const asInEvent = (initiatorId: string): string =>
  JSON.stringify(initiatorId.replace(/^CertificateID-/, '')).slice(1, -1);

function toRecord(instanceId: InstanceId, row: AuditRow): AuditRecord {
  // Written by canonicalAuditEvent: an AuditEvent whose date is text.
  const parsed = JSON.parse(row.event) as Omit<AuditEvent, 'occurredAt'> & { readonly occurredAt: string };
  return {
    event: { ...parsed, occurredAt: new Date(parsed.occurredAt) },
    row: { instanceId, seq: Number(row.seq), event: row.event, previousHash: row.previous_hash, hash: row.hash },
  };
}
