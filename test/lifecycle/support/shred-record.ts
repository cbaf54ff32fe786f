import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type TenantApi } from '../../e2e/support/tenant-api';

const run = promisify(execFile);
const SCRIPT = join(process.cwd(), 'scripts', 'verify-audit.mjs');

/** As an auditor checks it, offline. @throws what the script says against it */
export async function requireIntactRecord(api: TenantApi, planId: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'shred-record-'));
  try {
    const [record, keys] = [join(folder, 'record.json'), join(folder, 'keys.json')];
    await writeFile(record, (await api.call('GET', `/shred_plans/${planId}/record`)).text);
    await writeFile(keys, (await api.call('GET', '/audit_key_set')).text);
    const { stdout } = await run(process.execPath, [SCRIPT, '--record', record, '--keys', keys]);
    if (!stdout.includes(`the record of plan ${planId} of instance ${api.instanceId} is intact`)) {
      throw new Error(stdout);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
