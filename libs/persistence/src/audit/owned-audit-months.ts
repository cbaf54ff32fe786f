import { Client } from 'pg';

import { clientConfig, type DatabaseConnection } from '../database/connection';
import { BEFORE_MONTHS, type ChainInMonth, type ChainRow, chainsIn, isWhole } from './chains-in-month';

const PREFIX = 'audit_records_';

/** A month has records that no archive has: nothing of it was dropped. */
export class NotArchived extends Error {}

/** The months of a region's audit trails, for the owner of the database: nobody else may take one away. */
export class OwnedAuditMonths {
  private constructor(private readonly client: Client) {}

  static async open(owner: DatabaseConnection): Promise<OwnedAuditMonths> {
    const client = new Client(clientConfig(owner, 'kmip-audit-months'));
    client.on('error', () => undefined);
    await client.connect();
    return new OwnedAuditMonths(client);
  }

  close(): Promise<void> {
    return this.client.end();
  }

  /** This one, by the clock that puts records into months. */
  async current(): Promise<number> {
    const sql = `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMM')::integer AS month`;
    return (await this.client.query<{ month: number }>(sql)).rows[0]?.month ?? 0;
  }

  /** Those with a partition of their own, the oldest first. */
  async months(): Promise<readonly number[]> {
    const { rows } = await this.client.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE i.inhparent = 'audit_records'::regclass`,
    );
    const numbers = rows.map(({ name }) => Number(name.slice(PREFIX.length)));
    return numbers.filter((month) => Number.isInteger(month)).toSorted((one, other) => one - other);
  }

  chainsIn(month: number): AsyncIterable<ChainInMonth> {
    return chainsIn(month, async (text, values) => (await this.client.query<ChainRow>(text, [...values])).rows);
  }

  /**
   * Takes a month away, with all records in it. What is in it is compared with the archives once more while nothing can
   * be added. @throws NotArchived
   */
  async drop(month: number): Promise<void> {
    const table = month === BEFORE_MONTHS ? 'audit_events' : `${PREFIX}${String(month)}`;
    await this.client.query(`BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0`);
    try {
      await this.client.query(`LOCK TABLE ${table} IN SHARE MODE`);
      for await (const chain of this.chainsIn(month)) {
        if (!isWhole(chain)) throw new NotArchived(`instance ${chain.instanceId} has records that no archive has`);
      }
      await this.client.query(
        month === BEFORE_MONTHS
          ? `TRUNCATE ${table}`
          : `ALTER TABLE audit_records DETACH PARTITION ${table}; DROP TABLE ${table}`,
      );
      await this.client.query('COMMIT');
    } catch (error) {
      await this.client.query('ROLLBACK');
      throw error;
    }
  }
}
