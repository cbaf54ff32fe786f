import { Inject, Injectable } from '@nestjs/common';

import { type InstanceId } from '@lib/kernel';
import { type ShredAccess, type ShredPlans } from '@lib/kmip-engine';
import { PostgresShredPlans } from '@lib/persistence';

import { type KeyAccess } from '../keys/key-access.port';
import { KEY_ACCESS } from '../tokens';

/** What shredding works with, of an instance. */
@Injectable()
export class ShredAccesses {
  constructor(
    @Inject(KEY_ACCESS) private readonly keys: KeyAccess,
    @Inject(PostgresShredPlans) private readonly plans: PostgresShredPlans,
  ) {}

  plansOf(instanceId: InstanceId): ShredPlans {
    return this.plans.forInstance(instanceId);
  }

  async of(instanceId: InstanceId): Promise<ShredAccess> {
    const scope = await this.keys.scope(instanceId);
    return {
      instanceId,
      scope,
      store: scope.store,
      catalog: this.keys.catalog(instanceId),
      plans: this.plansOf(instanceId),
      secondPerson: await this.keys.needsSecondPerson(instanceId),
    };
  }
}
