import { type EndpointTrust } from '@lib/diagnosis';

import { type KmipEndpoint } from '../instances/kmip-endpoint';

/**
 * Whether the clients of a certificate trust what each endpoint presents now. vCenter pins the leaf: one that accepted
 * another one last has to trust the present one before it connects there again.
 */
export function serverTrustResponse(
  endpoints: readonly KmipEndpoint[],
  accepted: readonly EndpointTrust[],
): readonly object[] {
  return endpoints.map(({ name, certificate }) => {
    const server = accepted.find(({ endpoint }) => endpoint === name)?.server;
    return {
      endpoint: name,
      state: stateOf(certificate?.description.fingerprint, server?.fingerprint),
      accepted_sha256_fingerprint: server?.fingerprint,
      accepted_at: server?.at.toISOString(),
    };
  });
}

function stateOf(present: string | undefined, accepted: string | undefined): string {
  if (accepted === undefined) return 'not_seen';
  if (present === undefined) return 'unknown';
  return accepted === present ? 'trusts_present' : 'trusted_former';
}
