import { type ManagedObjectReference } from '@lib/vi-json';

import { type KeyReference } from './kmip/provider-keys';

export interface KeyUsers {
  readonly virtualMachines: readonly ManagedObjectReference[];
  readonly hosts: readonly ManagedObjectReference[];
  readonly tags: readonly string[];
}

/** Who uses a key. */
export interface KeyReferences {
  usersOf(key: KeyReference): KeyUsers;
  /** Keys of registered VMs and of hosts, each once: not what a key server holds. */
  keysInUse(): readonly KeyReference[];
  /** Hosts drop the key from their memory; what needs it is locked. */
  forget(key: KeyReference): Promise<void>;
}
