import { toInstanceId } from '@lib/kernel';
import { type Region } from '@lib/platform';
import { type ActionContext } from '@lib/tenancy';

import { outdatedKmipPasswords } from '../housekeeping/kmip-passwords';
import { type Arguments } from './arguments';

type UsedRegion = Pick<Region, 'directory' | 'kmipCredentials' | 'kmipPasswords' | 'serviceKeyVersion'>;

/** Prints the password, for the only time. */
export async function issueKmipCredential(
  region: UsedRegion,
  given: Arguments,
  context: ActionContext,
): Promise<object> {
  const { password, ...issued } = await region.kmipCredentials.issue(toInstanceId(given.get('instance')), context);
  try {
    return { ...issued, password: password.exposeText() };
  } finally {
    password.wipe();
  }
}

export async function listKmipCredentials(region: UsedRegion, given: Arguments): Promise<object> {
  return region.kmipCredentials.list(toInstanceId(given.get('instance')));
}

/** Whose owners are to replace them before an older service key is taken away. */
export async function listOutdatedKmipCredentials(region: UsedRegion): Promise<object> {
  return outdatedKmipPasswords(region.directory, region.kmipPasswords, region.serviceKeyVersion);
}

export async function removeKmipCredential(
  region: UsedRegion,
  given: Arguments,
  context: ActionContext,
): Promise<object> {
  const [instanceId, id] = [toInstanceId(given.get('instance')), given.get('credential')];
  await region.kmipCredentials.remove(instanceId, id, context, given.find('confirm'));
  return { removed: given.get('credential') };
}
