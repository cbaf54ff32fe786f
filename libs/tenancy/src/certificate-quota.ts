import { type ClientCertificate } from './client-certificate';
import { type TenantScope } from './ports';
import { TenancyError } from './tenancy.error';

const DEFAULT_MAXIMUM = 250;

/**
 * Every way to register a certificate ends here, with the instance locked.
 * @throws TenancyError `certificate_quota_exceeded`, `duplicate_certificate`, `certificate_issued_elsewhere`,
 *   `certificate_name_taken`
 */
export async function insertWithinQuota(
  scope: Pick<TenantScope, 'certificates'>,
  certificate: ClientCertificate,
  maximum = DEFAULT_MAXIMUM,
): Promise<void> {
  if ((await scope.certificates.count()) >= maximum) {
    throw new TenancyError('certificate_quota_exceeded', 'the instance has as many certificates as it may have');
  }
  await scope.certificates.insert(certificate);
}
