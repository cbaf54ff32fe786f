import { type CertificateSighting, type ConnectionAttempts } from '@lib/diagnosis';
import { type InstanceId } from '@lib/kernel';

import { type ClientSightings } from './certificate-issuer.port';

/** What the gateways reported. */
export class GatewaySightings implements ClientSightings {
  constructor(private readonly attempts: Pick<ConnectionAttempts, 'lastAccepted'>) {}

  lastSeen(instanceId: InstanceId): Promise<ReadonlyMap<string, CertificateSighting>> {
    return this.attempts.lastAccepted(instanceId);
  }
}
