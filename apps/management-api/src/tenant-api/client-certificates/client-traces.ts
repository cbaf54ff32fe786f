import { Inject, Injectable } from '@nestjs/common';

import { type ConnectionAttempts } from '@lib/diagnosis';
import { type Clock, type InstanceId } from '@lib/kernel';
import { PostgresConnectionAttempts } from '@lib/persistence';
import { CLOCK } from '@lib/platform';
import { type ClientCertificate, lossOfCertificate, requireConfirmation } from '@lib/tenancy';

/** What the connections of clients tell about certificates. */
@Injectable()
export class ClientTraces {
  constructor(
    @Inject(PostgresConnectionAttempts) private readonly attempts: ConnectionAttempts,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

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
