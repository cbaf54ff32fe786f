import { type EngineScope, type KeyCatalog, type ManagedObjectStore } from '@lib/kmip-engine';
import { type Clock, type InstanceId } from '@lib/kernel';
import { type TenantKeyManager } from '@lib/platform';
import { type Instance, needsSecondPerson, type RootKeyHealthService, type WatchedRootKeys } from '@lib/tenancy';

import { type KeyAccess } from './key-access.port';

export interface RegionKeys {
  readonly objectStores: { forInstance(instanceId: InstanceId): ManagedObjectStore };
  readonly keyCatalogs: { forInstance(instanceId: InstanceId): KeyCatalog };
  readonly health: Pick<RootKeyHealthService, 'of'>;
  readonly restore: { destructionsWait(instanceId: InstanceId): boolean };
  readonly instances: { get(instanceId: InstanceId): Promise<Instance> };
  readonly clock: Clock;
  readonly keyManagers: { for(instanceId: InstanceId): Promise<TenantKeyManager | undefined> };
}

export class RegionKeyAccess implements KeyAccess {
  constructor(private readonly keys: RegionKeys) {}

  store(instanceId: InstanceId): ManagedObjectStore {
    return this.keys.objectStores.forInstance(instanceId);
  }

  catalog(instanceId: InstanceId): KeyCatalog {
    return this.keys.keyCatalogs.forInstance(instanceId);
  }

  rootKeys(instanceId: InstanceId): Promise<WatchedRootKeys> {
    return this.keys.health.of(instanceId);
  }

  async needsSecondPerson(instanceId: InstanceId): Promise<boolean> {
    return needsSecondPerson(await this.keys.instances.get(instanceId), this.keys.clock.now());
  }

  async scope(
    instanceId: InstanceId,
  ): Promise<
    Pick<EngineScope, 'instanceId' | 'store' | 'keyManager' | 'rootKeyId' | 'keyManagerOf' | 'destructionsWait'>
  > {
    const destructionsWait = this.keys.restore.destructionsWait(instanceId);
    const bound = await this.keys.keyManagers.for(instanceId);
    return { instanceId, store: this.store(instanceId), destructionsWait, ...bound };
  }
}
