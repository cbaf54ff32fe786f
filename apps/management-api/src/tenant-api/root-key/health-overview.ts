import { Inject, Injectable } from '@nestjs/common';

import { type Clock, type InstanceId } from '@lib/kernel';
import { CLOCK } from '@lib/platform';
import { type ActionContext, type RootKeyBinding, RootKeyHealthService, type WatchedRootKeys } from '@lib/tenancy';

import { type KeyAccess } from '../keys/key-access.port';
import { KEY_ACCESS } from '../tokens';
import { healthResponse, type InstanceHealth } from './root-key-health.response';

/** How root keys do, and what is gone of what lies under them. */
interface Overview extends WatchedRootKeys {
  readonly health: InstanceHealth;
}

/** The one place that tells whether keys can be made and served, of an instance and of one of its root keys. */
@Injectable()
export class HealthOverview {
  constructor(
    @Inject(RootKeyHealthService) private readonly rootKeys: RootKeyHealthService,
    @Inject(KEY_ACCESS) private readonly keys: Pick<KeyAccess, 'store'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param of a root key of the instance; all of them without it */
  async of(instanceId: InstanceId, of?: Pick<RootKeyBinding, 'id'>): Promise<Overview> {
    const [watched, lost] = await Promise.all([
      this.rootKeys.of(instanceId),
      this.keys.store(instanceId).lost.byRootKey(),
    ]);
    const rootKeys = watched.rootKeys.filter(({ binding }) => of === undefined || binding.id === of.id);
    return { ...watched, rootKeys, health: healthResponse({ rootKeys }, lost, this.clock.now()) };
  }

  async noteWell(instanceId: InstanceId, bindingId: string, by: ActionContext): Promise<void> {
    await this.rootKeys.noteWell(instanceId, bindingId, by);
  }
}
