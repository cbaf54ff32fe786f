import { openDatabase } from '../../e2e/support/database';
import { type RunningService } from '../../e2e/support/running-service';

/** Days before today as the recorder writes them: the largest number of each. */
export async function recordUsage(service: RunningService, instance: string, days: number): Promise<void> {
  const database = await openDatabase(service);
  await database.query(
    `INSERT INTO usage_days (instance_id, day, live_keys, certificates)
      SELECT $1, (now() AT TIME ZONE 'UTC')::date - ago, 40 - ago * 2, 3 FROM generate_series(1, $2::integer) AS ago
      ON CONFLICT (instance_id, day) DO NOTHING`,
    [instance, days],
  );
  await database.end();
}
