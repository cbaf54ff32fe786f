import { userInfo } from 'node:os';

import { readEnvironment } from '@lib/config';
import { type InstanceId, newCorrelationId, toInstanceId } from '@lib/kernel';
import { PostgresConnectionAttempts } from '@lib/persistence';
import { type Region } from '@lib/platform';
import { type ActionContext, type Instance, lossOfCertificate, requireConfirmation } from '@lib/tenancy';

import { type AdminConfig } from './admin.config';
import { type Arguments, isSet, type Options, UsageError } from './arguments';
import { auditHeadStatus, instancesWithHeads, releaseAuditHead, releaseHead } from './audit-head-commands';
import { addCertificate, describeCertificate, handOverCertificate, takeOverCertificate } from './certificate-commands';
import {
  issueKmipCredential,
  listKmipCredentials,
  listOutdatedKmipCredentials,
  removeKmipCredential,
} from './kmip-credential-commands';
import { applyNotes, rebuildCatalog } from './rebuild-catalog';
import { trailOf } from './exported-trail';
import { setRootKey } from './set-root-key';
import { supportBundle } from './support-bundle';
import { suspendedKeys } from './suspended-keys';

interface Command {
  readonly options: Options;
  readonly run: (region: Region, given: Arguments, config: AdminConfig) => Promise<unknown>;
}

export const USAGE = `usage: npm run admin -- COMMAND
  migrate
  migrate status
  migrate revert --confirm NAME_OF_THE_MIGRATION
  instance create --crn CRN --name NAME
  instance list
  instance enable|disable --instance ID
  instance remove --instance ID [--confirm NAME_OF_THE_INSTANCE]
  root-key set --instance ID --key-manager CRN --root-key ID --api-key-file FILE [--key-ring ID] [--confirm NAME_OF_THE_INSTANCE]
  root-key list --instance ID
  certificate add --instance ID --name NAME --file PEM_FILE [--take-over true]
  certificate list --instance ID
  certificate remove --instance ID --certificate ID [--confirm NAME_OF_THE_CERTIFICATE]
  certificate take-over --instance ID --certificate ID
  certificate hand-over --instance ID --certificate ID --to ID_OF_THE_OTHER_INSTANCE
  kmip-credential issue|list --instance ID
  kmip-credential remove --instance ID --credential ID [--confirm NAME_OF_THE_INSTANCE]
  kmip-credential outdated
  catalog rebuild --instance ID [--dry-run true] [--take STORED_KEY_ID[,STORED_KEY_ID...]] [--audit FILE [--audit-head SEQ:HASH]]
  restore status [--instance ID]
  restore release [--instance ID] [--without-notes true]
  audit-head status|release --instance ID
  audit-key list|rotate
  support bundle [--health HOST:PORT[,HOST:PORT...]]`;

const MAXIMUM_LISTED = 1_000;

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['instance create', { options: { required: ['crn', 'name'] }, run: createInstance }],
  ['instance list', { options: { required: [] }, run: listInstances }],
  ['instance enable', { options: { required: ['instance'] }, run: (region, given) => setEnabled(region, given, true) }],
  [
    'instance disable',
    { options: { required: ['instance'] }, run: (region, given) => setEnabled(region, given, false) },
  ],
  ['instance remove', { options: { required: ['instance'], optional: ['confirm'] }, run: removeInstance }],
  [
    'root-key set',
    {
      options: { required: ['instance', 'key-manager', 'root-key', 'api-key-file'], optional: ['key-ring', 'confirm'] },
      run: (region, given, config) => setRootKey(region, given, config, context()),
    },
  ],
  ['root-key list', { options: { required: ['instance'] }, run: listRootKeys }],
  [
    'certificate add',
    {
      options: { required: ['instance', 'name', 'file'], optional: ['take-over'] },
      run: (region, given, config) => addCertificate(region, given, config, context()),
    },
  ],
  ['certificate list', { options: { required: ['instance'] }, run: listCertificates }],
  [
    'certificate remove',
    { options: { required: ['instance', 'certificate'], optional: ['confirm'] }, run: removeCertificate },
  ],
  [
    'certificate take-over',
    {
      options: { required: ['instance', 'certificate'] },
      run: (region, given, config) => takeOverCertificate(region, given, config, context()),
    },
  ],
  [
    'certificate hand-over',
    {
      options: { required: ['instance', 'certificate', 'to'] },
      run: (region, given, config) => handOverCertificate(region, given, config, context()),
    },
  ],
  [
    'kmip-credential issue',
    { options: { required: ['instance'] }, run: (region, given) => issueKmipCredential(region, given, context()) },
  ],
  ['kmip-credential list', { options: { required: ['instance'] }, run: listKmipCredentials }],
  ['kmip-credential outdated', { options: { required: [] }, run: listOutdatedKmipCredentials }],
  [
    'kmip-credential remove',
    {
      options: { required: ['instance', 'credential'], optional: ['confirm'] },
      run: (region, given) => removeKmipCredential(region, given, context()),
    },
  ],
  [
    'catalog rebuild',
    {
      options: { required: ['instance'], optional: ['dry-run', 'verify', 'take', 'audit', 'audit-head'] },
      run: rebuild,
    },
  ],
  ['restore status', { options: { required: [], optional: ['instance'] }, run: restoreStatus }],
  ['restore release', { options: { required: [], optional: ['instance', 'without-notes'] }, run: restoreRelease }],
  ['audit-head status', { options: { required: ['instance'] }, run: auditHeadStatus }],
  [
    'audit-head release',
    {
      options: { required: ['instance'] },
      run: (region, given, config) => releaseAuditHead(region, given, config, context()),
    },
  ],
  ['support bundle', { options: { required: [], optional: ['health'] }, run: bundle }],
]);

/** The account of the operating system stands for the operator in the audit trail. */
const operator = (): string => `admin/${userInfo().username}`;

const context = (): ActionContext => ({
  initiator: { kind: 'system', component: operator() },
  correlationId: newCorrelationId(),
  observer: 'admin',
});

const instanceOf = (given: Arguments) => toInstanceId(given.get('instance'));

async function createInstance(region: Region, given: Arguments): Promise<unknown> {
  return describeInstance(await region.instances.create({ crn: given.get('crn'), name: given.get('name') }, context()));
}

async function listInstances(region: Region): Promise<unknown> {
  return (await region.instances.list({ limit: MAXIMUM_LISTED })).map(describeInstance);
}

async function setEnabled(region: Region, given: Arguments, enabled: boolean): Promise<unknown> {
  return describeInstance(await region.instances.setEnabled(instanceOf(given), enabled, 'operator', context()));
}

async function removeInstance(region: Region, given: Arguments): Promise<unknown> {
  await region.instances.remove(instanceOf(given), context(), given.find('confirm'));
  const undo =
    'The wrapped keys are in the key manager still: `instance create` with the same CRN, `root-key set` and `catalog rebuild` bring them back.';
  return { removed: given.get('instance'), undo };
}

async function listRootKeys(region: Region, given: Arguments): Promise<unknown> {
  return await region.rootKeys.list(instanceOf(given));
}

async function listCertificates(region: Region, given: Arguments): Promise<unknown> {
  return (await region.certificates.list(instanceOf(given))).map(describeCertificate);
}

async function removeCertificate(region: Region, given: Arguments): Promise<unknown> {
  const [instanceId, id] = [instanceOf(given), given.get('certificate')];
  const { name, fingerprint } = await region.certificates.get(instanceId, id);
  const lastSeen = (await new PostgresConnectionAttempts(region.dataSource).lastAccepted(instanceId)).get(fingerprint);
  requireConfirmation(lossOfCertificate(name, lastSeen, region.clock.now()), given.find('confirm'));
  await region.certificates.remove(instanceId, id, context());
  return { removed: given.get('certificate') };
}

async function rebuild(region: Region, given: Arguments, config: AdminConfig): Promise<unknown> {
  // Every key is verified now; scripts that ask for it are not wrong.
  isSet(given, 'verify');
  const take = (given.find('take') ?? '').split(',').filter((id) => id !== '');
  const trail = await trailOf(given, instanceOf(given));
  const options = { dryRun: isSet(given, 'dry-run'), take, component: operator(), ...(trail && { trail }) };
  const report = await rebuildCatalog(region, config, instanceOf(given), options);
  // What was done is printed all the same; a script must see that it is not the end.
  if (report.stoppedBy !== undefined) process.exitCode = 1;
  return report;
}

/** Beside what the region knows, what an instance has as of the backup: whatever is not withdrawn again stands here. */
async function restoreStatus(region: Region, given: Arguments): Promise<unknown> {
  const state = await region.restore.state();
  const named = given.find('instance');
  if (state === undefined || named === undefined) return { held: state !== undefined, ...state };
  const instanceId = toInstanceId(named);
  return {
    held: !state.released.includes(instanceId),
    restoredAt: state.restoredAt,
    sign: state.sign,
    withdrawals: state.withdrawals.filter((each) => each.instanceId === instanceId),
    certificates: (await region.certificates.list(instanceId)).map(describeCertificate),
    suspendedKeys: await suspendedKeys(region, instanceId),
  };
}

/** What was revoked after the backup is revoked again first; what cannot be known is not released by mistake. */
async function restoreRelease(region: Region, given: Arguments, config: AdminConfig): Promise<unknown> {
  const named = given.find('instance');
  const withoutNotes = isSet(given, 'without-notes');
  if ((await region.restore.state()) === undefined) throw new UsageError('nothing is held: no restore was noticed');
  const ids = named === undefined ? await everyInstance(region) : [toInstanceId(named)];
  const unread = await applyNotes(region, config, ids, { component: operator() });
  if (unread.size > 0 && !withoutNotes) {
    const which = [...unread].map(([id, why]) => `${id} (${why})`).join(', ');
    throw new UsageError(
      `what was revoked after the backup cannot be read from the key managers of ${which}. Nothing is released. Try again, name single instances, or give --without-notes true and compare their exported audit trails`,
    );
  }
  for (const id of ids) {
    await region.instances.recordRelease(id, context());
    // What was signed after the backup is not in the trail any more, and this is why.
    if (config.auditKeyFile !== undefined) await releaseHead(region, config, id, context());
  }
  if (named === undefined) {
    const known = new Set(ids);
    const lost = (await instancesWithHeads(region, config)).filter((id) => !known.has(id));
    for (const id of lost) await releaseHead(region, config, id, context());
  }
  await region.restore.release(named === undefined ? undefined : toInstanceId(named));
  return { released: named ?? 'region' };
}

async function bundle(
  region: Region,
  given: Arguments,
  { serviceKeyFile, auditKeyFile }: AdminConfig,
): Promise<unknown> {
  const healthPorts = (given.find('health') ?? '').split(',').filter((port) => port !== '');
  return await supportBundle({ region, environment: readEnvironment(), serviceKeyFile, auditKeyFile, healthPorts });
}

async function everyInstance(region: Region): Promise<readonly InstanceId[]> {
  const all: InstanceId[] = [];
  for (;;) {
    const after = all.at(-1);
    const page = await region.directory.instances({ limit: MAXIMUM_LISTED, ...(after && { after }) });
    all.push(...page);
    if (page.length < MAXIMUM_LISTED) return all;
  }
}

const describeInstance = ({
  id,
  crn,
  name,
  state,
  enabled,
  credentialPolicy,
  keyGeneration,
  purgeDestroyedKeys,
}: Instance) => ({
  id,
  crn,
  name,
  state,
  enabled,
  credentialPolicy,
  keyGeneration,
  purgeDestroyedKeys,
});
