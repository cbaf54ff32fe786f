import { ACTION_CODES, type AuditAction } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';
import { type PendingEvent, toPending } from '../audit/pending-events';

/** A record of an instance's trail: its number, and the beginning of its hash, in hex. */
export interface TrailPosition {
  readonly seq: number;
  readonly mark: string;
}

/** A connection that was tried, as the gateways counted it. */
export interface AttemptSign {
  readonly id: string;
  readonly verdict: string;
  readonly lastAt: Date;
  /** Of the instance's certificate that was presented. */
  readonly certificateId: string | undefined;
}

/** How far the keys of one root key are. */
export interface MoveSign {
  readonly bindingId: string;
  readonly state: string;
  readonly moved: number;
  readonly notedAt: Date;
}

/** What can change on an instance, at one moment. */
export interface InstanceSigns {
  readonly end: TrailPosition;
  /** The latest ones, the newest first. */
  readonly attempts: readonly AttemptSign[];
  readonly moves: readonly MoveSign[];
}

interface SignsRow {
  readonly seq: string | null;
  readonly hash: Buffer | null;
  readonly attempts: readonly { id: string; verdict: string; at: string; certificate: string | null }[] | null;
  readonly moves: readonly { id: string; state: string; moved: number; at: string }[] | null;
}

const MARK_BYTES = 8;
const ATTEMPTS = 20;

const SIGNS = `SELECT h.seq, h.hash,
    (SELECT json_agg(json_build_object('id', a.id, 'verdict', a.verdict, 'at', a.last_at, 'certificate', c.id)
        ORDER BY a.last_at DESC)
      FROM (SELECT id, verdict, last_at, fingerprint_sha256 FROM tenant_connection_attempts()
        ORDER BY last_at DESC LIMIT ${ATTEMPTS}) a
      LEFT JOIN client_certificates c ON c.instance_id = $1 AND c.fingerprint_sha256 = a.fingerprint_sha256) AS attempts,
    (SELECT json_agg(json_build_object('id', b.id, 'state', b.moves ->> 'state', 'moved', (b.moves ->> 'moved')::bigint,
        'at', b.moves ->> 'notedAt'))
      FROM root_key_bindings b WHERE b.instance_id = $1 AND b.moves IS NOT NULL) AS moves
  FROM (SELECT 1) one LEFT JOIN audit_chain_heads h ON h.instance_id = $1`;

/** What has changed on an instance: by its audit trail, and by what no record tells of. */
export class PostgresInstanceChanges {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  async signs(instanceId: InstanceId): Promise<InstanceSigns> {
    return this.transactions.look(instanceId, async ({ client }) => {
      const [row] = (await client.query<SignsRow>(SIGNS, [instanceId])).rows;
      return {
        end: positionOf(row?.seq ?? null, row?.hash ?? null),
        attempts: (row?.attempts ?? []).map(({ id, verdict, at, certificate }) => ({
          id,
          verdict,
          lastAt: new Date(at),
          certificateId: certificate ?? undefined,
        })),
        moves: (row?.moves ?? []).map(({ id, state, moved, at }) => ({
          bindingId: id,
          state,
          moved,
          notedAt: new Date(at),
        })),
      };
    });
  }

  /** Successful records of these actions, the oldest first. */
  async recorded(
    instanceId: InstanceId,
    after: number,
    actions: readonly AuditAction[],
    limit: number,
  ): Promise<readonly PendingEvent[]> {
    return this.transactions.look(instanceId, async ({ client }) => {
      const { rows } = await client.query<{ seq: string; hash: Buffer; packed: Buffer }>(
        // 2 is what the index of actions leaves out.
        `SELECT seq, hash, packed FROM audit_records
          WHERE instance_id = $1 AND action = ANY ($2::smallint[]) AND action <> 2 AND NOT failed AND seq > $3
          ORDER BY seq LIMIT $4`,
        [instanceId, actions.map((action) => ACTION_CODES[action]), after, limit],
      );
      return rows.map((row) => toPending(instanceId, row));
    });
  }

  /** False when the trail has another record there, or none any more: it was restored, or the record is archived. */
  async has(instanceId: InstanceId, { seq, mark }: TrailPosition): Promise<boolean> {
    if (seq === 0) return true;
    return this.transactions.look(instanceId, async ({ client }) => {
      const { rows } = await client.query<{ hash: Buffer }>(
        'SELECT hash FROM audit_records WHERE instance_id = $1 AND seq = $2',
        [instanceId, seq],
      );
      return rows.some(({ hash }) => markOf(hash) === mark);
    });
  }
}

/** The mark of a record by its hash. */
export const markOf = (hash: Buffer): string => hash.toString('hex', 0, MARK_BYTES);

const positionOf = (seq: string | null, hash: Buffer | null): TrailPosition =>
  seq === null || hash === null ? { seq: 0, mark: '00'.repeat(MARK_BYTES) } : { seq: Number(seq), mark: markOf(hash) };
