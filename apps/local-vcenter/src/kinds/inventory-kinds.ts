import { type ManagedObjectReference, reference } from '@lib/vi-json';

import { type Center, type CenterKind } from '../center';
import { hostRuntime, hostSummary } from '../inventory/host-view';
import {
  machineConfig,
  machineRuntime,
  snapshotConfig,
  snapshotInfo,
  snapshotReference,
} from '../inventory/machine-view';
import { type PropertyDefinition } from '../managed-objects';
import { ROOT_FOLDER } from '../objects';
import { type ClusterRow, type Rows, type SnapshotRow, type VmRow } from '../rows';

type Property = PropertyDefinition<Center>;
type Table = keyof Rows;

/** A kind whose objects are the rows of a table. */
function rowKind<T extends Table>(
  type: string,
  table: T,
  parentOf: (row: Rows[T]) => ManagedObjectReference | undefined,
  properties: Readonly<Record<string, readonly [type: string, read: (row: Rows[T], center: Center) => unknown]>>,
): CenterKind {
  return {
    type,
    *ids({ store }) {
      for (const [id] of store.entries(table)) yield id;
    },
    has: ({ store }, id) => store.get(table, id) !== undefined,
    parentOf: ({ store }, id) => {
      const row = store.get(table, id);
      return row === undefined ? undefined : parentOf(row);
    },
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, [propertyType, read]]): [string, Property] => [
        name,
        {
          type: propertyType,
          read: (center, id) => {
            const row = center.store.get(table, id);
            return row === undefined ? undefined : read(row, center);
          },
        },
      ]),
    ),
  };
}

const folderKind = (type: 'Folder' | 'Datacenter'): CenterKind => {
  const kind = rowKind('', 'folder', ({ parent }) => folderReference(parent), {});
  const isOne = ({ store }: Center, id: string): boolean => store.get('folder', id)?.type === type;
  const isRoot = (id: string): boolean => type === 'Folder' && id === ROOT_FOLDER.value;
  return {
    ...kind,
    type,
    *ids(center) {
      if (type === 'Folder') yield ROOT_FOLDER.value;
      for (const id of kind.ids(center)) if (isOne(center, id)) yield id;
    },
    has: (center, id) => isRoot(id) || isOne(center, id),
    properties: {
      name: {
        type: 'string',
        read: ({ store }, id) => (isRoot(id) ? 'Datacenters' : store.get('folder', id)?.name),
      },
      parent: { type: 'ManagedObjectReference', read: (center, id) => kind.parentOf?.(center, id) },
    },
  };
};

/** Ids say what a folder is, as those of vCenter do: group-…, datacenter-…. */
const folderReference = (id: string): ManagedObjectReference =>
  reference(id.startsWith('datacenter-') ? 'Datacenter' : 'Folder', id);

const clusterConfiguration = ({ cryptoMode, policy, vsan }: ClusterRow): object => ({
  _typeName: 'ClusterConfigInfoEx',
  vmSwapPlacement: 'vmDirectory',
  dasConfig: { enabled: true },
  drsConfig: { enabled: true },
  vsanConfigInfo: { enabled: vsan },
  cryptoConfig: {
    cryptoMode,
    ...(policy && {
      policy: {
        ...(policy.keyId !== undefined && { keyId: { keyId: policy.keyId } }),
        ...(policy.providerId !== undefined && { providerId: { id: policy.providerId } }),
      },
    }),
  },
});

const snapshotOf = ({ store }: Center, id: string): { vm: VmRow; snapshot: SnapshotRow } | undefined => {
  for (const vm of store.list('vm')) {
    const snapshot = vm.snapshots.find((one) => one.id === id);
    if (snapshot !== undefined) return { vm, snapshot };
  }
  return undefined;
};

export const INVENTORY_KINDS: readonly CenterKind[] = [
  folderKind('Folder'),
  folderKind('Datacenter'),
  rowKind('ClusterComputeResource', 'cluster', ({ folder }) => folderReference(folder), {
    name: ['string', ({ name }) => name],
    parent: ['ManagedObjectReference', ({ folder }) => folderReference(folder)],
    configurationEx: ['ComputeResourceConfigInfo', (row) => clusterConfiguration(row)],
    host: ['ManagedObjectReference[]', ({ id }, { inventory }) => hostsOf(inventory.hosts(), id)],
  }),
  rowKind('HostSystem', 'host', ({ cluster }) => reference('ClusterComputeResource', cluster), {
    name: ['string', ({ name }) => name],
    parent: ['ManagedObjectReference', ({ cluster }) => reference('ClusterComputeResource', cluster)],
    runtime: ['HostRuntimeInfo', (row) => hostRuntime(row)],
    summary: ['HostListSummary', (row) => hostSummary(row)],
    configManager: [
      'HostConfigManager',
      ({ id }) => ({ cryptoManager: reference('CryptoManagerHostKMS', `crypto-${id}`) }),
    ],
    vm: ['ManagedObjectReference[]', ({ id }, { inventory }) => machinesOn(inventory.vms(), id)],
  }),
  rowKind('Datastore', 'datastore', ({ folder }) => folderReference(folder), {
    name: ['string', ({ name }) => name],
    parent: ['ManagedObjectReference', ({ folder }) => folderReference(folder)],
    summary: [
      'DatastoreSummary',
      ({ id, name, type }) => ({
        datastore: reference('Datastore', id),
        name,
        url: `ds:///vmfs/volumes/${id}/`,
        capacity: 10_995_116_277_760,
        freeSpace: 5_497_558_138_880,
        accessible: true,
        type,
      }),
    ],
  }),
  rowKind('VirtualMachine', 'vm', ({ folder }) => folderReference(folder), {
    name: ['string', ({ name }) => name],
    parent: ['ManagedObjectReference', ({ folder }) => folderReference(folder)],
    config: ['VirtualMachineConfigInfo', (row, center) => machineConfig(center, row)],
    runtime: ['VirtualMachineRuntimeInfo', (row, center) => machineRuntime(center, row)],
    snapshot: ['VirtualMachineSnapshotInfo', (row) => snapshotInfo(row)],
    rootSnapshot: ['ManagedObjectReference[]', ({ snapshots }) => rootsOf(snapshots)],
    datastore: ['ManagedObjectReference[]', ({ datastore }) => [reference('Datastore', datastore)]],
    layoutEx: ['VirtualMachineFileLayoutEx', ({ changeVersion }) => ({ timestamp: changeVersion })],
  }),
  {
    type: 'VirtualMachineSnapshot',
    ids: ({ store }) => [...store.list('vm')].flatMap(({ snapshots }) => snapshots.map(({ id }) => id)),
    has: (center, id) => snapshotOf(center, id) !== undefined,
    properties: {
      config: {
        type: 'VirtualMachineConfigInfo',
        read: (center, id) => {
          const found = snapshotOf(center, id);
          return found && snapshotConfig(found.vm, found.snapshot);
        },
      },
      vm: {
        type: 'ManagedObjectReference',
        read: (center, id) => reference('VirtualMachine', snapshotOf(center, id)?.vm.id ?? ''),
      },
    },
  },
  {
    type: 'CryptoManagerHostKMS',
    ids: ({ store }) => [...store.list('host')].map(({ id }) => `crypto-${id}`),
    has: ({ inventory }, id) => inventory.host(id.replace(/^crypto-/, '')) !== undefined,
    properties: { enabled: { type: 'boolean', read: ({ inventory }, id) => isSafe(inventory, id) } },
  },
];

const isSafe = (inventory: Center['inventory'], id: string): boolean =>
  inventory.host(id.replace(/^crypto-/, ''))?.cryptoState === 'safe';

const hostsOf = (hosts: readonly Rows['host'][], cluster: string): ManagedObjectReference[] =>
  hosts.filter((host) => host.cluster === cluster).map(({ id }) => reference('HostSystem', id));

const machinesOn = (machines: readonly VmRow[], host: string): ManagedObjectReference[] =>
  machines.filter((vm) => vm.host === host).map(({ id }) => reference('VirtualMachine', id));

const rootsOf = (snapshots: readonly SnapshotRow[]): ManagedObjectReference[] =>
  snapshots.filter(({ parent }) => parent === undefined).map(({ id }) => snapshotReference(id));
