import { type EngineScope, type KeyCatalog, type ManagedObjectStore } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';

/** The catalog of an instance, and what destroying a key needs. */
export interface KeyAccess {
  store(instanceId: InstanceId): ManagedObjectStore;
  catalog(instanceId: InstanceId): KeyCatalog;
  /** With the key manager of the instance, as far as one is bound. */
  scope(
    instanceId: InstanceId,
  ): Promise<
    Pick<EngineScope, 'instanceId' | 'store' | 'keyManager' | 'rootKeyId' | 'keyManagerOf' | 'destructionsWait'>
  >;
}
