import { type ManagedObjectReference, reference, type VimVsanReconfigSpec } from '@lib/vi-json';

import { type Center } from '../center';
import { invalidState } from '../inventory/crypto-preconditions';
import { type ClusterRow } from '../rows';
import { demand, isGranted } from '../users';
import { invalidArgument, notFound, VimFault } from '../vim/fault';
import { type Call, method, type MethodDefinition } from './method';

export const VSAN_SYSTEM = reference('VsanVcClusterConfigSystem', 'vsan-cluster-config-system');

const TYPE = 'VsanVcClusterConfigSystem';
const TASK = {
  returns: 'ManagedObjectReference',
  taskFaults: ['EncryptionKeyRequired', 'HostNotConnected', 'SystemError'],
} as const;

/**
 * Data-at-rest encryption of vSAN clusters, which on 8.0 has an interface of its own (`/vsanHealth`). Privileges are asked
 * for at the cluster, not at this object.
 */
export const VSAN_METHODS: readonly MethodDefinition[] = [
  method(
    TYPE,
    'VsanClusterGetConfig',
    {
      parameters: 'cluster: ManagedObjectReference',
      returns: 'VsanConfigInfoEx',
      faults: ['ManagedObjectNotFound', 'NoPermission'],
      since: '6.0',
    },
    ({ center, user, parameters: { cluster } }) => {
      const row = clusterOf(center, cluster);
      demand(user, 'System.Read', cluster);
      return configOf(center, row);
    },
  ),
  method(
    TYPE,
    'VsanClusterReconfig',
    {
      ...TASK,
      parameters: 'cluster: ManagedObjectReference, vsanReconfigSpec: VimVsanReconfigSpec',
      faults: [
        'InvalidArgument',
        'InvalidState',
        'ManagedObjectNotFound',
        'NoPermission',
        'NotSupported',
        'TaskInProgress',
      ],
      since: '6.0',
    },
    (call) => {
      const { center, parameters, user } = call;
      const { cluster: object, vsanReconfigSpec: spec } = parameters;
      const cluster = clusterOf(center, object);
      // No privilege is declared; these are what vSAN's encryption asks for by its guide [inferred for the call].
      for (const privilege of ['Host.Inventory.EditCluster', 'Cryptographer.ManageKeys'] as const) {
        demand(user, privilege, object);
      }
      if (!cluster.vsan) throw invalidState('vSAN is not enabled on the cluster.');
      const work = reconfiguration(center, cluster, spec);
      return start(call, cluster, `${TYPE}.reconfigure`, work);
    },
  ),
  method(
    TYPE,
    'VsanEncryptedClusterRekey_Task',
    {
      ...TASK,
      parameters: 'encryptedCluster: ManagedObjectReference, deepRekey?: boolean, allowReducedRedundancy?: boolean',
      faults: ['InvalidState', 'ManagedObjectNotFound', 'NoPermission', 'TaskInProgress'],
      since: '6.6',
    },
    (call) => {
      const { center, parameters, user } = call;
      const { encryptedCluster: object, deepRekey = false } = parameters;
      const cluster = clusterOf(center, object);
      if (deepRekey || !isGranted(user, 'Vsan.Cluster.ShallowRekey', object)) {
        demand(user, 'Cryptographer.ManageKeys', object);
        demand(user, 'Host.Inventory.EditCluster', object);
      }
      const { vsan, vsanEncryption } = cluster;
      if (!vsan || vsanEncryption === undefined) throw invalidState('vSAN is not encrypted on the cluster.');
      const provider = center.providers.get(vsanEncryption.providerId, 'kmsProviderId');
      const mode = deepRekey ? 'deep' : 'shallow';
      return start(call, cluster, `${TYPE}.rekey`, () => center.vsan.rekey(cluster.id, provider, mode));
    },
  ),
];

function clusterOf({ store }: Center, object: ManagedObjectReference): ClusterRow {
  const cluster = object.type === 'ClusterComputeResource' ? store.get('cluster', object.value) : undefined;
  if (cluster === undefined) throw notFound(object);
  return cluster;
}

function configOf(center: Center, { id, vsan, vsanEncryption }: ClusterRow): object {
  const { settings } = center.behaviour;
  const unset = vsanEncryption === undefined && settings.unencryptedVsan === 'unset';
  return {
    enabled: vsan,
    dataEfficiencyConfig: { dedupEnabled: false, compressionEnabled: false },
    ...(!unset && {
      dataEncryptionConfig: {
        encryptionEnabled: vsanEncryption !== undefined,
        ...(vsanEncryption && {
          kmsProviderId: { id: vsanEncryption.providerId },
          kekId: vsanEncryption.kekId,
          hostKeyId: vsanEncryption.hostKeyId,
          dekGenerationId: vsanEncryption.generation,
        }),
        changing: center.tasks.on(reference('ClusterComputeResource', id)) !== undefined,
        eraseDisksBeforeUse: false,
      },
    }),
  };
}

/** @throws VimFault InvalidArgument for a provider that there is not, NotSupported for what is not served */
function reconfiguration(
  { providers, vsan }: Center,
  { id: cluster, vsanEncryption: current }: ClusterRow,
  { dataEncryptionConfig: wanted, modify }: VimVsanReconfigSpec,
): () => Promise<void> {
  // Without `modify` all of the configuration would be replaced, of which there is nothing else here.
  if (!modify || wanted === undefined) {
    throw new VimFault('NotSupported', 'The operation is not supported on the object.');
  }
  if (!wanted.encryptionEnabled) return () => vsan.disable(cluster);
  const id = wanted.kmsProviderId?.id ?? current?.providerId;
  const provider = id === undefined ? providers.default : providers.get(id, 'kmsProviderId');
  if (provider === undefined) throw invalidArgument('kmsProviderId');
  // The same provider again changes nothing: new keys are what a re-key is for.
  if (current?.providerId === provider.id) return () => Promise.resolve();
  return () => vsan.rekey(cluster, provider, 'shallow');
}

function start(
  { center, user }: Call<unknown>,
  cluster: ClusterRow,
  descriptionId: string,
  rekey: () => Promise<void>,
): ManagedObjectReference {
  const entity = reference('ClusterComputeResource', cluster.id);
  const busy = center.tasks.on(entity);
  if (busy !== undefined) {
    throw new VimFault('TaskInProgress', 'Another task is already in progress.', { task: reference('Task', busy.id) });
  }
  const name = descriptionId.slice(descriptionId.indexOf('.') + 1);
  const work = async (): Promise<undefined> => {
    await rekey();
    return undefined;
  };
  return center.tasks.start({ name, descriptionId, entity, entityName: cluster.name, userName: user.name, work });
}
