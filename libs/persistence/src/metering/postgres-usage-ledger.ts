import { type MeteringRecord, type UsageLedger, type UsageOutcome } from '@lib/metering';

import { type Transaction } from '../database/transactions';
import { MeteringRecordEntity } from '../entities/metering-record.entity';

export class PostgresUsageLedger implements UsageLedger {
  constructor(private readonly transaction: Transaction) {}

  async measure(from: Date, until: Date): Promise<Pick<MeteringRecord, 'liveKeys' | 'clientCertificates'>> {
    const { client, instanceId } = this.transaction;
    const { rows } = await client.query<{ keys: number; certificates: number }>(
      `SELECT
        (SELECT count(*)::int FROM managed_objects WHERE instance_id = $1 AND initial_date < $3
          AND (destroy_date IS NULL OR destroy_date >= $2)) AS keys,
        (SELECT count(*)::int FROM client_certificates WHERE instance_id = $1 AND created_at < $3) AS certificates`,
      [instanceId, from, until],
    );
    return { liveKeys: rows[0]?.keys ?? 0, clientCertificates: rows[0]?.certificates ?? 0 };
  }

  async insertIfAbsent(record: MeteringRecord, recordedAt: Date): Promise<void> {
    const { manager, instanceId } = this.transaction;
    await manager
      .createQueryBuilder()
      .insert()
      .into(MeteringRecordEntity)
      .values({
        ...record,
        instanceId,
        state: 'pending',
        attempts: 0,
        // Never sent before the hour it speaks of is over.
        notBefore: record.endedAt > recordedAt ? record.endedAt : recordedAt,
        detail: null,
        recordedAt,
      })
      .orIgnore()
      .execute();
  }

  async settle(startedAt: Date, outcome: UsageOutcome): Promise<void> {
    const { manager, instanceId } = this.transaction;
    // A record that found its end keeps it, whatever a slower process believes.
    const key = { instanceId, startedAt, state: 'pending' as const };
    await manager.update(MeteringRecordEntity, key, { ...outcome, detail: outcome.detail ?? null });
  }

  async prune(before: Date): Promise<void> {
    const { client, instanceId } = this.transaction;
    await client.query(
      `DELETE FROM metering_records WHERE instance_id = $1 AND started_at < $2 AND state = 'accepted'`,
      [instanceId, before],
    );
  }
}
