import { auditKeyId, type HeadState } from '@lib/audit';
import { readAuditKeyFile, rotateAuditKey } from '@lib/config';
import { type InstanceId, toInstanceId } from '@lib/kernel';
import { headSigning, type Region } from '@lib/platform';
import { type ActionContext, TenancyError } from '@lib/tenancy';

import { type AdminConfig } from './admin.config';
import { type Arguments, UsageError } from './arguments';

/** Where the trail of an instance ends, and whether that agrees with what was signed before. */
export async function auditHeadStatus(region: Region, given: Arguments, config: AdminConfig): Promise<object> {
  const instanceId = toInstanceId(given.get('instance'));
  const state = await signingOf(region, config).signer.sign(instanceId);
  // Of an instance that is not there nothing is signed either.
  if (state.state === 'unsigned') await region.instances.get(instanceId);
  return describe(state);
}

/** The operator knows why a trail contradicts what was signed: it is signed again, and says what it supersedes. */
export async function releaseAuditHead(
  region: Region,
  given: Arguments,
  config: AdminConfig,
  context: ActionContext,
): Promise<object> {
  const instanceId = toInstanceId(given.get('instance'));
  const released = await releaseHead(region, config, instanceId, context);
  if (released === undefined) {
    await region.instances.get(instanceId);
    throw new UsageError('the audit trail agrees with what was signed: nothing to release');
  }
  return { released: instanceId, contradiction: released };
}

/** @returns the contradiction that was released, if there was one */
export async function releaseHead(
  region: Region,
  config: AdminConfig,
  instanceId: InstanceId,
  context: ActionContext,
): Promise<string | undefined> {
  const { signer } = signingOf(region, config);
  const state = await signer.sign(instanceId);
  if (state.state !== 'contradicted') return undefined;
  const { contradiction, head } = state;
  // First in the trail: what is signed next holds who released it, and what.
  const lost = head && { auditHeadSeq: String(head.seq), auditHeadHash: head.hash };
  try {
    await region.instances.recordRelease(instanceId, context, { auditHead: 'released', contradiction, ...lost });
  } catch (error) {
    // Made after the backup and lost with it: it has no trail to say so.
    if (!(error instanceof TenancyError) || error.code !== 'instance_not_found') throw error;
  }
  await signer.release(instanceId);
  return contradiction;
}

/** Whose heads were signed at any time, also those that the database does not know any more. */
export async function instancesWithHeads(region: Region, config: AdminConfig): Promise<readonly InstanceId[]> {
  return config.auditKeyFile === undefined ? [] : await signingOf(region, config).copies.instances();
}

/** `audit-key list` and `audit-key rotate`, which need no database. */
export async function auditKeyCommand(verb: string, config: AdminConfig): Promise<object> {
  const file = keyFileOf(config);
  if (verb !== 'list' && verb !== 'rotate') throw new UsageError('usage: npm run admin -- audit-key list|rotate');
  const keys = verb === 'list' ? await readAuditKeyFile(file) : await rotateAuditKey(file, new Date());
  return keys.map((key) => ({
    id: auditKeyId(key),
    from: key.from,
    until: key.until,
    signs: key.privateKey !== undefined,
  }));
}

function signingOf(region: Region, config: AdminConfig) {
  const auditKeyFile = keyFileOf(config);
  return headSigning({ ...config, auditKeyFile }, region, (message, error) => {
    process.stderr.write(`${message}: ${String(error)}\n`);
  });
}

function keyFileOf({ auditKeyFile }: AdminConfig): string {
  if (auditKeyFile === undefined)
    throw new UsageError('AUDIT_KEY_FILE is not set: no head of an audit trail is signed');
  return auditKeyFile;
}

function describe(state: HeadState): object {
  if (state.state === 'unsigned') return { state: state.state };
  const { head } = state;
  return {
    state: state.state,
    ...(state.state === 'contradicted' && { contradiction: state.contradiction }),
    ...(head && { seq: head.seq, hash: head.hash, signedAt: head.signedAt, supersedes: head.supersedes }),
  };
}
