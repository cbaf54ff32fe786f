import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type TenantApi } from '../../e2e/support/tenant-api';

const run = promisify(execFile);
const SCRIPT = join(process.cwd(), 'scripts', 'verify-audit.mjs');

export interface RecordedKey {
  readonly id: string;
  readonly stored_key_id: string;
  readonly stored_key: string;
  readonly others_of_the_name: number;
}

/** As an auditor checks it, offline. @returns what it says. @throws what the script says against it */
export async function requireIntactRecord(
  api: TenantApi,
  planId: string,
): Promise<{ readonly keys: readonly RecordedKey[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'shred-record-'));
  try {
    const [record, keys] = [join(folder, 'record.json'), join(folder, 'keys.json')];
    const { text, body } = await api.call<{ content: string }>('GET', `/shred_plans/${planId}/record`);
    await writeFile(record, text);
    await writeFile(keys, (await api.call('GET', '/audit_key_set')).text);
    const { stdout } = await run(process.execPath, [SCRIPT, '--record', record, '--keys', keys]);
    if (!stdout.includes(`the record of plan ${planId} of instance ${api.instanceId} is intact`)) {
      throw new Error(stdout);
    }
    return JSON.parse(body.content) as { keys: RecordedKey[] };
  } finally {
    await rm(folder, { recursive: true });
  }
}
