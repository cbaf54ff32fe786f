import { type ManagedObjectReference, reference } from '@lib/vi-json';
import { type RowChange } from '@lib/stand-in';

import { keyName, type KeyReference } from '../kmip/provider-keys';
import { type CenterStore, type DiskRow, type HostRow, type Rows, type SealedRow, type VmRow } from '../rows';

export interface KeyUsers {
  readonly virtualMachines: readonly ManagedObjectReference[];
  readonly hosts: readonly ManagedObjectReference[];
  readonly tags: readonly string[];
}

/** Machines, hosts and disks, and which keys they use. Every change goes through here. */
export class Inventory {
  #users: Map<string, { key: KeyReference; users: KeyUsers }> | undefined;

  constructor(
    private readonly store: CenterStore,
    private readonly dropFromHosts: (key: KeyReference) => Promise<void>,
  ) {}

  vms(): readonly VmRow[] {
    return [...this.store.list('vm')];
  }

  vm(id: string): VmRow | undefined {
    return this.store.get('vm', id);
  }

  hosts(): readonly HostRow[] {
    return [...this.store.list('host')];
  }

  host(id: string): HostRow | undefined {
    return this.store.get('host', id);
  }

  put(...changes: readonly RowChange<Rows>[]): Promise<void> {
    this.#users = undefined;
    return this.store.commit(...changes);
  }

  /** Who uses a key. */
  usersOf(key: KeyReference): KeyUsers {
    return this.#index().get(keyName(key))?.users ?? { virtualMachines: [], hosts: [], tags: [] };
  }

  /** Keys of registered machines and of hosts, each once: not what a key server holds. */
  keysInUse(): readonly KeyReference[] {
    const entries = [...this.#index().values()];
    // vSAN's keys and those of detached disks are not among them (types.go, ListKeys).
    return entries
      .filter(({ users }) => users.virtualMachines.length > 0 || users.hosts.length > 0)
      .map(({ key }) => key);
  }

  /** Hosts drop the key from their memory; what needs it is locked. */
  forget(key: KeyReference): Promise<void> {
    return this.dropFromHosts(key);
  }

  /** Each reference of the machine: its home, snapshots and every file of its disks. */
  static sealsOf(vm: VmRow): readonly SealedRow[] {
    const homes = [vm.home, ...vm.snapshots.map(({ home }) => home)].filter((seal) => seal !== undefined);
    return [...homes, ...Object.values(vm.sealed)];
  }

  /** What a machine needs to run: its home and the files of its own disks. */
  static neededBy(vm: VmRow): readonly SealedRow[] {
    const files = vm.disks.flatMap(({ chain }: DiskRow) => chain);
    const seals = [vm.home, ...files.map((file) => vm.sealed[file])].filter((seal) => seal !== undefined);
    return [...new Map(seals.map((seal) => [keyName(seal), seal])).values()];
  }

  #index(): ReadonlyMap<string, { key: KeyReference; users: KeyUsers }> {
    if (this.#users !== undefined) return this.#users;
    const index = new Map<string, { key: KeyReference; users: Record<keyof KeyUsers, never[]> }>();
    const add = (key: KeyReference, kind: keyof KeyUsers, user: ManagedObjectReference | string): void => {
      const entry = index.get(keyName(key)) ?? {
        key: { keyId: key.keyId, providerId: key.providerId },
        users: { virtualMachines: [], hosts: [], tags: [] },
      };
      const users: unknown[] = entry.users[kind];
      if (!users.some((one) => sameUser(one, user))) users.push(user);
      index.set(keyName(key), entry);
    };
    for (const vm of this.vms()) {
      for (const seal of Inventory.sealsOf(vm)) add(seal, 'virtualMachines', reference('VirtualMachine', vm.id));
    }
    for (const { id, hostKey } of this.hosts()) if (hostKey) add(hostKey, 'hosts', reference('HostSystem', id));
    for (const { vsanEncryption } of this.store.list('cluster')) {
      if (vsanEncryption === undefined) continue;
      const { providerId, kekId, hostKeyId } = vsanEncryption;
      for (const keyId of [kekId, hostKeyId]) add({ keyId, providerId }, 'tags', VSAN_TAG);
    }
    this.#users = index;
    return index;
  }
}

/** The values of vCenter are not established [inferred]. */
const VSAN_TAG = 'vSAN';

const sameUser = (one: unknown, other: ManagedObjectReference | string): boolean =>
  typeof other === 'string' ? one === other : (one as ManagedObjectReference).value === other.value;
