import { type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { sqlState } from '../database/persistence.error';
import { regionQuery } from '../database/region-query';
import { TenantTransactions } from '../database/transactions';

export interface RegionProgress {
  readonly counter: number;
  /** Of the cluster in which the progress was written last. */
  readonly writtenIn: string | undefined;
  /** Absent where the database does not tell it. */
  readonly systemIdentifier: string | undefined;
  readonly restoredAt: Date | undefined;
  readonly sign: string | undefined;
}

export interface SettledWithdrawal {
  readonly instanceId: InstanceId;
  readonly mark: string;
  readonly kind: string;
  readonly subject: string;
  readonly outcome: string;
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** How far the region's database has come, and what is held back since it was restored. */
export class PostgresRegionProgress {
  private readonly transactions: TenantTransactions;

  constructor(private readonly dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
  }

  async read(): Promise<RegionProgress> {
    const [row] = await regionQuery<{
      counter: string;
      system_identifier: string | null;
      restored_at: Date | null;
      sign: string | null;
    }>(this.dataSource, 'SELECT counter, system_identifier, restored_at, sign FROM region_progress', []);
    if (row === undefined) throw new Error('the row of the region is missing');
    return {
      counter: Number(row.counter),
      writtenIn: row.system_identifier ?? undefined,
      systemIdentifier: await this.systemIdentifier(),
      restoredAt: row.restored_at ?? undefined,
      sign: row.sign ?? undefined,
    };
  }

  /** @returns the counter that is committed now */
  async advance(): Promise<number> {
    const [row] = await regionQuery<{ counter: string }>(
      this.dataSource,
      `UPDATE region_progress SET counter = counter + 1, system_identifier = COALESCE(system_identifier, $1)
        RETURNING counter`,
      [(await this.systemIdentifier()) ?? null],
    );
    return Number(row?.counter ?? 0);
  }

  /** Holds every instance, also those released after an earlier restore. @returns false when another process was first */
  async hold(beyond: number, sign: string): Promise<boolean> {
    const rows = await regionQuery(
      this.dataSource,
      `WITH held AS (
          UPDATE region_progress
            SET counter = GREATEST(counter, $1) + 1, restored_at = now(), sign = $2, system_identifier = $3
            WHERE counter < $1 OR system_identifier IS DISTINCT FROM $3 RETURNING 1),
        undone AS (DELETE FROM restore_releases WHERE EXISTS (SELECT FROM held))
        SELECT 1 FROM held`,
      [beyond, sign, (await this.systemIdentifier()) ?? null],
    );
    return rows.length > 0;
  }

  async release(instanceId?: InstanceId): Promise<void> {
    if (instanceId === undefined) {
      await regionQuery(this.dataSource, 'UPDATE region_progress SET restored_at = NULL, sign = NULL', []);
      return;
    }
    await regionQuery(
      this.dataSource,
      `INSERT INTO restore_releases (released_instance, released_at) VALUES ($1, now())
        ON CONFLICT (released_instance) DO UPDATE SET released_at = EXCLUDED.released_at`,
      [instanceId],
    );
  }

  async released(): Promise<readonly InstanceId[]> {
    const sql = 'SELECT released_instance FROM restore_releases';
    const rows = await regionQuery<{ released_instance: InstanceId }>(this.dataSource, sql, []);
    return rows.map((row) => row.released_instance);
  }

  /** Whether the audit chain of the instance has the event with this number and hash: no restore has undone it then. */
  async hasCommitted(instanceId: InstanceId, seq: string, hash: string): Promise<boolean> {
    return this.transactions.run(instanceId, async ({ client }) => {
      const sql = `SELECT audit_holds($1, $2, decode($3, 'hex')) AS held`;
      const { rows } = await client.query<{ held: boolean }>(sql, [instanceId, seq, hash]);
      return rows[0]?.held === true;
    });
  }

  async settled(): Promise<readonly SettledWithdrawal[]> {
    return regionQuery<SettledWithdrawal>(
      this.dataSource,
      `SELECT of_instance AS "instanceId", mark, kind, subject, outcome FROM restored_withdrawals
        ORDER BY settled_at, of_instance, mark`,
      [],
    );
  }

  async noteSettled({ instanceId, mark, kind, subject, outcome }: SettledWithdrawal): Promise<void> {
    await regionQuery(
      this.dataSource,
      `INSERT INTO restored_withdrawals (of_instance, mark, kind, subject, outcome, settled_at)
        VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT DO NOTHING`,
      [instanceId, mark, kind, subject, outcome],
    );
  }

  /** A streaming replica has that of its primary; a cluster that was made anew, or upgraded, has another one. */
  private async systemIdentifier(): Promise<string | undefined> {
    try {
      const sql = 'SELECT system_identifier::text AS id FROM pg_control_system()';
      return (await regionQuery<{ id: string }>(this.dataSource, sql, []))[0]?.id;
    } catch (error) {
      if (sqlState(error) === INSUFFICIENT_PRIVILEGE) return undefined;
      throw error;
    }
  }
}
