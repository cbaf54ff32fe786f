import { type AuditHeads, type ChainPosition, type KeptHead, type KeptHeads, type SignedAuditHead } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';
import { TenantTransactions } from '../database/transactions';

interface HeadRow {
  readonly seq: string;
  readonly hash: Buffer;
  readonly signed_at: Date;
  readonly jws: string;
}

interface PositionRow {
  readonly seq: string;
  readonly hash: Buffer;
  readonly first: string | null;
  readonly before_seq: string | null;
  readonly before_hash: Buffer | null;
  readonly before_jws: string | null;
}

/** Signed heads beside the chains they are of. Added to and read; nothing here changes one. */
export class PostgresAuditHeads implements AuditHeads, KeptHeads {
  private readonly transactions: TenantTransactions;

  constructor(private readonly dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  async position(instanceId: InstanceId): Promise<ChainPosition | undefined> {
    const sql = `SELECT h.seq, h.hash, f.first, a.last_seq AS before_seq, a.hash AS before_hash, a.jws AS before_jws
      FROM audit_chain_heads h
      CROSS JOIN LATERAL (SELECT least(
        (SELECT e.seq FROM audit_events e WHERE e.instance_id = $1 ORDER BY e.seq LIMIT 1),
        (SELECT r.seq FROM audit_records r WHERE r.instance_id = $1 ORDER BY r.seq LIMIT 1)) AS first) f
      LEFT JOIN audit_archives a ON a.instance_id = $1 AND a.last_seq = coalesce(f.first - 1, h.seq)
      WHERE h.instance_id = $1`;
    const [row] = await this.select<PositionRow>(instanceId, sql, []);
    if (row === undefined) return undefined;
    const { before_seq: seq, before_hash: hash, before_jws: jws } = row;
    return {
      seq: Number(row.seq),
      hash: row.hash,
      // A head without a record is of a chain that somebody emptied, unless an archive ends with it.
      firstSeq: Number(row.first ?? (seq === null ? Infinity : Number(seq) + 1)),
      ...(seq !== null && hash !== null && { archived: { seq: Number(seq), hash, ...(jws !== null && { jws }) } }),
    };
  }

  async latest(instanceId: InstanceId): Promise<string | undefined> {
    const sql = `SELECT jws FROM audit_signed_heads WHERE instance_id = $1 ORDER BY signed_at DESC, seq DESC LIMIT 1`;
    return (await this.select<{ jws: string }>(instanceId, sql, []))[0]?.jws;
  }

  async keep({ instanceId, seq, hash, signedAt, jws }: SignedAuditHead): Promise<void> {
    await this.transactions.run(instanceId as InstanceId, async ({ client }) => {
      await client.query(
        `INSERT INTO audit_signed_heads (instance_id, seq, signed_at, hash, jws)
          VALUES ($1, $2, $3, decode($4, 'hex'), $5) ON CONFLICT DO NOTHING`,
        [instanceId, seq, signedAt, hash, jws],
      );
    });
  }

  async unsigned(after: InstanceId | undefined, limit: number): Promise<readonly InstanceId[]> {
    const sql = 'SELECT instance_id FROM directory_unsigned_chains($1, $2)';
    const rows = await regionQuery<{ instance_id: InstanceId }>(this.dataSource, sql, [after ?? null, limit]);
    return rows.map((row) => row.instance_id);
  }

  async list(
    instanceId: InstanceId,
    after: Pick<KeptHead, 'seq' | 'signedAt'> | undefined,
    limit: number,
  ): Promise<readonly KeptHead[]> {
    const sql = `SELECT seq, hash, signed_at, jws FROM audit_signed_heads
      WHERE instance_id = $1 AND ($2::timestamptz IS NULL OR (signed_at, seq) < ($2, $3))
      ORDER BY signed_at DESC, seq DESC LIMIT $4`;
    const values = [after?.signedAt ?? null, after?.seq ?? 0, limit];
    const rows = await this.select<HeadRow>(instanceId, sql, values);
    return rows.map((row) => ({
      seq: Number(row.seq),
      hash: row.hash.toString('hex'),
      signedAt: row.signed_at,
      jws: row.jws,
    }));
  }

  private async select<T>(instanceId: InstanceId, sql: string, values: readonly unknown[]): Promise<readonly T[]> {
    return this.transactions.look(instanceId, async ({ client }) => {
      return (await client.query(sql, [instanceId, ...values])).rows as T[];
    });
  }
}
