import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Violation } from './known-key';
import { type Region } from './region';
import { type SeedTenant } from './tenant';
import { type Workload } from './workload';

const run = promisify(execFile);
const COMMAND = join(process.cwd(), 'scripts', 'verify-audit.mjs');

interface Recorded {
  readonly action: string;
  readonly outcome: string;
  readonly target?: { readonly id: string };
  readonly chain: { readonly event: string };
}

/** Exports the trail, beside the logs. */
export async function keepAuditTrail({ folder }: Region, tenant: SeedTenant): Promise<{ file: string; log: string }> {
  const log = await tenant.text('/audit_log');
  const file = join(folder, 'logs', `audit-${tenant.demo.instanceId}.ndjson`);
  await writeFile(file, log);
  return { file, log };
}

/** The tenant's own check of its exported trail, and a record for each key that a client was given. */
export async function checkAuditTrail(region: Region, tenant: SeedTenant, { keys }: Workload): Promise<void> {
  const { file, log } = await keepAuditTrail(region, tenant);
  await run(process.execPath, [COMMAND, file, '--instance', tenant.demo.instanceId]).catch((error: unknown) => {
    throw new Violation(`the audit trail does not hold: ${error instanceof Error ? error.message : String(error)}`);
  });
  const recorded = new Map<string, number>();
  for (const line of log.split('\n').slice(0, -1)) {
    const { action, outcome, target, chain } = JSON.parse(line) as Recorded;
    if (action !== 'vmware-solutions.kmip-key.read' || outcome !== 'success' || target === undefined) continue;
    const { details } = JSON.parse(chain.event) as { readonly details?: { readonly count?: number } };
    recorded.set(target.id, (recorded.get(target.id) ?? 0) + (details?.count ?? 1));
  }
  for (const { id = '', name, timesServed } of keys) {
    const records = recorded.get(id) ?? 0;
    if (records < timesServed)
      throw new Violation(`${name} (${id}) was given ${timesServed} times, recorded ${records}`);
  }
}
