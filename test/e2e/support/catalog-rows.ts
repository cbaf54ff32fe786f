import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from 'pg';

import { type RunningService } from './running-service';

/** Tables with rows of an instance that must be gone with it. */
const TABLES = [
  'instances',
  'client_certificates',
  'root_key_bindings',
  'credentials',
  'managed_objects',
  'catalog_bindings',
] as const;

/** Looks into the database of a running service, past the separation of tenants. */
export class CatalogRows {
  private constructor(private readonly client: Client) {}

  static async open(service: RunningService): Promise<CatalogRows> {
    const environment = await readFile(join(service.dataFolder, 'service.env'), 'utf8');
    const [, connectionString = ''] = /^DATABASE_URL=(.*)$/m.exec(environment) ?? [];
    const client = new Client({ connectionString });
    await client.connect();
    return new CatalogRows(client);
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

  /** What the catalog holds of the instance: its status, and the newest operation's step and state. */
  async condition(instanceId: string): Promise<{ readonly status: string; readonly step: string } | undefined> {
    const { rows } = await this.client.query<{ status: string; step: string }>(
      `SELECT c.status, o.step FROM catalog_instances c JOIN catalog_operations o USING (instance_id)
        WHERE c.instance_id = $1 ORDER BY o.number DESC LIMIT 1`,
      [instanceId],
    );
    return rows[0];
  }
}
