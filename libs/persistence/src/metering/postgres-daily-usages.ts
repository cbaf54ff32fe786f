import { type InstanceId } from '@lib/kernel';
import { type DailyUsage, type DailyUsages } from '@lib/metering';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';
import { TenantTransactions } from '../database/transactions';

interface UsageRow {
  readonly day: string;
  readonly live_keys: string;
  readonly certificates: string;
}

const SELECT = 'SELECT day::text AS day, live_keys, certificates FROM usage_days WHERE instance_id = $1';

export class PostgresDailyUsages implements DailyUsages {
  private readonly transactions: TenantTransactions;

  constructor(private readonly dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
  }

  list(
    instanceId: InstanceId,
    page: { readonly from?: string; readonly before?: string; readonly after?: string; readonly limit: number },
  ): Promise<readonly DailyUsage[]> {
    const text = `${SELECT} AND ($2::date IS NULL OR day >= $2) AND ($3::date IS NULL OR day < $3)
      AND ($4::date IS NULL OR day < $4) ORDER BY day DESC LIMIT $5`;
    return this.select(instanceId, text, [page.from ?? null, page.before ?? null, page.after ?? null, page.limit]);
  }

  async find(instanceId: InstanceId, day: string): Promise<DailyUsage | undefined> {
    const [found] = await this.select(instanceId, `${SELECT} AND day = $2`, [day]);
    return found;
  }

  async measure(day: string): Promise<void> {
    await regionQuery(this.dataSource, 'SELECT measure_usage($1)', [day]);
  }

  private select(instanceId: InstanceId, text: string, values: unknown[]): Promise<DailyUsage[]> {
    return this.transactions.run(instanceId, async ({ client }) => {
      const { rows } = await client.query<UsageRow>(text, [instanceId, ...values]);
      return rows.map((row) => ({
        day: row.day,
        liveKeys: Number(row.live_keys),
        certificates: Number(row.certificates),
      }));
    });
  }
}
