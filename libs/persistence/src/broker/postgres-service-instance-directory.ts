import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type PendingUsage, type UsageDirectory } from '@lib/metering';
import { type ServiceInstanceDirectory } from '@lib/service-instances';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';

interface UsageRow {
  readonly instance_id: string;
  readonly started_at: Date;
  readonly ended_at: Date;
  readonly crn: string;
  readonly service_id: string;
  readonly plan_id: string;
  readonly live_keys: number;
  readonly client_certificates: number;
  readonly attempts: number;
}

/** Asks through the database's directory functions, the only way past the tenants' separation. */
export class PostgresServiceInstanceDirectory implements ServiceInstanceDirectory, UsageDirectory {
  constructor(private readonly dataSource: DataSource) {}

  async dueOperations(now: Date, limit: number): Promise<readonly { instanceId: InstanceId; number: number }[]> {
    const sql = 'SELECT instance_id, number FROM directory_due_operations($1, $2)';
    const rows = await regionQuery<{ instance_id: string; number: number }>(this.dataSource, sql, [now, limit]);
    return rows.map(({ instance_id: id, number }) => ({ instanceId: toInstanceId(id), number }));
  }

  async instances(page: {
    after?: InstanceId;
    limit: number;
  }): Promise<readonly { instanceId: InstanceId; crn: string }[]> {
    const sql = 'SELECT instance_id, crn FROM directory_catalog_instances($1, $2)';
    const values = [page.after ?? null, page.limit];
    const rows = await regionQuery<{ instance_id: string; crn: string }>(this.dataSource, sql, values);
    return rows.map(({ instance_id: id, crn }) => ({ instanceId: toInstanceId(id), crn }));
  }

  async expired(page: {
    before: Date;
    usageBefore: Date;
    after?: InstanceId;
    limit: number;
  }): Promise<readonly InstanceId[]> {
    const sql = 'SELECT instance_id FROM directory_expired_instances($1, $2, $3, $4)';
    const values = [page.before, page.usageBefore, page.after ?? null, page.limit];
    const rows = await regionQuery<{ instance_id: string }>(this.dataSource, sql, values);
    return rows.map((row) => toInstanceId(row.instance_id));
  }

  async meterableInstances(before: Date, after: InstanceId | undefined, limit: number): Promise<readonly InstanceId[]> {
    const sql = 'SELECT instance_id FROM directory_meterable_instances($1, $2, $3)';
    const values = [before, after ?? null, limit];
    const rows = await regionQuery<{ instance_id: string }>(this.dataSource, sql, values);
    return rows.map((row) => toInstanceId(row.instance_id));
  }

  async pendingUsage(now: Date, limit: number): Promise<readonly PendingUsage[]> {
    const sql = 'SELECT * FROM directory_pending_usage($1, $2)';
    const rows = await regionQuery<UsageRow>(this.dataSource, sql, [now, limit]);
    return rows.map((row) => ({
      instanceId: toInstanceId(row.instance_id),
      startedAt: row.started_at,
      endedAt: row.ended_at,
      crn: row.crn,
      serviceId: row.service_id,
      planId: row.plan_id,
      liveKeys: row.live_keys,
      clientCertificates: row.client_certificates,
      attempts: row.attempts,
    }));
  }
}
