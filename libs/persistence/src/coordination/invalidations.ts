import { type Transaction } from '../database/transactions';

/** Channel of LISTEN/NOTIFY; the payload is an instance id. */
export const INVALIDATION_CHANNEL = 'kmip_invalidation';

/**
 * Raises the instance's version (for processes that poll) and sends the notice (for those that listen). Both take effect
 * with the commit of the transaction they are part of.
 */
export async function publishInvalidation({ client, instanceId }: Transaction): Promise<void> {
  await client.query(
    `INSERT INTO invalidation_versions (instance_id, version, changed_in)
      VALUES ($1, 1, pg_current_xact_id()::text::bigint)
      ON CONFLICT (instance_id) DO UPDATE
        SET version = invalidation_versions.version + 1, changed_in = EXCLUDED.changed_in`,
    [instanceId],
  );
  await client.query('SELECT pg_notify($1, $2)', [INVALIDATION_CHANNEL, instanceId]);
}
