import { type InstanceId } from '@lib/kernel';
import {
  type Acknowledgement,
  type ActivationLog,
  type EndpointActivation,
  type GatewayProcess,
  MAXIMUM_DIRECTORY_AGE_MS,
} from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';
import { TenantTransactions } from '../database/transactions';

/**
 * Processes acknowledge everything every few seconds. One that is silent serves nobody any more when its list is older
 * than allowed, which it counts from before what it told last; a second for clocks that differ in their pace.
 */
const FENCED = `interval '${String(MAXIMUM_DIRECTORY_AGE_MS + 1_000)} milliseconds'`;
/** Left behind by processes that were killed. */
const FORGOTTEN = `interval '1 hour'`;

const EVERYTHING = `
  WITH forgotten AS (DELETE FROM gateway_processes WHERE seen_at < now() - ${FORGOTTEN} AND process_id <> $1),
    covered AS (DELETE FROM gateway_acknowledgements WHERE process_id = $1)
  INSERT INTO gateway_processes (process_id, endpoint, position, seen_at) VALUES ($1, $2, $3, now())
    ON CONFLICT (process_id) DO UPDATE SET position = EXCLUDED.position, seen_at = EXCLUDED.seen_at`;

const INSTANCES = `
  INSERT INTO gateway_acknowledgements (process_id, changed_instance, position)
    SELECT $1, t.instance, t.position FROM unnest($2::uuid[], $3::text[]) AS t (instance, position)
    WHERE EXISTS (SELECT FROM gateway_processes p WHERE p.process_id = $1)
    ON CONFLICT (process_id, changed_instance) DO UPDATE SET position = EXCLUDED.position`;

const sees = (position: string): string => `pg_visible_in_snapshot(v.changed_in::text::xid8, ${position}::pg_snapshot)`;

const ACTIVATION = `
  SELECT p.endpoint, bool_and(v.changed_in IS NULL OR ${sees('p.position')} OR COALESCE(${sees('a.position')}, false))
      AS active
    FROM gateway_processes p
    LEFT JOIN gateway_acknowledgements a ON a.process_id = p.process_id AND a.changed_instance = $1
    LEFT JOIN invalidation_versions v ON v.instance_id = $1
    WHERE p.seen_at > now() - ${FENCED}
    GROUP BY p.endpoint ORDER BY p.endpoint`;

/** Positions are snapshots of the database: a change is in force where a snapshot that sees its transaction was read. */
export class PostgresActivationLog implements ActivationLog {
  private readonly transactions: TenantTransactions;

  constructor(private readonly dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
  }

  async position(): Promise<string> {
    const sql = 'SELECT pg_current_snapshot()::text AS position';
    const [row] = await regionQuery<{ position: string }>(this.dataSource, sql, []);
    if (row === undefined) throw new Error('the database has no snapshot');
    return row.position;
  }

  async acknowledge({ id, endpoint }: GatewayProcess, { everything, instances }: Acknowledgement): Promise<void> {
    if (everything !== undefined) await regionQuery(this.dataSource, EVERYTHING, [id, endpoint, everything]);
    if (instances.size === 0) return;
    await regionQuery(this.dataSource, INSTANCES, [id, [...instances.keys()], [...instances.values()]]);
  }

  async withdraw({ id }: GatewayProcess): Promise<void> {
    await regionQuery(this.dataSource, 'DELETE FROM gateway_processes WHERE process_id = $1', [id]);
  }

  of(instanceId: InstanceId): Promise<readonly EndpointActivation[]> {
    return this.transactions.run(instanceId, async ({ client }) => {
      return (await client.query<{ endpoint: string; active: boolean }>(ACTIVATION, [instanceId])).rows;
    });
  }
}
