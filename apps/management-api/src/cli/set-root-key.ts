import { isUuid, newCorrelationId, type Secret, toInstanceId } from '@lib/kernel';
import { endpointGuard, endpointTemplates, type Region } from '@lib/platform';
import {
  type ActionContext,
  type EndpointVisibility,
  parseInstanceCrn,
  readApiKey,
  type RootKeyBinding,
} from '@lib/tenancy';

import { unfitApiKey } from '../tenant-api/root-key/api-key-fitness';
import { type RootKeyCheck, RootKeyWorkbench } from '../tenant-api/root-key/root-key-workbench';
import { unreachedRootKeys } from '../tenant-api/root-key/unreached-root-keys';
import { type AdminConfig } from './admin.config';
import { type Arguments, UsageError } from './arguments';
import { readText } from './read-text';

const VISIBILITY: EndpointVisibility = 'public';

/**
 * Sets API key and root key. Everything is read, then tried at the key manager, and only what works is written, both in
 * one transaction: a mistake in either leaves in force what was there.
 *
 * The API key comes from a file: on the command line it would be seen in the list of processes.
 */
export async function setRootKey(
  region: Region,
  given: Arguments,
  config: AdminConfig,
  context: ActionContext,
): Promise<RootKeyBinding> {
  const instanceId = toInstanceId(given.get('instance'));
  const keyManagerCrn = parseInstanceCrn(given.get('key-manager')).text;
  const rootKeyId = given.get('root-key');
  if (!isUuid(rootKeyId)) throw new UsageError('--root-key is the id of a root key, a UUID');
  const { accountId } = await region.instances.get(instanceId);
  const apiKey = readApiKey(await readText(given.get('api-key-file')));
  try {
    const workbench = workbenchWith(apiKey, region, config);
    const { iamId, ...record } = await workbench.describeApiKey(apiKey);
    const unfit = unfitApiKey(record, accountId, region.clock.now());
    if (unfit !== undefined) throw refused(unfit);
    const wish = { keyManagerCrn, rootKeyId, visibility: VISIBILITY };
    const check = await workbench.check(instanceId, wish, newCorrelationId());
    if (!check.passed) throw refused(faultsOf(check));
    const keyRingId = given.find('key-ring') ?? check.keyRingId;
    const { discoveredEndpoint } = check;
    const binding = {
      ...wish,
      ...(keyRingId !== undefined && { keyRingId }),
      ...(discoveredEndpoint !== undefined && { discoveredEndpoint }),
    };
    const credential = { apiKey, serviceIdIamId: iamId };
    // The wanted one was tried already.
    const others = (await region.rootKeys.list(instanceId)).filter(
      (each) => each.rootKeyId !== rootKeyId || each.keyManagerCrn !== keyManagerCrn,
    );
    const trial = { instanceId, correlationId: newCorrelationId(), apiKey };
    const risk = { unreached: await unreachedRootKeys(workbench, others, trial), confirm: given.find('confirm') };
    const bound = await region.rootKeys.setBoth(instanceId, { credential, binding }, context, risk);
    await region.rootKeys.noteProbe(instanceId, bound.id, undefined);
    return bound;
  } finally {
    apiKey.wipe();
  }
}

/** Acts with the API key that is to be set, not with the one that is stored. Each use gets a copy, which it wipes. */
function workbenchWith(apiKey: Secret, region: Region, config: AdminConfig): RootKeyWorkbench {
  const { iamUrl, resourceControllerUrl } = config;
  return new RootKeyWorkbench({
    bindings: { openApiKey: () => Promise.resolve(apiKey.clone()) },
    endpoints: region.endpoints,
    account: { iamUrl, resourceControllerUrl },
    connection: { iamUrl, endpoints: endpointGuard(endpointTemplates(config)) },
    clock: region.clock,
  });
}

const faultsOf = ({ steps }: RootKeyCheck): string =>
  steps
    .filter(({ result }) => result === 'failed')
    .map(({ code, message, remedy = '' }) => `${code}: ${message} ${remedy}`.trim())
    .join('; ');

const refused = (why: string): UsageError => new UsageError(`nothing was changed: ${why}`);
