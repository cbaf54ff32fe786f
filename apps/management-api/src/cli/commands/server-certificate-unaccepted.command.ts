import { Inject, Injectable } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { PostgresConnectionAttempts } from '@lib/persistence';
import { certificateBlocks, describeCertificate } from '@lib/pki';
import { CLOCK } from '@lib/platform';

import { type Arguments, UsageError } from '../arguments';
import { type Command } from '../command';
import { readText } from '../read-text';

/**
 * Prints who has to trust a renewed certificate still, before the next endpoint is renewed: clients that came to this one,
 * and accepted another one there last. Empty when all have followed.
 */
@Injectable()
export class ServerCertificateUnaccepted implements Command {
  constructor(
    @Inject(PostgresConnectionAttempts) private readonly attempts: Pick<PostgresConnectionAttempts, 'regionTrust'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async run(given: Arguments): Promise<readonly object[]> {
    const file = given.get('file');
    const [leaf] = certificateBlocks(await readText(file));
    if (leaf === undefined) throw new UsageError(`${file}: there is no certificate in it`);
    const { fingerprint } = describeCertificate(leaf, this.clock.now());
    const clients = await this.attempts.regionTrust(given.get('endpoint'));
    return clients
      .filter(({ server }) => server?.fingerprint !== fingerprint)
      .map(({ instanceId, instanceName, certificateName, server, lastAt }) => ({
        instance: instanceId,
        instanceName,
        certificate: certificateName,
        accepted: server?.fingerprint,
        acceptedAt: server?.at,
        lastSeen: lastAt,
      }));
  }
}
