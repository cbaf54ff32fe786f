import { ACTION_CODES, type AuditAction, type AuditEvent } from '@lib/audit';
import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type DeliveryFailure, type Sealed, TenancyError, type Webhook, type WebhookSettings } from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { type PendingEvent, toPending } from '../audit/pending-events';
import { regionQuery } from '../database/region-query';
import { TenantTransactions } from '../database/transactions';

const COLUMNS = `id, revision, url, vm_names, service_key_version, sealed_secret, created_at, updated_at, cursor, moved_at,
  due_at, failures, last_delivered_at, last_failed_at, last_failure, skipped, last_skipped_at`;

interface WebhookRow {
  readonly id: string;
  readonly revision: number;
  readonly url: string;
  readonly vm_names: boolean;
  readonly service_key_version: number;
  readonly sealed_secret: Buffer;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly cursor: string;
  readonly moved_at: Date;
  readonly due_at: Date;
  readonly failures: number;
  readonly last_delivered_at: Date | null;
  readonly last_failed_at: Date | null;
  readonly last_failure: DeliveryFailure | null;
  readonly skipped: number;
  readonly last_skipped_at: Date | null;
}

export interface PendingEvents {
  readonly events: readonly PendingEvent[];
  /** Where the chain ended when they were read. */
  readonly head: number;
}

export interface WebhookChange extends WebhookSettings {
  readonly id: string;
  /** Absent: the one that is there. */
  readonly secret?: Sealed | undefined;
  readonly at: Date;
}

/** What became of a delivery. */
export type WebhookOutcome =
  | { readonly kind: 'delivered'; readonly cursor: number; readonly at: Date }
  | { readonly kind: 'nothing due'; readonly cursor: number; readonly at: Date }
  /** Somebody asked for a test, which was taken; events that wait go on waiting. */
  | { readonly kind: 'tested'; readonly cursor: number; readonly at: Date }
  /** Nothing is tried any more, until somebody sets it again. */
  | { readonly kind: 'gone'; readonly cursor: number; readonly at: Date; readonly failure: DeliveryFailure }
  | {
      readonly kind: 'failed';
      readonly at: Date;
      readonly failure: DeliveryFailure;
      readonly dueAt: Date;
      /** Events that are given up, up to the last of them. */
      readonly skipped: number;
      readonly cursor: number;
    };

/** The webhooks of a region. Events are records of the audit trail; nothing else of them is stored. */
export class PostgresWebhooks {
  private readonly transactions: TenantTransactions;

  constructor(private readonly dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  async get(instanceId: InstanceId): Promise<Webhook | undefined> {
    return this.transactions.look(instanceId, async ({ client }) => {
      const sql = `SELECT ${COLUMNS} FROM webhooks WHERE instance_id = $1`;
      const [row] = (await client.query<WebhookRow>(sql, [instanceId])).rows;
      return row && toWebhook(row);
    });
  }

  /** Begins at the end of the trail. @throws TenancyError('revision_mismatch') when there is one by now */
  async add(instanceId: InstanceId, change: WebhookChange, audit: AuditEvent): Promise<void> {
    await this.#change(
      instanceId,
      `INSERT INTO webhooks (instance_id, id, url, vm_names, service_key_version, sealed_secret, revision, created_at,
          updated_at, cursor, moved_at, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7,
          COALESCE((SELECT seq FROM audit_chain_heads WHERE instance_id = $1), 0), $7, $7)
        ON CONFLICT (instance_id) DO NOTHING`,
      valuesOf(instanceId, change),
      audit,
    );
  }

  /**
   * Keeps its place, and is tried at once.
   * @param revision that must still be there; undefined: any
   * @throws TenancyError('revision_mismatch')
   */
  async replace(
    instanceId: InstanceId,
    change: WebhookChange,
    revision: number | undefined,
    audit: AuditEvent,
  ): Promise<void> {
    await this.#change(
      instanceId,
      `UPDATE webhooks SET revision = revision + 1, url = $3, vm_names = $4,
          service_key_version = COALESCE($5, service_key_version), sealed_secret = COALESCE($6, sealed_secret), updated_at = $7, due_at = $7, failures = 0
        WHERE instance_id = $1 AND id = $2 AND ($8::integer IS NULL OR revision = $8)`,
      [...valuesOf(instanceId, change), revision ?? null],
      audit,
    );
  }

  /** @throws TenancyError('revision_mismatch') */
  async remove(instanceId: InstanceId, { id, revision }: Webhook, audit: AuditEvent): Promise<void> {
    const sql = 'DELETE FROM webhooks WHERE instance_id = $1 AND id = $2 AND revision = $3';
    await this.#change(instanceId, sql, [instanceId, id, revision], audit);
  }

  /** The secret under another service key; nothing if another process was first. */
  async reseal(instanceId: InstanceId, { id, secret: { serviceKeyVersion } }: Webhook, secret: Sealed): Promise<void> {
    await this.transactions.run(instanceId, ({ client }) =>
      client.query(
        `UPDATE webhooks SET service_key_version = $4, sealed_secret = $5
          WHERE instance_id = $1 AND id = $2 AND service_key_version = $3`,
        [instanceId, id, serviceKeyVersion, secret.serviceKeyVersion, secret.bytes],
      ),
    );
  }

  /** Instances whose trail went on, as far as somebody may hear of it. */
  async due(now: Date, limit: number): Promise<readonly InstanceId[]> {
    const sql = 'SELECT instance_id FROM directory_due_webhooks($1, $2)';
    const rows = await regionQuery<{ instance_id: string }>(this.dataSource, sql, [now, limit]);
    return rows.map(({ instance_id: id }) => toInstanceId(id));
  }

  /**
   * So many events, the oldest first. A trail that ends before the cursor is one that was cut: its events since the cursor
   * was moved are due, whatever their numbers.
   */
  async pending(
    instanceId: InstanceId,
    { cursor, movedAt }: Pick<Webhook, 'cursor' | 'movedAt'>,
    actions: readonly AuditAction[],
    limit: number,
  ): Promise<PendingEvents> {
    return this.transactions.look(instanceId, async ({ client }) => {
      const heads = 'SELECT seq FROM audit_chain_heads WHERE instance_id = $1';
      // First: what is appended meanwhile is then among the events, or for the next time.
      const head = Number((await client.query<{ seq: string }>(heads, [instanceId])).rows[0]?.seq ?? 0);
      const isCut = head < cursor;
      const { rows } = await client.query<{ seq: string; hash: Buffer; packed: Buffer }>(
        // 2 is what the index of actions leaves out.
        `SELECT seq, hash, packed FROM audit_records
          WHERE instance_id = $1 AND action = ANY ($2::smallint[]) AND action <> 2 AND NOT failed
            AND seq > $3 AND seq <= $4 ${isCut ? 'AND occurred_at >= $6' : ''} ORDER BY seq LIMIT $5`,
        [instanceId, codesOf(actions), isCut ? 0 : cursor, head, limit, ...(isCut ? [movedAt] : [])],
      );
      return { head, events: rows.map((row) => toPending(instanceId, row)) };
    });
  }

  /**
   * @param audit that is committed with it
   * @returns false when it was changed, removed or moved by another process meanwhile: nothing is written then
   */
  async note(
    instanceId: InstanceId,
    { id, revision, cursor }: Webhook,
    outcome: WebhookOutcome,
    audit: readonly AuditEvent[] = [],
  ): Promise<boolean> {
    const { assignments, values } = assigned(outcome);
    const sql = `UPDATE webhooks SET moved_at = CASE WHEN cursor = $5 THEN moved_at ELSE $6 END, cursor = $5, ${assignments}
      WHERE instance_id = $1 AND id = $2 AND revision = $3 AND cursor = $4`;
    const all = [instanceId, id, revision, cursor, outcome.cursor, outcome.at, ...values];
    return this.transactions.run(instanceId, async (transaction) => {
      const isNoted = (await transaction.client.query(sql, all)).rowCount === 1;
      if (isNoted && audit.length > 0) await transaction.appendAudit(audit);
      return isNoted;
    });
  }

  /** What is changed is committed with its record, or not at all. */
  async #change(instanceId: InstanceId, sql: string, values: unknown[], audit: AuditEvent): Promise<void> {
    await this.transactions.run(instanceId, async (transaction) => {
      if ((await transaction.client.query(sql, values)).rowCount === 0) {
        throw new TenancyError('revision_mismatch', 'somebody else changed it meanwhile; read it again');
      }
      await transaction.appendAudit([audit]);
    });
  }
}

/** The last day that every client of Postgres reads as a date. */
const NEVER = new Date('9999-12-31T00:00:00Z');

function assigned(outcome: WebhookOutcome): { readonly assignments: string; readonly values: readonly unknown[] } {
  switch (outcome.kind) {
    case 'nothing due':
      return { assignments: 'due_at = $6', values: [] };
    case 'delivered':
      return { assignments: 'due_at = $6, failures = 0, last_delivered_at = $6', values: [] };
    case 'tested':
      return { assignments: 'last_delivered_at = $6', values: [] };
    case 'gone':
      return {
        assignments: 'failures = failures + 1, last_failed_at = $6, last_failure = $7, due_at = $8',
        values: [JSON.stringify(outcome.failure), NEVER],
      };
    case 'failed':
      return {
        assignments: `failures = failures + 1, last_failed_at = $6, last_failure = $7, due_at = $8, skipped = skipped + $9,
          last_skipped_at = CASE WHEN $9 > 0 THEN $6 ELSE last_skipped_at END`,
        values: [JSON.stringify(outcome.failure), outcome.dueAt, outcome.skipped],
      };
  }
}

const codesOf = (actions: readonly AuditAction[]): readonly number[] => actions.map((action) => ACTION_CODES[action]);

const valuesOf = (instanceId: InstanceId, { id, url, vmNames, secret, at }: WebhookChange): unknown[] => [
  instanceId,
  id,
  url,
  vmNames,
  secret?.serviceKeyVersion ?? null,
  secret?.bytes ?? null,
  at,
];

function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    revision: row.revision,
    url: row.url,
    vmNames: row.vm_names,
    secret: { serviceKeyVersion: row.service_key_version, bytes: row.sealed_secret },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    cursor: Number(row.cursor),
    movedAt: row.moved_at,
    dueAt: row.due_at,
    failures: row.failures,
    skipped: row.skipped,
    ...(row.last_delivered_at && { lastDeliveredAt: row.last_delivered_at }),
    ...(row.last_failed_at && { lastFailedAt: row.last_failed_at }),
    ...(row.last_failure && { lastFailure: row.last_failure }),
    ...(row.last_skipped_at && { lastSkippedAt: row.last_skipped_at }),
  };
}
