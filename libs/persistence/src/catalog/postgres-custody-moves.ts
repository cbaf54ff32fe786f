import { type AuditEvent } from '@lib/audit';
import { type CustodyMove, type CustodyMoves, type KeyCustody, type KeysUnderRootKey } from '@lib/kmip-engine';
import { type InstanceId, isUuid, type UniqueIdentifier } from '@lib/kernel';

import { type TenantTransactions, type Transaction } from '../database/transactions';
import { CUSTODY_COLUMN_NAMES, custodyValues } from './managed-object.columns';

interface MoveRow {
  readonly id: UniqueIdentifier;
  readonly move_id: string;
  readonly from_root_key_id: string;
  readonly to_root_key_id: string;
  readonly started_at: Date;
  readonly clear_since?: Date | null;
}

const COLUMNS = 'id, move_id, from_root_key_id, to_root_key_id, started_at';

/** Where the keys of one instance lie, and which of them are on their way. */
export class PostgresCustodyMoves implements CustodyMoves {
  constructor(
    private readonly transactions: TenantTransactions,
    private readonly instanceId: InstanceId,
  ) {}

  async open(move: CustodyMove, maximumOpen: number): Promise<'opened' | 'busy' | 'full'> {
    const { uniqueIdentifier, moveId, fromRootKeyId, toRootKeyId, startedAt } = move;
    return this.transactions.run(this.instanceId, async ({ client }) => {
      // Movers that count at the same moment may go over the limit by their own number, which does no harm.
      await client.query(
        `INSERT INTO custody_moves (instance_id, ${COLUMNS}) SELECT $1::uuid, $2::uuid, $3::uuid, $4, $5, $6::timestamptz
          WHERE (SELECT count(*) FROM custody_moves WHERE instance_id = $1) < $7 ON CONFLICT DO NOTHING`,
        [this.instanceId, uniqueIdentifier, moveId, fromRootKeyId, toRootKeyId, startedAt, maximumOpen],
      );
      const { rows } = await client.query<MoveRow>(
        `SELECT ${COLUMNS} FROM custody_moves WHERE instance_id = $1 AND id = $2`,
        [this.instanceId, uniqueIdentifier],
      );
      if (rows[0] === undefined) return 'full';
      return rows[0].move_id === moveId ? 'opened' : 'busy';
    });
  }

  async find(uniqueIdentifier: UniqueIdentifier): Promise<CustodyMove | undefined> {
    if (!isUuid(uniqueIdentifier)) return undefined;
    const rows = await this.select('AND id = $2', [uniqueIdentifier]);
    return rows[0];
  }

  async commit(move: CustodyMove, from: KeyCustody, to: KeyCustody, audit: AuditEvent): Promise<boolean> {
    return this.transactions.run(this.instanceId, async (transaction) => {
      const { client } = transaction;
      // Waits for a reconciler that is claiming the move, and then does not find it.
      const open = await client.query(
        `SELECT 1 FROM custody_moves WHERE instance_id = $1 AND id = $2 AND move_id = $3 AND claimed_at IS NULL FOR UPDATE`,
        [this.instanceId, move.uniqueIdentifier, move.moveId],
      );
      if (open.rowCount === 0) return false;
      // A key under destruction stays where it is: the deletion under way must hit the one stored key there is.
      const { rowCount } = await client.query(
        `UPDATE managed_objects SET ${CUSTODY_COLUMN_NAMES.map((name, index) => `${name} = $${index + 6}`).join(', ')}
          WHERE instance_id = $1 AND id = $2 AND stored_key_id = $3 AND root_key_id = $4 AND root_key_version = $5
            AND destroy_requested_at IS NULL`,
        [
          this.instanceId,
          move.uniqueIdentifier,
          from.storedKeyId,
          from.rootKeyId,
          from.rootKeyVersion,
          ...custodyValues(to),
        ],
      );
      if (rowCount === 0) return false;
      await rememberFormer(transaction, move.uniqueIdentifier, from, audit.occurredAt);
      await transaction.appendAudit([audit]);
      return true;
    });
  }

  async claim({ uniqueIdentifier, moveId }: CustodyMove): Promise<boolean> {
    return this.transactions.run(this.instanceId, async ({ client }) => {
      const { rowCount } = await client.query(
        `UPDATE custody_moves SET claimed_at = COALESCE(claimed_at, now())
          WHERE instance_id = $1 AND id = $2 AND move_id = $3`,
        [this.instanceId, uniqueIdentifier, moveId],
      );
      return rowCount === 1;
    });
  }

  async close({ uniqueIdentifier, moveId }: CustodyMove): Promise<void> {
    await this.transactions.run(this.instanceId, ({ client }) =>
      client.query('DELETE FROM custody_moves WHERE instance_id = $1 AND id = $2 AND move_id = $3', [
        this.instanceId,
        uniqueIdentifier,
        moveId,
      ]),
    );
  }

  async noteClear({ uniqueIdentifier, moveId }: CustodyMove, since: Date | undefined): Promise<void> {
    await this.transactions.run(this.instanceId, ({ client }) =>
      client.query('UPDATE custody_moves SET clear_since = $4 WHERE instance_id = $1 AND id = $2 AND move_id = $3', [
        this.instanceId,
        uniqueIdentifier,
        moveId,
        since,
      ]),
    );
  }

  async stale(before: Date, limit: number): Promise<readonly CustodyMove[]> {
    const condition =
      'AND started_at < $2 AND (clear_since IS NULL OR clear_since < $2) ORDER BY started_at, id LIMIT $3';
    return this.select(condition, [before, limit]);
  }

  async keysUnder(
    rootKeyId: string,
    { after, exceptVersion, limit }: KeysUnderRootKey,
  ): Promise<readonly UniqueIdentifier[]> {
    return this.transactions.run(this.instanceId, async ({ client }) => {
      const { rows } = await client.query<{ id: UniqueIdentifier }>(
        `SELECT id FROM managed_objects
          WHERE instance_id = $1 AND root_key_id = $2 AND ($3::uuid IS NULL OR id > $3)
            AND ($4::text IS NULL OR root_key_version <> $4) AND destroy_requested_at IS NULL
          ORDER BY id LIMIT $5`,
        [this.instanceId, rootKeyId, after ?? null, exceptVersion ?? null, limit],
      );
      return rows.map(({ id }) => id);
    });
  }

  private async select(condition: string, values: readonly unknown[]): Promise<CustodyMove[]> {
    return this.transactions.run(this.instanceId, async ({ client }) => {
      const { rows } = await client.query<MoveRow>(
        `SELECT ${COLUMNS}, clear_since FROM custody_moves WHERE instance_id = $1 ${condition}`,
        [this.instanceId, ...values],
      );
      return rows.map((row) => ({
        uniqueIdentifier: row.id,
        moveId: row.move_id,
        fromRootKeyId: row.from_root_key_id,
        toRootKeyId: row.to_root_key_id,
        startedAt: row.started_at,
        ...(row.clear_since && { clearSince: row.clear_since }),
      }));
    });
  }
}

/** What was left long ago the key manager has purged by itself (Key Protect: 90 days after the deletion). */
async function rememberFormer(
  { client, instanceId }: Transaction,
  uniqueIdentifier: UniqueIdentifier,
  { storedKeyId, rootKeyId }: KeyCustody,
  leftAt: Date,
): Promise<void> {
  await client.query(
    `WITH outlived AS (DELETE FROM former_stored_keys
        WHERE instance_id = $1 AND id = $2 AND left_at < $5::timestamptz - interval '180 days')
      INSERT INTO former_stored_keys (instance_id, id, stored_key_id, root_key_id, left_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [instanceId, uniqueIdentifier, storedKeyId, rootKeyId, leftAt],
  );
}
