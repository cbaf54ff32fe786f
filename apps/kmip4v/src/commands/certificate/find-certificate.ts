import { type TenantApi } from '@lib/tenant-api-client';

import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { answerOf } from '../../tenant/asking';
import { isId } from '../../tenant/instance';
import { type ClientCertificate } from '../../tenant/resources';

const FINGERPRINT = /^[0-9a-f]{64}$/;

/** By identifier, name or SHA-256 fingerprint. @throws CommandFault when there is none */
export async function findCertificate(api: TenantApi, instance: string, named: string): Promise<ClientCertificate> {
  const path = { instance_id: instance };
  if (isId(named)) {
    const params = { path: { ...path, id: named } };
    return await answerOf(api.GET('/v1/instances/{instance_id}/client_certificates/{id}', { params }));
  }
  const fingerprint = named.replaceAll(':', '').toLowerCase();
  const query = FINGERPRINT.test(fingerprint) ? { sha256_fingerprint: fingerprint } : { name: named };
  const { client_certificates: found } = await answerOf(
    api.GET('/v1/instances/{instance_id}/client_certificates', { params: { path, query } }),
  );
  const [certificate] = found;
  if (certificate !== undefined) return certificate;
  throw new CommandFault(EXIT.notFound, `there is no client certificate ${named}`, 'kmip4v certificate list');
}
