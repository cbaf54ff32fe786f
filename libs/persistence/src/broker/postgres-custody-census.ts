import { type CustodyCensus, type KeysLeftBehind } from '@lib/service-instances';

import { type Transaction } from '../database/transactions';

export class PostgresCustodyCensus implements CustodyCensus {
  constructor(private readonly transaction: Transaction) {}

  async countInUse(): Promise<number> {
    const { client, instanceId } = this.transaction;
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM managed_objects
        WHERE instance_id = $1 AND state IN ('PreActive', 'Active') AND destroy_requested_at IS NULL`,
      [instanceId],
    );
    return rows[0]?.count ?? 0;
  }

  async storedKeys(): Promise<readonly KeysLeftBehind[]> {
    const { client, instanceId } = this.transaction;
    // A root key that is bound no more has lost its binding, but the key it wraps is still named.
    const { rows } = await client.query<{ crn: string; count: number }>(
      `SELECT coalesce(b.key_manager_crn, 'the key manager of root key ' || o.root_key_id) AS crn, count(*)::int AS count
        FROM managed_objects o
        LEFT JOIN (SELECT DISTINCT root_key_id, key_manager_crn FROM root_key_bindings WHERE instance_id = $1) b
          ON b.root_key_id = o.root_key_id
        WHERE o.instance_id = $1 AND o.stored_key_id IS NOT NULL GROUP BY 1 ORDER BY 1`,
      [instanceId],
    );
    return rows.map(({ crn, count }) => ({ keyManagerCrn: crn, count }));
  }

  async lastActivity(): Promise<Date | undefined> {
    const { client, instanceId } = this.transaction;
    const { rows } = await client.query<{ newest: Date | null }>(
      `SELECT coalesce(
          (SELECT r.occurred_at FROM audit_records r WHERE r.instance_id = $1 ORDER BY r.seq DESC LIMIT 1),
          (SELECT max(e.occurred_at) FROM audit_events e WHERE e.instance_id = $1)) AS newest`,
      [instanceId],
    );
    return rows[0]?.newest ?? undefined;
  }
}
