import { type KmipClusterInfo, type ManagedObjectReference } from '@lib/vi-json';

import { type Center } from '../../center';
import { type ProviderRow } from '../../rows';
import { invalidArgument, notFound, VimFault } from '../../vim/fault';
import { method, type MethodDefinition } from '../method';
import { clusterInfo } from './cluster-info';

const S = { privilege: 'Cryptographer.ManageKeyServers' } as const;
const INVALID = { faults: ['InvalidArgument'] } as const;

/** Bits of ListKmsClusters (types.go, ListKmsClustersRequestType). */
const MANAGEMENT_BITS = { vCenter: 1, trustAuthority: 2 } as const;
const ACTIVE = 1;
const INACTIVE = 2;
const ALL = -1;

/** Providers as such: kinds, defaults, status. */
export const CLUSTER_METHODS: readonly MethodDefinition[] = [
  method(
    'CryptoManagerKmip',
    'ListKmsClusters',
    {
      ...S,
      since: '7.0',
      parameters: 'includeKmsServers?: boolean @7.0, managementTypeFilter?: int @7.0, statusFilter?: int @7.0',
      returns: 'KmipClusterInfo[]?',
    },
    ({ center, parameters: { includeKmsServers = false, managementTypeFilter = ALL, statusFilter = ALL } }) => {
      const shown = center.providers.list().filter((provider) => {
        const state = center.health.isActive(provider) ? ACTIVE : INACTIVE;
        return (managementTypeFilter & MANAGEMENT_BITS[provider.managementType]) !== 0 && (statusFilter & state) !== 0;
      });
      return shown.map((provider) => clusterInfo(provider, includeKmsServers));
    },
  ),
  method(
    'CryptoManagerKmip',
    'RegisterKmsCluster',
    { ...S, ...INVALID, since: '7.0', parameters: 'clusterId: KeyProviderId @7.0, managementType?: string @7.0' },
    async ({ center, parameters: { clusterId, managementType = 'trustAuthority' } }) => {
      if (clusterId.id === '') throw invalidArgument('clusterId');
      // Comment of govmomi: a real vCenter takes trustAuthority alone.
      if (managementType !== 'trustAuthority') throw invalidArgument('managementType');
      if (center.providers.find(clusterId.id) !== undefined) {
        throw new VimFault('InvalidArgument', 'Already registered', { invalidProperty: 'clusterId' });
      }
      await center.providers.put(center.providers.create(clusterId.id, { managementType }));
    },
  ),
  method(
    'CryptoManagerKmip',
    'UnregisterKmsCluster',
    { ...S, ...INVALID, since: '7.0', parameters: 'clusterId: KeyProviderId @7.0' },
    async ({ center, parameters: { clusterId } }) =>
      center.providers.remove(center.providers.get(clusterId.id, 'clusterId').id),
  ),
  method(
    'CryptoManagerKmip',
    'MarkDefault',
    { ...S, ...INVALID, parameters: 'clusterId: KeyProviderId' },
    async ({ center, parameters: { clusterId } }) =>
      center.providers.setDefault(center.providers.get(clusterId.id, 'clusterId').id),
  ),
  method(
    'CryptoManagerKmip',
    'SetDefaultKmsCluster',
    {
      ...S,
      faults: ['InvalidArgument', 'ManagedObjectNotFound'],
      since: '7.0',
      parameters: 'entity?: ManagedObjectReference @7.0, clusterId?: KeyProviderId @7.0',
    },
    async ({ center, parameters: { entity, clusterId } }) => {
      const id = clusterId === undefined ? undefined : center.providers.get(clusterId.id, 'clusterId').id;
      if (entity === undefined) return center.providers.setDefault(id);
      checkEntity(center, entity);
      return center.providers.setEntityDefault(entity, id);
    },
  ),
  method(
    'CryptoManagerKmip',
    'GetDefaultKmsCluster',
    {
      ...S,
      faults: ['InvalidArgument', 'ManagedObjectNotFound'],
      since: '7.0',
      parameters: 'entity?: ManagedObjectReference @7.0, defaultsToParent?: boolean @7.0',
      returns: 'KeyProviderId?',
    },
    ({ center, parameters: { entity, defaultsToParent = false } }) => {
      const provider = defaultFor(center, entity, defaultsToParent);
      return provider && { _typeName: 'KeyProviderId', id: provider.id };
    },
  ),
  method(
    'CryptoManagerKmip',
    'IsKmsClusterActive',
    { ...S, ...INVALID, since: '7.0', parameters: 'cluster?: KeyProviderId @7.0', returns: 'boolean' },
    async ({ center, parameters: { cluster } }) => {
      const provider = center.providers.find(cluster?.id ?? center.providers.default?.id);
      if (provider === undefined) throw invalidArgument('cluster');
      await center.health.status(provider);
      return center.health.isActive(provider);
    },
  ),
  method(
    'CryptoManagerKmip',
    'RetrieveKmipServersStatus_Task',
    { ...S, parameters: 'clusters?: KmipClusterInfo[]', returns: 'ManagedObjectReference' },
    ({ center, user, parameters: { clusters = [] } }) =>
      center.tasks.start({
        name: 'RetrieveKmipServersStatus_Task',
        descriptionId: 'com.vmware.vim.CryptoManagerKmip.retrieveKmipServersStatus',
        userName: user.name,
        work: async () => {
          const asked =
            clusters.length === 0 ? center.providers.list() : clusters.flatMap((info) => askedFor(center, info));
          const value = await Promise.all(asked.map((provider) => center.health.status(provider)));
          return { type: 'CryptoManagerKmipClusterStatus[]', value };
        },
      }),
  ),
];

/** A provider without servers in the question means all of them; unknown ones are left out (vcsim). */
function askedFor({ providers }: Center, { clusterId, servers = [] }: KmipClusterInfo): ProviderRow[] {
  const provider = providers.find(clusterId.id);
  if (provider === undefined) return [];
  const names = new Set(servers.map(({ name }) => name));
  return [{ ...provider, servers: provider.servers.filter(({ name }) => names.size === 0 || names.has(name)) }];
}

function checkEntity(center: Center, entity: ManagedObjectReference): void {
  if (entity.type !== 'ClusterComputeResource' && entity.type !== 'Folder') throw invalidArgument('entity');
  if (!center.objects.exists(entity)) throw notFound(entity);
}

function defaultFor(
  center: Center,
  entity: ManagedObjectReference | undefined,
  defaultsToParent: boolean,
): ProviderRow | undefined {
  if (entity === undefined) return center.providers.default;
  checkEntity(center, entity);
  const own = center.providers.defaultOf(entity);
  if (own !== undefined || !defaultsToParent) return own;
  const parent = center.objects.parentOf(entity);
  if (parent === undefined) return center.providers.default;
  return center.providers.defaultOf(parent) ?? defaultFor(center, parent, true);
}
