import { type CryptoSpec, type ManagedObjectReference, reference } from '@lib/vi-json';

import { type Center } from '../center';
import { invalidState } from '../inventory/crypto-preconditions';
import { keyOf } from '../inventory/crypto-targets';
import { reseal, sealNew } from '../inventory/sealing';
import { type DiskObjectRow, type HostRow, type SealedRow } from '../rows';
import { demand } from '../users';
import { toCryptoKeyId } from '../vim/crypto-key-id';
import { invalidArgument, VimFault } from '../vim/fault';
import { type Call, method, type MethodDefinition } from './method';

const TYPE = 'VcenterVStorageObjectManager';
const PLACE = 'id: ID, datastore: ManagedObjectReference';
const NOT_THERE = ['InvalidDatastore', 'NotFound'];

/** First-class disks: attached to no machine, or shown there as a disk too (`vDiskId`). */
export const V_STORAGE_OBJECT_METHODS: readonly MethodDefinition[] = [
  method(
    TYPE,
    'ListVStorageObject',
    {
      parameters: 'datastore: ManagedObjectReference',
      returns: 'ID[]?',
      privilege: 'System.View',
      faults: ['InvalidDatastore'],
      since: '6.5',
    },
    ({ center, parameters: { datastore } }) => {
      checkDatastore(center, datastore);
      return disks(center)
        .filter((disk) => disk.datastore === datastore.value)
        .map(({ id }) => ({ _typeName: 'ID', id }));
    },
  ),
  method(
    TYPE,
    'RetrieveVStorageObject',
    { parameters: PLACE, returns: 'VStorageObject', privilege: 'System.View', faults: NOT_THERE, since: '6.5' },
    (call) => ({ config: configOf(call.center, diskOf(call)) }),
  ),
  method(
    TYPE,
    'UpdateVStorageObjectCrypto_Task',
    {
      parameters: `${PLACE}, profile?: VirtualMachineProfileSpec[], disksCrypto?: DiskCryptoSpec`,
      returns: 'ManagedObjectReference',
      privilege: 'System.View',
      faults: [...NOT_THERE, 'InvalidArgument', 'NoPermission', 'TaskInProgress'],
      taskFaults: ['EncryptionKeyRequired', 'InvalidState'],
      since: '7.0',
    },
    (call) => {
      const { center, parameters, user } = call;
      const disk = diskOf(call);
      demand(user, 'Datastore.FileManagement', parameters.datastore);
      const { disksCrypto, profile } = parameters;
      if (disksCrypto === undefined) throw invalidArgument('disksCrypto');
      // "Re-encryption must give Shallow/DeepRecrypt and a profile with encryption."
      if (profile?.some(({ _typeName }) => _typeName === 'VirtualMachineDefinedProfileSpec') !== true) {
        throw invalidArgument('profile');
      }
      const entity = reference('VStorageObject', disk.id);
      const busy = center.tasks.on(entity);
      if (busy !== undefined) {
        const task = reference('Task', busy.id);
        throw new VimFault('TaskInProgress', 'Another task is already in progress.', { task });
      }
      return center.tasks.start({
        name: 'UpdateVStorageObjectCrypto_Task',
        descriptionId: 'com.vmware.vim.vslm.updateVStorageObjectCrypto',
        entity,
        entityName: disk.name,
        userName: user.name,
        work: async () => {
          await recrypt(center, disk.id, disksCrypto.crypto);
          return undefined;
        },
      });
    },
  ),
];

interface Place {
  readonly id: { readonly id: string };
  readonly datastore: ManagedObjectReference;
}

const disks = ({ store }: Center): readonly DiskObjectRow[] => [...store.list('diskObject')];

function checkDatastore({ store }: Center, datastore: ManagedObjectReference): void {
  if (datastore.type === 'Datastore' && store.get('datastore', datastore.value) !== undefined) return;
  throw new VimFault('InvalidDatastore', 'The datastore is not valid.', { datastore });
}

function diskOf({ center, parameters: { id, datastore } }: Call<Place>): DiskObjectRow {
  checkDatastore(center, datastore);
  const disk = center.store.get('diskObject', id.id);
  if (disk?.datastore !== datastore.value) throw new VimFault('NotFound', 'The object was not found.');
  return disk;
}

function configOf(center: Center, disk: DiskObjectRow): object {
  const sealed = sealOf(center, disk);
  return {
    _typeName: 'VStorageObjectConfigInfo',
    id: { id: disk.id },
    name: disk.name,
    createTime: disk.createTime,
    keepAfterDeleteVm: true,
    capacityInMB: disk.capacityInMB,
    consumptionType: ['disk'],
    ...(disk.attachedTo !== undefined && { consumerId: [{ id: disk.attachedTo }] }),
    backing: {
      _typeName: 'BaseConfigInfoDiskFileBackingInfo',
      datastore: reference('Datastore', disk.datastore),
      filePath: disk.file,
      provisioningType: 'thin',
      ...(sealed && { keyId: toCryptoKeyId(sealed) }),
    },
  };
}

/** An attached disk is sealed where the machine has it. */
function sealOf({ inventory }: Center, disk: DiskObjectRow): SealedRow | undefined {
  return disk.attachedTo === undefined ? disk.sealed : inventory.vm(disk.attachedTo)?.sealed[disk.file];
}

async function recrypt(center: Center, id: string, spec: CryptoSpec): Promise<void> {
  const disk = center.store.get('diskObject', id);
  const wish = keyOf(spec);
  if (disk?.sealed === undefined || wish === undefined) throw invalidState('The disk is not encrypted.');
  // Through its machine it can be recrypted, which then knows of it [inferred].
  if (disk.attachedTo !== undefined) throw invalidState('The disk is attached to a virtual machine.');
  const host = anyHost(center);
  const provider = center.machines.providerFor(wish, host);
  const keyId = wish.keyId === '' ? (await center.hosts.newKey(provider)).keyId : wish.keyId;
  const key = { keyId, providerId: provider.id };
  const material = await center.hostKeys.provide(host.id, key);
  const sealed =
    spec._typeName === 'CryptoSpecShallowRecrypt'
      ? reseal(disk.sealed, await center.hostKeys.provide(host.id, disk.sealed), key, material)
      : sealNew(key, material);
  await center.inventory.put(['diskObject', id, { ...disk, sealed }]);
}

/** vCenter lets a host that sees the datastore do it; which one makes no difference here. */
function anyHost({ inventory }: Center): HostRow {
  const host = inventory.hosts().find(({ connection }) => connection === 'connected');
  if (host === undefined) throw invalidState('No host is connected.');
  return host;
}
