import { type Instance } from './instance';
import { type TenantScope } from './ports';
import { TenancyError } from './tenancy.error';

/** A guard against a client that runs wild, as the one on keys. */
export const DEFAULT_MAXIMUM_INSTANCES_PER_ACCOUNT = 1_000;

/**
 * Every way to make an instance ends here. The database counts, and nothing beside it, so that what a restore brought back
 * counts and what it lost does not.
 * @throws TenancyError `instance_quota_exceeded`, `instance_exists`
 */
export async function insertInstanceWithinQuota(
  scope: Pick<TenantScope, 'instance'>,
  instance: Instance,
  maximum = DEFAULT_MAXIMUM_INSTANCES_PER_ACCOUNT,
): Promise<void> {
  const others = await scope.instance.countInAccount(instance.accountId);
  if (others >= maximum && (await scope.instance.get()) === undefined) {
    throw new TenancyError(
      'instance_quota_exceeded',
      `the account has as many KMIP instances as it may have (MAXIMUM_INSTANCES_PER_ACCOUNT, ${String(maximum)}): remove one, or ask the operator for more`,
    );
  }
  await scope.instance.insert(instance);
}
