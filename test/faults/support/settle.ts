import { setTimeout as pause } from 'node:timers/promises';

import { until } from '../../e2e/support/running-service';
import { type Region } from './region';

const WITHIN_MS = 60_000;
/** An operation is given up after 8 s, whether its client waits or not. */
const UNDER_WAY_MS = 9_000;

/** What is open of the instances counts as begun an hour ago, so that it is settled now. */
const AGE: readonly string[] = [
  `UPDATE creation_intents SET started_at = least(started_at, now()) - interval '1 hour',
     clear_since = least(clear_since, now()) - interval '1 hour' WHERE instance_id = ANY ($1) RETURNING id`,
  `UPDATE custody_moves SET started_at = least(started_at, now()) - interval '1 hour',
     clear_since = least(clear_since, now()) - interval '1 hour' WHERE instance_id = ANY ($1) RETURNING id`,
  `UPDATE managed_objects SET destroy_requested_at = least(destroy_requested_at, now()) - interval '1 hour'
    WHERE instance_id = ANY ($1) AND destroy_requested_at IS NOT NULL AND state <> 'Destroyed' RETURNING id`,
];

/**
 * Lets the gateways settle whatever was interrupted, as if an hour had gone by.
 * @param sinceMs when the last client asked for something (`performance.now()`)
 */
export async function settle(region: Region, instanceIds: readonly string[], sinceMs: number): Promise<void> {
  await pause(Math.max(0, sinceMs + UNDER_WAY_MS - performance.now()));
  // Of processes that died.
  await region.query(`UPDATE leases SET expires_at = '-infinity'`);
  let open: readonly object[] = [];
  await until('nothing is left to settle', WITHIN_MS, async () => {
    open = (await Promise.all(AGE.map((sql) => region.query(sql, [instanceIds])))).flat();
    return open.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(open)}`);
  });
}
