import { Inject, Injectable } from '@nestjs/common';

import { type Clock, toInstanceId } from '@lib/kernel';
import { PostgresKeyCatalog } from '@lib/persistence';
import { CLOCK, RestoreWatch } from '@lib/platform';
import { ClientCertificateService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { describeCertificate } from '../described';
import { suspendedKeys } from '../suspended-keys';

/**
 * Prints what was noticed of a restore. Beside what the region knows, what an instance has as of the backup: whatever is
 * not withdrawn again stands here.
 */
@Injectable()
export class RestoreStatus implements Command {
  constructor(
    @Inject(RestoreWatch) private readonly restore: RestoreWatch,
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(PostgresKeyCatalog) private readonly catalogs: PostgresKeyCatalog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async run(given: Arguments): Promise<object> {
    const state = await this.restore.state();
    const named = given.find('instance');
    if (state === undefined || named === undefined) return { held: state !== undefined, ...state };
    const instanceId = toInstanceId(named);
    return {
      held: !state.released.includes(instanceId),
      restoredAt: state.restoredAt,
      sign: state.sign,
      withdrawals: state.withdrawals.filter((each) => each.instanceId === instanceId),
      certificates: (await this.certificates.list(instanceId)).map(describeCertificate),
      suspendedKeys: await suspendedKeys(this.catalogs, this.clock, instanceId),
    };
  }
}
