import { readExport } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type TrailFacts, trailFactsOf } from '@lib/kmip-engine';

import { type Arguments, UsageError } from './arguments';
import { readText } from './read-text';

/**
 * What the exported audit trail says that `--audit` names. Nothing of it is believed unless all of it is intact.
 * @throws UsageError
 */
export async function trailOf(given: Arguments, instanceId: InstanceId): Promise<TrailFacts | undefined> {
  const file = given.find('audit');
  if (file === undefined) {
    if (given.find('audit-head') !== undefined) throw new UsageError('--audit-head goes with --audit FILE');
    return undefined;
  }
  const read = readExport((await readText(file)).split('\n'), headOf(given.find('audit-head')));
  if (!read.intact) {
    throw new UsageError(
      `the audit trail ${file} was changed: event ${String(read.seq)}: ${read.fault}. Nothing was done; verify-audit says more`,
    );
  }
  if (read.events.some((event) => event.instanceId !== instanceId)) {
    throw new UsageError(`the audit trail ${file} is of another instance. Nothing was done`);
  }
  const facts = trailFactsOf(read.events);
  if (facts === undefined) throw new UsageError(`the audit trail ${file} holds no events`);
  return facts;
}

function headOf(text: string | undefined) {
  if (text === undefined) return undefined;
  const [, seq = '', hash = ''] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === '') throw new UsageError('the head is a sequence number, a colon and a SHA-256 in hexadecimal');
  return { seq: Number(seq), hash: Buffer.from(hash, 'hex') };
}
