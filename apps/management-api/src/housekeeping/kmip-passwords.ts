import { Inject, Injectable } from '@nestjs/common';

import { Metrics } from '@lib/observability';
import { PostgresRegionDirectory } from '@lib/persistence';
import { CredentialSealer, type KmipCredential, KmipPasswords, type RegionDirectory } from '@lib/tenancy';

export interface OutdatedKmipPassword extends Pick<KmipCredential, 'instanceId' | 'id' | 'serviceKeyVersion'> {
  /** False: its service key is gone, and its clients are refused already. */
  readonly valid: boolean;
}

/**
 * KMIP passwords that are kept under another than the newest service key. They cannot be sealed anew without being known:
 * their owners replace them, before that service key is taken away.
 */
export async function outdatedKmipPasswords(
  directory: Pick<RegionDirectory, 'kmipCredentials'>,
  passwords: Pick<KmipPasswords, 'canMatch'>,
  newestServiceKeyVersion: number,
): Promise<readonly OutdatedKmipPassword[]> {
  return (await directory.kmipCredentials())
    .filter(({ serviceKeyVersion }) => serviceKeyVersion !== newestServiceKeyVersion)
    .map(({ instanceId, id, serviceKeyVersion }) => ({
      instanceId,
      id,
      serviceKeyVersion,
      valid: passwords.canMatch({ serviceKeyVersion }),
    }));
}

/** Their number, for who watches the process. */
@Injectable()
export class KmipPasswordCount {
  readonly #outdated;

  constructor(
    @Inject(PostgresRegionDirectory) private readonly directory: PostgresRegionDirectory,
    @Inject(KmipPasswords) private readonly passwords: KmipPasswords,
    @Inject(CredentialSealer) private readonly sealer: CredentialSealer,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const help = 'KMIP passwords not kept under the newest service key';
    this.#outdated = metrics.gauge('kmip_outdated_kmip_passwords', help);
  }

  async round(): Promise<void> {
    const outdated = await outdatedKmipPasswords(this.directory, this.passwords, this.sealer.newestVersion);
    this.#outdated.set(outdated.length);
  }
}
