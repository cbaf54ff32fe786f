import { Inject, Injectable } from '@nestjs/common';

import { type ConnectionAttempts } from '@lib/diagnosis';
import { type Clock, type InstanceId } from '@lib/kernel';
import { type InventoriedClient } from '@lib/kmip-engine';
import { PostgresConnectionAttempts } from '@lib/persistence';
import { CLOCK } from '@lib/platform';
import { ClientCertificateService, SEEN_LATELY_DAYS } from '@lib/tenancy';

const SEEN_LATELY_MS = SEEN_LATELY_DAYS * 86_400_000;

/** The client certificates of which an inventory has to say something. */
@Injectable()
export class InventoriedClients {
  constructor(
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(PostgresConnectionAttempts) private readonly attempts: Pick<ConnectionAttempts, 'lastAccepted'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * All that are registered, whether seen or not: a vCenter that stands by is not seen for months, and what was seen is
   * diagnosis, of which something may be lost. And those that were removed and seen lately: their machines are there.
   */
  async of(instanceId: InstanceId): Promise<readonly InventoriedClient[]> {
    const [registered, seen] = await Promise.all([
      this.certificates.list(instanceId),
      this.attempts.lastAccepted(instanceId),
    ]);
    const names = new Map<string, string>(registered.map(({ fingerprint, name }) => [fingerprint, name]));
    const from = this.clock.now().getTime() - SEEN_LATELY_MS;
    const removed = [...seen].filter(([fingerprint, { at }]) => !names.has(fingerprint) && at.getTime() >= from);
    return [...names.keys(), ...removed.map(([fingerprint]) => fingerprint)].map((fingerprint) => {
      const [name, lastSeen] = [names.get(fingerprint), seen.get(fingerprint)];
      return { fingerprint, ...(name !== undefined && { name }), ...(lastSeen && { lastSeen }) };
    });
  }
}
