import type { CryptoKeyId, CryptoSpec } from './crypto';
import type { DataObject, DateTime, ManagedObjectReference } from './values';

export type PowerState = 'poweredOff' | 'poweredOn' | 'suspended';
/** `invalid`: unreadable, `config` may be missing altogether [inferred]. */
export type ConnectionState = 'connected' | 'disconnected' | 'orphaned' | 'inaccessible' | 'invalid';
/** E:13251; absent on a VM that is not encrypted [inferred]. */
export type VmCryptoState = 'unlocked' | 'locked';

export interface VirtualMachineRuntimeInfo extends DataObject<'VirtualMachineRuntimeInfo'> {
  readonly host?: ManagedObjectReference;
  readonly connectionState: ConnectionState;
  readonly powerState: PowerState;
  readonly cryptoState?: VmCryptoState;
}

/** T:89460. `keyId` is the key of the VM's home: vmx, nvram, swap; of a VM with nothing but a vTPM, the only one. */
export interface VirtualMachineConfigInfo extends DataObject<'VirtualMachineConfigInfo'> {
  readonly changeVersion: string;
  readonly name: string;
  readonly uuid?: string;
  readonly instanceUuid?: string;
  readonly version?: string;
  readonly template: boolean;
  readonly keyId?: CryptoKeyId;
  /** Changed-block tracking: a running VM with it may be powered off by a recrypt (KB 387897). */
  readonly changeTrackingEnabled?: boolean;
  readonly hardware: VirtualHardware;
  readonly tools?: ToolsConfigInfo;
}

export interface VirtualHardware extends DataObject<'VirtualHardware'> {
  readonly device?: readonly VirtualDevice[];
}

export interface ToolsConfigInfo extends DataObject<'ToolsConfigInfo'> {
  readonly customizationKeyId?: CryptoKeyId;
}

/** Polymorphic: VirtualDisk, VirtualTPM, VirtualIDEController and others, told apart by `_typeName`. */
export interface VirtualDevice extends DataObject {
  readonly key: number;
  readonly deviceInfo?: DataObject & { readonly label?: string; readonly summary?: string };
  readonly backing?: DiskBacking;
  readonly controllerKey?: number;
  readonly unitNumber?: number;
  readonly capacityInBytes?: number;
  /** First-class disk that is attached here. */
  readonly vDiskId?: Id;
  readonly [member: string]: unknown;
}

/** VirtualDiskFlatVer2BackingInfo, SeSparse, SparseVer2 (T:86962, 87593, 87862); `parent` is the chain of snapshots. */
export interface DiskBacking extends DataObject {
  readonly fileName?: string;
  readonly keyId?: CryptoKeyId;
  readonly parent?: DiskBacking;
  readonly [member: string]: unknown;
}

/** T:92868, 92890 */
export interface VirtualMachineSnapshotInfo extends DataObject<'VirtualMachineSnapshotInfo'> {
  readonly currentSnapshot?: ManagedObjectReference;
  readonly rootSnapshotList: readonly VirtualMachineSnapshotTree[];
}

export interface VirtualMachineSnapshotTree extends DataObject<'VirtualMachineSnapshotTree'> {
  readonly snapshot: ManagedObjectReference;
  readonly vm: ManagedObjectReference;
  readonly name: string;
  readonly createTime: DateTime;
  readonly state?: PowerState;
  readonly childSnapshotList?: readonly VirtualMachineSnapshotTree[];
}

export interface VirtualMachineConfigSpec extends DataObject<'VirtualMachineConfigSpec'> {
  /** Where it differs from config.changeVersion: ConcurrentAccess. */
  readonly changeVersion?: string;
  readonly crypto?: CryptoSpec;
  readonly deviceChange?: readonly VirtualDeviceConfigSpec[];
  readonly vmProfile?: readonly DefinedProfileSpec[];
}

export interface VirtualDeviceConfigSpec extends DataObject<'VirtualDeviceConfigSpec'> {
  readonly operation?: 'add' | 'edit' | 'remove';
  readonly device: VirtualDevice;
  readonly profile?: readonly DefinedProfileSpec[];
  readonly backing?: BackingSpec;
}

/** T:86075. `device.backing.keyId` of an edit is ignored, this alone counts. One per link of a chain [inferred]. */
export interface BackingSpec extends DataObject<'VirtualDeviceConfigSpecBackingSpec'> {
  readonly crypto?: CryptoSpec;
  readonly parent?: BackingSpec;
}

export interface DefinedProfileSpec extends DataObject<
  'VirtualMachineDefinedProfileSpec' | 'VirtualMachineEmptyProfileSpec'
> {
  readonly profileId?: string;
}

export interface Id extends DataObject<'ID'> {
  readonly id: string;
}

/** T:8475, 8366: a first-class disk. */
export interface VStorageObject extends DataObject<'VStorageObject'> {
  readonly config: DataObject & {
    readonly id: Id;
    readonly name: string;
    readonly capacityInMB?: number;
    readonly backing: DataObject & {
      readonly datastore: ManagedObjectReference;
      readonly filePath?: string;
      readonly keyId?: CryptoKeyId;
      readonly parent?: DiskBacking;
    };
  };
}

/** T:24296 */
export interface DiskCryptoSpec extends DataObject<'DiskCryptoSpec'> {
  readonly crypto: CryptoSpec;
  readonly parent?: DiskCryptoSpec;
}
