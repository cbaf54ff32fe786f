import { type Declarations } from './type-table';

/** Virtual machines: the members that a key-provider tool reads or sends, and those that the WSDL requires beside them. */
const VIRTUAL_MACHINE: Declarations = {
  VirtualMachineRuntimeInfo:
    'host?: ManagedObjectReference, connectionState: VirtualMachineConnectionState, powerState: VirtualMachinePowerState, bootTime?: dateTime, cryptoState?: string, toolsInstallerMounted: boolean, faultToleranceState: VirtualMachineFaultToleranceState, numMksConnections: int, recordReplayState: VirtualMachineRecordReplayState, onlineStandby: boolean, consolidationNeeded: boolean',
  VirtualMachineFileInfo: 'vmPathName?: string, snapshotDirectory?: string, logDirectory?: string',
  VirtualMachineFileLayoutEx: 'timestamp: dateTime',
  VirtualMachineFlagInfo: 'virtualMmuUsage?: string, snapshotDisabled?: boolean',
  VirtualMachineDefaultPowerOpInfo: 'powerOffType?: string, suspendType?: string, resetType?: string',
  ToolsConfigInfo: 'toolsVersion?: int, customizationKeyId?: CryptoKeyId',
  VirtualHardware: 'numCPU: int, memoryMB: int, device?: VirtualDevice[]',
  VirtualMachineConfigInfo:
    'changeVersion: string, modified: dateTime, name: string, guestFullName: string, version: string, uuid: string, instanceUuid?: string, template: boolean, guestId: string, alternateGuestName: string, files: VirtualMachineFileInfo, tools?: ToolsConfigInfo, flags: VirtualMachineFlagInfo, defaultPowerOps: VirtualMachineDefaultPowerOpInfo, hardware: VirtualHardware, changeTrackingEnabled?: boolean, keyId?: CryptoKeyId',
  Description: 'label: string, summary: string',
  VirtualDevice:
    'key: int, deviceInfo?: Description, backing?: VirtualDeviceBackingInfo, controllerKey?: int, unitNumber?: int',
  'VirtualController < VirtualDevice': 'busNumber: int, device?: int[]',
  'VirtualIDEController < VirtualController': '',
  'VirtualSCSIController* < VirtualController':
    'hotAddRemove?: boolean, sharedBus: VirtualSCSISharing, scsiCtlrUnitNumber?: int',
  'ParaVirtualSCSIController < VirtualSCSIController': '',
  'VirtualTPM < VirtualDevice':
    'endorsementKeyCertificateSigningRequest?: binary[], endorsementKeyCertificate?: binary[]',
  'VirtualDisk < VirtualDevice': 'capacityInKB: long, capacityInBytes?: long, diskObjectId?: string, vDiskId?: ID',
  'VirtualDeviceBackingInfo*': '',
  'VirtualDeviceFileBackingInfo* < VirtualDeviceBackingInfo':
    'fileName: string, datastore?: ManagedObjectReference, backingObjectId?: string',
  'VirtualDiskFlatVer2BackingInfo < VirtualDeviceFileBackingInfo':
    'diskMode: string, thinProvisioned?: boolean, uuid?: string, contentId?: string, changeId?: string, parent?: VirtualDiskFlatVer2BackingInfo, keyId?: CryptoKeyId',
  'VirtualDiskSeSparseBackingInfo < VirtualDeviceFileBackingInfo':
    'diskMode: string, uuid?: string, contentId?: string, changeId?: string, parent?: VirtualDiskSeSparseBackingInfo, keyId?: CryptoKeyId',
  VirtualMachineSnapshotInfo:
    'currentSnapshot?: ManagedObjectReference, rootSnapshotList: VirtualMachineSnapshotTree[]',
  VirtualMachineSnapshotTree:
    'snapshot: ManagedObjectReference, vm: ManagedObjectReference, name: string, description: string, id: int, createTime: dateTime, state: VirtualMachinePowerState, quiesced: boolean, childSnapshotList?: VirtualMachineSnapshotTree[]',
  'VirtualMachineProfileSpec*': '',
  'VirtualMachineDefinedProfileSpec < VirtualMachineProfileSpec': 'profileId: string',
  'VirtualMachineEmptyProfileSpec < VirtualMachineProfileSpec': '',
  VirtualDeviceConfigSpecBackingSpec: 'parent?: VirtualDeviceConfigSpecBackingSpec, crypto?: CryptoSpec',
  VirtualDeviceConfigSpec:
    'operation?: VirtualDeviceConfigSpecOperation, fileOperation?: VirtualDeviceConfigSpecFileOperation, device: VirtualDevice, profile?: VirtualMachineProfileSpec[], backing?: VirtualDeviceConfigSpecBackingSpec',
  VirtualMachineConfigSpec:
    'changeVersion?: string, name?: string, deviceChange?: VirtualDeviceConfigSpec[], vmProfile?: VirtualMachineProfileSpec[], crypto?: CryptoSpec',
};

/** Hosts, clusters, folders, datastores, first-class disks. */
const AROUND: Declarations = {
  HostRuntimeInfo:
    'connectionState: HostSystemConnectionState, powerState: HostSystemPowerState, inMaintenanceMode: boolean, bootTime?: dateTime, cryptoState?: string, cryptoKeyId?: CryptoKeyId',
  HostHardwareSummary:
    'vendor: string, model: string, uuid: string, memorySize: long, cpuModel: string, cpuMhz: int, numCpuPkgs: short, numCpuCores: short, numCpuThreads: short, numNics: int, numHBAs: int',
  HostConfigSummary:
    'name: string, port: int, product?: AboutInfo, vmotionEnabled: boolean, faultToleranceEnabled: boolean',
  HostListSummary:
    'host?: ManagedObjectReference, hardware?: HostHardwareSummary, runtime?: HostRuntimeInfo, config: HostConfigSummary, quickStats: HostListSummaryQuickStats, rebootRequired: boolean, overallStatus: ManagedEntityStatus',
  HostListSummaryQuickStats: 'uptime?: int',
  HostConfigManager: 'cryptoManager?: ManagedObjectReference',
  'ComputeResourceConfigInfo*': 'vmSwapPlacement: string',
  ClusterConfigInfoExCryptoPolicy: 'keyId?: CryptoKeyId @8.0.3, providerId?: KeyProviderId @8.0.3',
  ClusterConfigInfoExCryptoConfig: 'cryptoMode?: string @7.0, policy?: ClusterConfigInfoExCryptoPolicy @8.0.3',
  ClusterDasConfigInfo: 'enabled?: boolean',
  ClusterDrsConfigInfo: 'enabled?: boolean',
  VsanClusterConfigInfo: 'enabled?: boolean',
  'ClusterConfigInfoEx < ComputeResourceConfigInfo':
    'dasConfig: ClusterDasConfigInfo, drsConfig: ClusterDrsConfigInfo, vsanConfigInfo?: VsanClusterConfigInfo, cryptoConfig?: ClusterConfigInfoExCryptoConfig @7.0',
  DatastoreSummary:
    'datastore?: ManagedObjectReference, name: string, url: string, capacity: long, freeSpace: long, accessible: boolean, type: string',
  ID: 'id: string',
  'BaseConfigInfoBackingInfo*': 'datastore: ManagedObjectReference',
  'BaseConfigInfoFileBackingInfo* < BaseConfigInfoBackingInfo':
    'filePath: string, backingObjectId?: string, parent?: BaseConfigInfoFileBackingInfo, deltaSizeInMB?: long, keyId?: CryptoKeyId @7.0',
  'BaseConfigInfoDiskFileBackingInfo < BaseConfigInfoFileBackingInfo': 'provisioningType: string',
  'BaseConfigInfo*':
    'id: ID, name: string, createTime: dateTime, keepAfterDeleteVm?: boolean, backing: BaseConfigInfoBackingInfo',
  'VStorageObjectConfigInfo < BaseConfigInfo': 'capacityInMB: long, consumptionType?: string[], consumerId?: ID[]',
  VStorageObject: 'config: VStorageObjectConfigInfo',
  DiskCryptoSpec: 'parent?: DiskCryptoSpec @7.0, crypto: CryptoSpec @7.0',
};

export const INVENTORY_TYPES: readonly Declarations[] = [VIRTUAL_MACHINE, AROUND];

export const INVENTORY_ENUMS: Declarations = {
  VirtualSCSISharing: 'noSharing virtualSharing physicalSharing',
  VirtualMachineFaultToleranceState: 'notConfigured disabled enabled needSecondary starting running',
  VirtualMachineRecordReplayState: 'recording replaying inactive',
};
