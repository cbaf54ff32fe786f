import { type Client } from 'pg';

import { openDatabase } from './database';
import { type RunningService } from './running-service';

/** Keeps every row that is written and committed, by triggers in the database of the test. */
export class WriteTrace {
  private constructor(private readonly client: Client) {}

  static async open(service: RunningService): Promise<WriteTrace> {
    const client = await openDatabase(service);
    await client.query(`
      CREATE SCHEMA trace;
      CREATE TABLE trace.writes (
        number bigserial, transaction xid8 DEFAULT pg_current_xact_id(), what text, written jsonb);
      CREATE FUNCTION trace.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $body$ BEGIN
        INSERT INTO trace.writes (what, written)
          VALUES (TG_TABLE_NAME || ' ' || TG_OP, to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END));
        RETURN NULL; END $body$`);
    const { rows } = await client.query<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
    );
    for (const { relname } of rows) {
      await client.query(
        `CREATE TRIGGER trace AFTER INSERT OR UPDATE OR DELETE ON ${relname} FOR EACH ROW EXECUTE FUNCTION trace.note()`,
      );
    }
    return new WriteTrace(client);
  }

  /** Each transaction that wrote of the key, in order, as `table WRITE`. */
  async of(key: string): Promise<readonly (readonly string[])[]> {
    const { rows } = await this.client.query<{ writes: string[] }>(
      `SELECT array_agg(DISTINCT what ORDER BY what) AS writes FROM trace.writes
        WHERE written::text LIKE '%' || $1 || '%' GROUP BY transaction ORDER BY min(number)`,
      [key],
    );
    return rows.map(({ writes }) => writes);
  }

  /** Keys of the instance that an intent was ever committed for, in order. */
  async promised(instanceId: string): Promise<readonly string[]> {
    const { rows } = await this.client.query<{ id: string }>(
      `SELECT written ->> 'id' AS id FROM trace.writes
        WHERE what = 'creation_intents INSERT' AND written ->> 'instance_id' = $1 ORDER BY number`,
      [instanceId],
    );
    return rows.map(({ id }) => id);
  }

  end(): Promise<void> {
    return this.client.end();
  }
}
