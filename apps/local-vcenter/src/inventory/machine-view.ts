import {
  type CryptoKeyId,
  type DiskBacking,
  type ManagedObjectReference,
  reference,
  type VirtualDevice,
  type VirtualMachineSnapshotInfo,
  type VirtualMachineSnapshotTree,
} from '@lib/vi-json';

import { type Center } from '../center';
import { type DiskRow, type SealedRow, type SnapshotRow, type VmRow } from '../rows';
import { toCryptoKeyId } from '../vim/crypto-key-id';

const IDE_CONTROLLER = 200;
const SCSI_CONTROLLER = 1000;
const TPM = 11_000;

const keyIdOf = (sealed: SealedRow | undefined): { readonly keyId?: CryptoKeyId } =>
  sealed === undefined ? {} : { keyId: toCryptoKeyId(sealed) };

/** VirtualMachine.config; undefined where a locked machine has none [inferred]. */
export function machineConfig({ machines, behaviour }: Center, vm: VmRow): object | undefined {
  if (machines.isLocked(vm) && behaviour.settings.lockedConfig === 'gone') return undefined;
  return configOf(vm, vm.home, vm.disks, vm.template);
}

/** VirtualMachineSnapshot.config: a whole configuration, with key ids of its own. */
export const snapshotConfig = (vm: VmRow, { home, disks }: SnapshotRow): object => configOf(vm, home, disks, false);

function configOf(vm: VmRow, home: SealedRow | undefined, disks: readonly DiskRow[], template: boolean): object {
  return {
    _typeName: 'VirtualMachineConfigInfo',
    changeVersion: vm.changeVersion,
    modified: vm.changeVersion,
    name: vm.name,
    guestFullName: 'Other 5.x or later Linux (64-bit)',
    version: 'vmx-21',
    uuid: vm.uuid,
    instanceUuid: vm.instanceUuid,
    template,
    guestId: 'other5xLinux64Guest',
    alternateGuestName: '',
    files: { vmPathName: `[${vm.datastore}] ${vm.name}/${vm.name}.vmx`, logDirectory: `[${vm.datastore}] ${vm.name}/` },
    tools: { toolsVersion: 12352 },
    flags: { snapshotDisabled: false },
    defaultPowerOps: { powerOffType: 'soft' },
    hardware: { numCPU: 2, memoryMB: 4096, device: devicesOf(vm, disks) },
    changeTrackingEnabled: vm.changeTracking,
    ...keyIdOf(home),
  };
}

function devicesOf(vm: VmRow, disks: readonly DiskRow[]): VirtualDevice[] {
  const ofController = (key: number): number[] =>
    disks.filter(({ controllerKey }) => controllerKey === key).map((disk) => disk.key);
  return [
    {
      _typeName: 'VirtualIDEController',
      key: IDE_CONTROLLER,
      deviceInfo: { _typeName: 'Description', label: 'IDE 0', summary: 'IDE 0' },
      busNumber: 0,
      device: ofController(IDE_CONTROLLER),
    },
    {
      _typeName: 'ParaVirtualSCSIController',
      key: SCSI_CONTROLLER,
      deviceInfo: { _typeName: 'Description', label: 'SCSI controller 0', summary: 'VMware paravirtual SCSI' },
      busNumber: 0,
      device: ofController(SCSI_CONTROLLER),
      hotAddRemove: true,
      sharedBus: 'noSharing',
      scsiCtlrUnitNumber: 7,
    },
    ...disks.map((disk) => diskDevice(vm, disk)),
    ...(vm.tpm
      ? [
          {
            _typeName: 'VirtualTPM',
            key: TPM,
            deviceInfo: { _typeName: 'Description' as const, label: 'Virtual TPM', summary: 'Virtual TPM' },
            endorsementKeyCertificateSigningRequest: [],
            endorsementKeyCertificate: [],
          },
        ]
      : []),
  ];
}

function diskDevice(vm: VmRow, disk: DiskRow): VirtualDevice {
  return {
    _typeName: 'VirtualDisk',
    key: disk.key,
    deviceInfo: {
      _typeName: 'Description',
      label: disk.label,
      summary: `${disk.capacityInKB.toLocaleString('en-US')} KB`,
    },
    backing: backingOf(vm, disk.chain),
    controllerKey: disk.controllerKey,
    unitNumber: disk.unitNumber,
    capacityInKB: disk.capacityInKB,
    capacityInBytes: disk.capacityInKB * 1024,
    ...(disk.diskObject !== undefined && { vDiskId: { _typeName: 'ID' as const, id: disk.diskObject } }),
  };
}

/** The newest link, and the older ones as parents of it. */
function backingOf(vm: VmRow, [file = '', ...older]: readonly string[]): DiskBacking {
  return {
    _typeName: 'VirtualDiskFlatVer2BackingInfo',
    fileName: file,
    datastore: reference('Datastore', vm.datastore),
    diskMode: 'persistent',
    thinProvisioned: true,
    ...(older.length > 0 && { parent: backingOf(vm, older) }),
    ...keyIdOf(vm.sealed[file]),
  };
}

export function machineRuntime(center: Center, vm: VmRow): object {
  const host = center.inventory.host(vm.host);
  const isLocked = center.machines.isLocked(vm);
  const isReadable = !isLocked || center.behaviour.settings.lockedConfig === 'readable';
  const away = host?.connection === 'connected' ? undefined : 'disconnected';
  return {
    _typeName: 'VirtualMachineRuntimeInfo',
    host: reference('HostSystem', vm.host),
    connectionState: away ?? (isReadable ? 'connected' : 'invalid'),
    powerState: vm.power,
    toolsInstallerMounted: false,
    faultToleranceState: 'notConfigured',
    numMksConnections: 0,
    recordReplayState: 'inactive',
    onlineStandby: false,
    consolidationNeeded: false,
    // Absent for a machine that is not encrypted [inferred].
    ...(vm.home && { cryptoState: isLocked ? 'locked' : 'unlocked' }),
  };
}

export function snapshotInfo(vm: VmRow): VirtualMachineSnapshotInfo | undefined {
  if (vm.snapshots.length === 0) return undefined;
  return {
    _typeName: 'VirtualMachineSnapshotInfo',
    ...(vm.currentSnapshot !== undefined && { currentSnapshot: snapshotReference(vm.currentSnapshot) }),
    rootSnapshotList: treeBelow(vm, undefined),
  };
}

export const snapshotReference = (id: string): ManagedObjectReference => reference('VirtualMachineSnapshot', id);

function treeBelow(vm: VmRow, parent: string | undefined): VirtualMachineSnapshotTree[] {
  return vm.snapshots
    .filter((snapshot) => snapshot.parent === parent)
    .map((snapshot) => {
      const children = treeBelow(vm, snapshot.id);
      return {
        _typeName: 'VirtualMachineSnapshotTree',
        snapshot: snapshotReference(snapshot.id),
        vm: reference('VirtualMachine', vm.id),
        name: snapshot.name,
        description: '',
        id: snapshot.number,
        createTime: snapshot.createTime,
        state: snapshot.state,
        quiesced: false,
        ...(children.length > 0 && { childSnapshotList: children }),
      };
    });
}
