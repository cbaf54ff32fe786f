import { type TenantApi } from '@lib/tenant-api-client';

import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { answerOf } from '../../tenant/asking';
import { fingerprintIn } from '../../tenant/fingerprint';
import { isId } from '../../tenant/instance';
import { type ClientCertificate } from '../../tenant/resources';

/**
 * SHA-256 of each that is named as {@link findCertificate} takes it; one by its fingerprint need not be registered.
 * @throws CommandFault when there is none
 */
export async function fingerprintsOf(api: TenantApi, instance: string, named: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const each of named) {
    found.push(fingerprintIn(each) ?? (await findCertificate(api, instance, each)).sha256_fingerprint);
  }
  return found;
}

/** By identifier, name or SHA-256 fingerprint. @throws CommandFault when there is none */
export async function findCertificate(api: TenantApi, instance: string, named: string): Promise<ClientCertificate> {
  const path = { instance_id: instance };
  if (isId(named)) {
    const params = { path: { ...path, id: named } };
    return await answerOf(api.GET('/v1/instances/{instance_id}/client_certificates/{id}', { params }));
  }
  const fingerprint = fingerprintIn(named);
  const query = fingerprint === undefined ? { name: named } : { sha256_fingerprint: fingerprint };
  const { client_certificates: found } = await answerOf(
    api.GET('/v1/instances/{instance_id}/client_certificates', { params: { path, query } }),
  );
  const [certificate] = found;
  if (certificate !== undefined) return certificate;
  throw new CommandFault(EXIT.notFound, `there is no client certificate ${named}`, 'kmip4v certificate list');
}
