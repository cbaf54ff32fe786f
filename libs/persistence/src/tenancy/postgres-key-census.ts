import { type KeyCensus } from '@lib/tenancy';

import { type Transaction } from '../database/transactions';

export class PostgresKeyCensus implements KeyCensus {
  constructor(private readonly transaction: Transaction) {}

  async countLive(): Promise<number> {
    const { rows } = await this.transaction.client.query<{ live_keys: number }>(
      'SELECT live_keys FROM instance_usage WHERE instance_id = $1',
      [this.transaction.instanceId],
    );
    return rows[0]?.live_keys ?? 0;
  }

  async countUnder(rootKeyId: string, exceptVersion?: string): Promise<number> {
    const { rows } = await this.transaction.client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM managed_objects
        WHERE instance_id = $1 AND root_key_id = $2 AND ($3::text IS NULL OR root_key_version <> $3)`,
      [this.transaction.instanceId, rootKeyId, exceptVersion ?? null],
    );
    return rows[0]?.count ?? 0;
  }

  async mayBeNeeded(rootKeyId: string, creationsBefore: Date): Promise<boolean> {
    const { rows } = await this.transaction.client.query<{ needed: boolean }>(
      `SELECT EXISTS (SELECT FROM creation_intents WHERE instance_id = $1 AND started_at < $3)
          OR EXISTS (SELECT FROM custody_moves WHERE instance_id = $1 AND $2 IN (from_root_key_id, to_root_key_id))
          OR EXISTS (SELECT FROM later_looks WHERE instance_id = $1 AND root_key_id = $2)
          OR EXISTS (SELECT FROM key_notes WHERE instance_id = $1 AND written_under = $2)
        AS needed`,
      [this.transaction.instanceId, rootKeyId, creationsBefore],
    );
    return rows[0]?.needed !== false;
  }

  async erase(limit: number): Promise<number> {
    const { client, instanceId } = this.transaction;
    const { rows } = await client.query<{ id: string }>(
      'SELECT id FROM managed_objects WHERE instance_id = $1 ORDER BY id LIMIT $2 FOR UPDATE',
      [instanceId, limit],
    );
    const keys = [instanceId, rows.map(({ id }) => id)];
    await client.query(
      'DELETE FROM managed_object_attributes WHERE instance_id = $1 AND object_id = ANY ($2::uuid[])',
      keys,
    );
    await client.query('DELETE FROM managed_objects WHERE instance_id = $1 AND id = ANY ($2::uuid[])', keys);
    await client.query('DELETE FROM key_notes WHERE instance_id = $1 AND id = ANY ($2::uuid[])', keys);
    if (rows.length < limit) await this.forgetCreations();
    return rows.length;
  }

  /** Open creations end with the instance; the keys they may have stored are the tenant's. Nothing is left to count. */
  private async forgetCreations(): Promise<void> {
    const { client, instanceId } = this.transaction;
    await client.query('DELETE FROM creation_intents WHERE instance_id = $1', [instanceId]);
    await client.query('DELETE FROM instance_usage WHERE instance_id = $1', [instanceId]);
  }
}
