import { Inject, Injectable } from '@nestjs/common';

import { PostgresRegionDirectory } from '@lib/persistence';
import { CredentialSealer, KmipPasswords } from '@lib/tenancy';

import { outdatedKmipPasswords } from '../../housekeeping/kmip-passwords';
import { type Command } from '../command';

/** Prints the KMIP credentials whose owners are to replace them before an older service key is taken away. */
@Injectable()
export class KmipCredentialOutdated implements Command {
  constructor(
    @Inject(PostgresRegionDirectory) private readonly directory: PostgresRegionDirectory,
    @Inject(KmipPasswords) private readonly passwords: KmipPasswords,
    @Inject(CredentialSealer) private readonly sealer: Pick<CredentialSealer, 'newestVersion'>,
  ) {}

  async run(): Promise<object> {
    return await outdatedKmipPasswords(this.directory, this.passwords, this.sealer.newestVersion);
  }
}
