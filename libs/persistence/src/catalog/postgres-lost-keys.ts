import { type AuditEvent } from '@lib/audit';
import { type LostKey, type LostKeys, type LostUnder, type PlacedKey } from '@lib/kmip-engine';
import { type InstanceId, isUuid, type UniqueIdentifier } from '@lib/kernel';

import { type TenantTransactions } from '../database/transactions';

interface LostRow {
  readonly id: UniqueIdentifier;
  readonly stored_key_id: string;
  readonly since: Date;
  readonly restorable_until: Date | null;
}

interface PlacedRow {
  readonly id: UniqueIdentifier;
  readonly stored_key_id: string;
  readonly stored_at: Date;
  readonly lost: boolean;
}

/** Of the row `o`: what is noted is of the stored key that it names still. */
export const IS_LOST = `EXISTS (SELECT FROM lost_keys l
  WHERE l.instance_id = o.instance_id AND l.id = o.id AND l.stored_key_id = o.stored_key_id)`;

/** Keys of one instance of which nothing is left in the key manager. */
export class PostgresLostKeys implements LostKeys {
  constructor(
    private readonly transactions: TenantTransactions,
    private readonly instanceId: InstanceId,
  ) {}

  async note({ uniqueIdentifier, storedKeyId, since, restorableUntil }: LostKey, audit: AuditEvent): Promise<void> {
    await this.transactions.run(this.instanceId, async (transaction) => {
      const { client } = transaction;
      const known = await client.query(
        'SELECT FROM lost_keys WHERE instance_id = $1 AND id = $2 AND stored_key_id = $3',
        [this.instanceId, uniqueIdentifier, storedKeyId],
      );
      const { rowCount } = await client.query(
        `INSERT INTO lost_keys (instance_id, id, stored_key_id, since, restorable_until)
        SELECT instance_id, id, $3, $4, $5 FROM managed_objects
          WHERE instance_id = $1 AND id = $2 AND stored_key_id = $3 AND destroy_requested_at IS NULL
        ON CONFLICT (instance_id, id) DO UPDATE SET
          since = CASE WHEN lost_keys.stored_key_id = EXCLUDED.stored_key_id THEN lost_keys.since ELSE EXCLUDED.since END,
          stored_key_id = EXCLUDED.stored_key_id, restorable_until = EXCLUDED.restorable_until`,
        [this.instanceId, uniqueIdentifier, storedKeyId, since, restorableUntil ?? null],
      );
      if (known.rowCount === 0 && rowCount === 1) await transaction.appendAudit([audit]);
    });
  }

  async forget(uniqueIdentifier: UniqueIdentifier, audit: AuditEvent): Promise<void> {
    await this.transactions.run(this.instanceId, async (transaction) => {
      const { rowCount } = await transaction.client.query('DELETE FROM lost_keys WHERE instance_id = $1 AND id = $2', [
        this.instanceId,
        uniqueIdentifier,
      ]);
      if (rowCount === 1) await transaction.appendAudit([audit]);
    });
  }

  async among(uniqueIdentifiers: readonly UniqueIdentifier[]): Promise<readonly LostKey[]> {
    const { rows } = await this.query<LostRow>(
      `SELECT l.id, l.stored_key_id, l.since, l.restorable_until FROM lost_keys l
        JOIN managed_objects o ON o.instance_id = l.instance_id AND o.id = l.id AND o.stored_key_id = l.stored_key_id
        WHERE l.instance_id = $1 AND l.id = ANY ($2::uuid[]) ORDER BY l.id`,
      [uniqueIdentifiers.filter(isUuid)],
    );
    return rows.map((row) => ({
      uniqueIdentifier: row.id,
      storedKeyId: row.stored_key_id,
      since: row.since,
      ...(row.restorable_until !== null && { restorableUntil: row.restorable_until }),
    }));
  }

  async byRootKey(): Promise<readonly LostUnder[]> {
    const { rows } = await this.query<{ root_key_id: string; keys: number; keys_under: number; since: Date }>(
      `SELECT o.root_key_id, count(*)::int AS keys, min(l.since) AS since,
          (SELECT count(*)::int FROM managed_objects a WHERE a.instance_id = $1 AND a.root_key_id = o.root_key_id) AS keys_under
        FROM lost_keys l
        JOIN managed_objects o ON o.instance_id = l.instance_id AND o.id = l.id AND o.stored_key_id = l.stored_key_id
        WHERE l.instance_id = $1 AND o.destroy_requested_at IS NULL AND o.state NOT IN ('Destroyed', 'DestroyedCompromised')
        GROUP BY o.root_key_id ORDER BY o.root_key_id`,
      [],
    );
    return rows.map(({ root_key_id: rootKeyId, keys, keys_under: keysUnder, since }) => ({
      rootKeyId,
      keys,
      keysUnder,
      since,
    }));
  }

  async placed(
    rootKeyId: string,
    { after, limit }: { readonly after?: UniqueIdentifier; readonly limit: number },
  ): Promise<readonly PlacedKey[]> {
    const { rows } = await this.query<PlacedRow>(
      `SELECT o.id, o.stored_key_id, COALESCE(o.stored_at, o.initial_date) AS stored_at, ${IS_LOST} AS lost
        FROM managed_objects o
        WHERE o.instance_id = $1 AND o.root_key_id = $2 AND ($3::uuid IS NULL OR o.id > $3)
          AND o.stored_key_id IS NOT NULL AND o.destroy_requested_at IS NULL
        ORDER BY o.id LIMIT $4`,
      [rootKeyId, after ?? null, limit],
    );
    return rows.map((row) => ({
      uniqueIdentifier: row.id,
      storedKeyId: row.stored_key_id,
      storedAt: row.stored_at,
      lost: row.lost,
    }));
  }

  private query<T extends object>(text: string, values: readonly unknown[]) {
    return this.transactions.run(this.instanceId, ({ client }) => client.query<T>(text, [this.instanceId, ...values]));
  }
}
