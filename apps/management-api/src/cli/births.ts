import { Inject, Injectable } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { PostgresRegionDirectory } from '@lib/persistence';
import { CLOCK, type ProofSettings, readProofPolicy } from '@lib/platform';
import { birthsAt, type ClientCertificate, registrantsOf } from '@lib/tenancy';

import { ADMIN_CONFIG } from './admin.config';
import { describeCertificate } from './described';

/** Whether new keys go where the operator wants them. */
@Injectable()
export class Births {
  constructor(
    @Inject(ADMIN_CONFIG) private readonly config: ProofSettings,
    @Inject(PostgresRegionDirectory) private readonly directory: PostgresRegionDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns the certificate as it is printed, with that */
  async with(certificate: ClientCertificate): Promise<object> {
    const { instanceId, fingerprint } = certificate;
    const policy = await readProofPolicy(this.config, this.directory);
    const registrations = await registrantsOf(this.directory, fingerprint);
    const { place, reason } = birthsAt(instanceId, registrations, policy, this.clock.now());
    return { ...describeCertificate(certificate), instance: instanceId, births: { place, reason } };
  }
}
