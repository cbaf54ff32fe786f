import { type EngineScope, type KeyCatalog, type ManagedObjectStore } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type WatchedRootKeys } from '@lib/tenancy';

/** The catalog of an instance, and what destroying a key needs. */
export interface KeyAccess {
  store(instanceId: InstanceId): ManagedObjectStore;
  catalog(instanceId: InstanceId): KeyCatalog;
  /** The root keys that keys of the instance may lie under, with what is known of them. */
  rootKeys(instanceId: InstanceId): Promise<WatchedRootKeys>;
  /** Whether administrators destroy keys by confirmed plans alone. */
  needsSecondPerson(instanceId: InstanceId): Promise<boolean>;
  /** With the key manager of the instance, as far as one is bound. */
  scope(
    instanceId: InstanceId,
  ): Promise<
    Pick<EngineScope, 'instanceId' | 'store' | 'keyManager' | 'rootKeyId' | 'keyManagerOf' | 'destructionsWait'>
  >;
}
