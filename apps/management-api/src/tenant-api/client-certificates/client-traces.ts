import { Inject, Injectable } from '@nestjs/common';

import { type CertificateSighting, type ConnectionAttempts } from '@lib/diagnosis';
import { type Clock, type InstanceId } from '@lib/kernel';
import { PostgresConnectionAttempts } from '@lib/persistence';
import { CLOCK } from '@lib/platform';
import { type ClientCertificate, lossOfCertificate, requireConfirmation } from '@lib/tenancy';

import { KmipEndpoints } from '../instances/kmip-endpoints';
import { serverTrustResponse } from './server-trust.response';

/** Of one certificate. */
interface Traces {
  readonly sighting: CertificateSighting | undefined;
  readonly serverTrust: readonly object[];
}

/** What the connections of clients tell about certificates. */
@Injectable()
export class ClientTraces {
  constructor(
    @Inject(PostgresConnectionAttempts) private readonly attempts: ConnectionAttempts,
    @Inject(KmipEndpoints) private readonly endpoints: KmipEndpoints,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** By SHA-256 of a certificate: when it was seen last, and which of ours its clients accepted. */
  async of(instanceId: InstanceId): Promise<(fingerprint: string) => Traces> {
    const [seen, trust, endpoints] = await Promise.all([
      this.attempts.lastAccepted(instanceId),
      this.attempts.endpointTrust(instanceId),
      this.endpoints.current(),
    ]);
    return (fingerprint) => ({
      sighting: seen.get(fingerprint),
      serverTrust: serverTrustResponse(endpoints, trust.get(fingerprint) ?? []),
    });
  }

  /** PEM of the certificate that was presented; undefined when the instance has no such attempt. */
  async presented(instanceId: InstanceId, attemptId: string): Promise<string | undefined> {
    return (await this.attempts.find(instanceId, attemptId))?.certificate?.pem;
  }

  /** @throws TenancyError('confirmation_needed') for a certificate that was let in lately, unless its name is given */
  async requireRemovable(
    instanceId: InstanceId,
    { name, fingerprint }: ClientCertificate,
    confirm: string | undefined,
  ): Promise<void> {
    const lastSeen = (await this.attempts.lastAccepted(instanceId)).get(fingerprint);
    requireConfirmation(lossOfCertificate(name, lastSeen, this.clock.now()), confirm);
  }
}
