import { type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';
import { TenantTransactions } from '../database/transactions';
import { BEFORE_MONTHS, type ChainInMonth, chainsIn } from './chains-in-month';

/** A file that holds the records of one chain and month. */
export interface AuditArchive {
  readonly instanceId: InstanceId;
  readonly month: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly hash: Buffer;
  readonly fileSha256: Buffer;
  /** The signed head of the last record. */
  readonly jws?: string | undefined;
  readonly archivedAt: Date;
}

/** Which months of the audit trails lie in files outside. */
export class PostgresAuditArchives {
  private readonly transactions: TenantTransactions;

  constructor(private readonly dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  /** Those that are over, the oldest first: to them nothing is added any more. */
  async closedMonths(): Promise<readonly number[]> {
    const rows = await regionQuery<{ month: number }>(
      this.dataSource,
      `SELECT to_char(m, 'YYYYMM')::integer AS month FROM generate_series(
          (SELECT min(to_date(substring(c.relname FROM '^audit_records_(\\d{6})$'), 'YYYYMM')) FROM pg_class c
            JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = 'audit_records'::regclass)::timestamp,
          clock_timestamp() AT TIME ZONE 'UTC' - interval '1 month', interval '1 month') m ORDER BY m`,
      [],
    );
    return [BEFORE_MONTHS, ...rows.map(({ month }) => month)];
  }

  chainsIn(month: number): AsyncIterable<ChainInMonth> {
    return chainsIn(month, (text, values) => regionQuery(this.dataSource, text, values));
  }

  /** Notes one, once: what is noted is not changed. */
  async note(archive: AuditArchive): Promise<void> {
    const { instanceId, month, firstSeq, lastSeq, hash, fileSha256, jws, archivedAt } = archive;
    await this.transactions.run(instanceId, async ({ client }) => {
      await client.query(
        `INSERT INTO audit_archives (instance_id, month, first_seq, last_seq, hash, file_sha256, jws, archived_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
        [instanceId, month, firstSeq, lastSeq, hash, fileSha256, jws ?? null, archivedAt],
      );
    });
  }
}
