import { Inject, Injectable } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { PostgresConnectionAttempts } from '@lib/persistence';
import { CLOCK } from '@lib/platform';
import { ClientCertificateService, lossOfCertificate, requireConfirmation } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';

/** Prints what was removed. A certificate that was seen lately goes only when its name is given. */
@Injectable()
export class CertificateRemove implements Command {
  constructor(
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(PostgresConnectionAttempts) private readonly attempts: PostgresConnectionAttempts,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async run(given: Arguments): Promise<object> {
    const [instanceId, id] = [instanceOf(given), given.get('certificate')];
    const { name, fingerprint } = await this.certificates.get(instanceId, id);
    const lastSeen = (await this.attempts.lastAccepted(instanceId)).get(fingerprint);
    requireConfirmation(lossOfCertificate(name, lastSeen, this.clock.now()), given.find('confirm'));
    await this.certificates.remove(instanceId, id, operatorContext());
    return { removed: id };
  }
}
