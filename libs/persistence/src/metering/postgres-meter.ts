import { type MeteredInstance, type MeterRepository } from '@lib/metering';

import { type Transaction } from '../database/transactions';

interface MeterRow {
  readonly crn: string;
  readonly service_id: string;
  readonly plan_id: string;
  readonly status: string;
  readonly metered_until: Date;
}

export class PostgresMeter implements MeterRepository {
  constructor(private readonly transaction: Transaction) {}

  async lock(): Promise<MeteredInstance | undefined> {
    const { client, instanceId } = this.transaction;
    const { rows } = await client.query<MeterRow>(
      `SELECT crn, service_id, plan_id, status, metered_until FROM catalog_instances WHERE instance_id = $1 FOR UPDATE`,
      [instanceId],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const { crn, service_id: serviceId, plan_id: planId, status, metered_until: meteredUntil } = row;
    return { instanceId, crn, serviceId, planId, status, meteredUntil };
  }

  async advance(until: Date): Promise<void> {
    const { client, instanceId } = this.transaction;
    await client.query(
      'UPDATE catalog_instances SET metered_until = GREATEST(metered_until, $2) WHERE instance_id = $1',
      [instanceId, until],
    );
  }
}
