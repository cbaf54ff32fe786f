import { Inject, Injectable } from '@nestjs/common';

import { type InstanceId } from '@lib/kernel';
import { PostgresInvalidationBus, PostgresObjectStores } from '@lib/persistence';
import { RestoreWatch, TenantKeyManagers } from '@lib/platform';

import { type SweepScope } from './instance-sweep';

/** What background work may touch: one instance, with the root keys that it had before. */
@Injectable()
export class BackgroundScopes {
  constructor(
    @Inject(PostgresObjectStores) private readonly stores: PostgresObjectStores,
    @Inject(TenantKeyManagers) private readonly keyManagers: TenantKeyManagers,
    @Inject(RestoreWatch) private readonly restore: RestoreWatch,
    /** Tells of instances whose scope is another one from now on. */
    @Inject(PostgresInvalidationBus) readonly changes: PostgresInvalidationBus,
  ) {}

  /** Bound, since it is handed on as a function. */
  readonly of = async (instanceId: InstanceId, signal: AbortSignal): Promise<SweepScope> => ({
    instanceId,
    store: this.stores.forInstance(instanceId),
    destructionsWait: this.restore.destructionsWait(instanceId),
    signal,
    ...(await this.keyManagers.for(instanceId)),
    former: await this.keyManagers.former(instanceId),
  });
}
