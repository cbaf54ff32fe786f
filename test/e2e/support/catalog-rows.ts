import { randomUUID } from 'node:crypto';

import { type Client } from 'pg';

import { openDatabase } from './database';
import { type RunningService } from './running-service';

/** Tables with rows of an instance that must be gone with it. */
const TABLES = [
  'instances',
  'client_certificates',
  'root_key_bindings',
  'credentials',
  'managed_objects',
  'key_fetches',
  'catalog_bindings',
] as const;

export interface Condition {
  readonly status: string;
  readonly kind: string;
  readonly state: string;
}

/** What a running service keeps of an instance. */
export class CatalogRows {
  private constructor(private readonly client: Client) {}

  static async open(service: RunningService): Promise<CatalogRows> {
    return new CatalogRows(await openDatabase(service));
  }

  close(): Promise<void> {
    return this.client.end();
  }

  /** Tables that hold something of the instance, with how much. */
  async of(instanceId: string): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {};
    for (const table of TABLES) {
      const column = table === 'instances' ? 'id' : 'instance_id';
      const sql = `SELECT count(*)::int AS n FROM ${table} WHERE ${column} = $1`;
      const { rows } = await this.client.query<{ n: number }>(sql, [instanceId]);
      if (rows[0] !== undefined && rows[0].n > 0) found[table] = rows[0].n;
    }
    return found;
  }

  /** As if the database had been restored to before the instance had a key: the key managers know of no such thing. */
  async forgetKeys(instanceId: string): Promise<void> {
    for (const table of ['managed_object_attributes', 'managed_objects', 'instance_usage']) {
      await this.client.query(`DELETE FROM ${table} WHERE instance_id = $1`, [instanceId]);
    }
  }

  /** Status of the service instance, and how its newest operation stands. */
  async condition(instanceId: string): Promise<Condition | undefined> {
    const { rows } = await this.client.query<Condition>(
      `SELECT c.status, o.kind, o.state FROM catalog_instances c JOIN catalog_operations o USING (instance_id)
        WHERE c.instance_id = $1 ORDER BY o.number DESC LIMIT 1`,
      [instanceId],
    );
    return rows[0];
  }

  /** As if the last so many hours had not been recorded yet. */
  async forgetUsage(instanceId: string, hours: number): Promise<void> {
    const sql = `UPDATE catalog_instances SET metered_until = metered_until - $2 * interval '1 hour' WHERE instance_id = $1`;
    await this.client.query(sql, [instanceId, hours]);
  }

  /** The outbox of metering, oldest first. */
  async usage(instanceId: string): Promise<readonly { readonly state: string; readonly attempts: number }[]> {
    const sql = 'SELECT state, attempts FROM metering_records WHERE instance_id = $1 ORDER BY started_at';
    return (await this.client.query<{ state: string; attempts: number }>(sql, [instanceId])).rows;
  }

  /** Keys as their instance holds them, without a gateway and a key manager that made them. */
  async addStoredKeys(instanceId: string, count: number): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      await this.client.query(
        `INSERT INTO managed_objects (instance_id, id, object_type, state, suspended, cryptographic_algorithm,
          cryptographic_length, cryptographic_usage_mask, initial_date, last_change_date, digest, fresh, created_by,
          stored_key_id, root_key_id, root_key_version)
          VALUES ($1, $2, 2, 'Active', false, 3, 256, 12, now(), now(), '', true, '', $2::uuid, 'a root key', 'v1')`,
        [instanceId, randomUUID()],
      );
    }
  }
}
