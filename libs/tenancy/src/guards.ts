import { type ClientCertificate } from './client-certificate';
import { type Instance } from './instance';
import { type TenantScope } from './ports';
import { TenancyError } from './tenancy.error';

/** Every change of an instance's settings begins here: changes of one instance happen one after the other. */
export async function lockedInstance(scope: TenantScope): Promise<Instance> {
  return (await scope.instance.lock()) ?? missingInstance();
}

export function missingInstance(): never {
  throw new TenancyError('instance_not_found', 'there is no such instance');
}

/** @throws TenancyError('certificate_not_found') */
export async function existingCertificate(scope: TenantScope, id: string): Promise<ClientCertificate> {
  const found = await scope.certificates.get(id);
  if (found === undefined) throw new TenancyError('certificate_not_found', 'the instance has no such certificate');
  return found;
}

/** For conditional updates. @param expected revision the caller saw; undefined when it does not care */
export function checkRevision(current: { readonly revision: number }, expected: number | undefined): void {
  if (expected !== undefined && expected !== current.revision) {
    throw new TenancyError('revision_mismatch', 'somebody else changed it meanwhile; read it again');
  }
}
