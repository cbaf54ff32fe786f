import { type RowStore } from '@lib/stand-in';
import { type KmipServerInfo, type ManagedObjectReference } from '@lib/vi-json';

/** A certificate with its private key, both PEM. The data folder is the user's alone (0600). */
export interface PairRow {
  readonly certificate: string;
  readonly privateKey: string;
}

/** As it was given, and what is never shown again. */
export interface ServerRow extends Omit<KmipServerInfo, '_typeName'> {
  readonly password?: string;
}

/** A key provider ("KMS cluster"): trust and client certificate belong to it, not to its servers. */
export interface ProviderRow {
  readonly id: string;
  readonly managementType: 'vCenter' | 'trustAuthority';
  readonly servers: readonly ServerRow[];
  readonly useAsDefault: boolean;
  readonly entityDefaults: readonly ManagedObjectReference[];
  /** PEM of each server certificate that was uploaded, oldest first. */
  readonly trusted: readonly string[];
  /** Absent: the one that the vCenter's own CA signed. */
  readonly client?: PairRow;
  /** Candidates: the working certificate stays until one of them is taken. */
  readonly selfSigned?: PairRow;
  readonly request?: { readonly pem: string; readonly privateKey: string };
  readonly registered: number;
}

/** A key that this vCenter knows: it made it, or something here uses it. Never the key itself. */
export interface KeyRow {
  readonly keyId: string;
  readonly providerId: string;
  readonly createdAt: string;
}

export interface UserRow {
  readonly name: string;
  readonly password: string;
  /** Without a role: may log in nowhere. */
  readonly role: 'administrator' | 'none';
  /** Privileges that are missing: everywhere, or on one object, as `Cryptographer.Recrypt@vm-23`. */
  readonly without: readonly string[];
}

export interface SettingsRow {
  readonly instanceUuid: string;
  readonly clockOffsetMs: number;
  /** The vCenter's own CA (VMCA), and what it signed: the web server and the default KMIP client. */
  readonly authority?: PairRow;
  readonly web?: PairRow;
  readonly client?: PairRow;
  readonly version: string;
}

/** A data key as it lies beside what it encrypts: wrapped (RFC 3394) by the key of the key provider. */
export interface SealedRow {
  readonly keyId: string;
  readonly providerId: string;
  readonly wrapped: string;
}

export interface DiskRow {
  readonly key: number;
  readonly label: string;
  readonly capacityInKB: number;
  readonly controllerKey: number;
  readonly unitNumber: number;
  /** Files, the newest link first; what a file is sealed with is in the machine's `sealed`. */
  readonly chain: readonly string[];
  /** First-class disk that is attached here. */
  readonly diskObject?: string;
}

export interface SnapshotRow {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly parent?: string;
  readonly createTime: string;
  readonly state: PowerState;
  readonly home?: SealedRow;
  readonly disks: readonly DiskRow[];
}

export interface VmRow {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly host: string;
  readonly datastore: string;
  readonly uuid: string;
  readonly instanceUuid: string;
  readonly template: boolean;
  readonly power: PowerState;
  /** The home: vmx, nvram, swap. */
  readonly home?: SealedRow;
  readonly disks: readonly DiskRow[];
  /** By file. */
  readonly sealed: Readonly<Record<string, SealedRow>>;
  readonly snapshots: readonly SnapshotRow[];
  readonly currentSnapshot?: string;
  readonly tpm: boolean;
  readonly ide: boolean;
  readonly changeTracking: boolean;
  /** A clone that shares its base disk with another machine. */
  readonly linkedClone: boolean;
  readonly changeVersion: string;
  /** How often it got new keys by a recrypt, as far as all of it did; absent in journals of before. */
  readonly recrypts?: number;
  /** How the seed meant it to be encrypted. */
  readonly wanted: EncryptionWish;
}

export type EncryptionWish = 'nothing' | 'home' | 'one_key' | 'own_disk_keys';

export interface HostRow {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly uuid: string;
  readonly connection: 'connected' | 'notResponding' | 'disconnected';
  readonly cryptoState: 'incapable' | 'prepared' | 'safe';
  readonly hostKey?: { readonly keyId: string; readonly providerId: string };
  readonly bootTime: string;
  readonly version: string;
  readonly build: string;
}

/** A key in a host's memory, by name; the key itself is in the memory of this process. */
export interface HostKeyRow {
  readonly host: string;
  readonly keyId: string;
  readonly providerId: string;
}

export interface ClusterRow {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly cryptoMode: 'onDemand' | 'forceEnable';
  readonly policy?: { readonly keyId?: string; readonly providerId?: string };
  readonly vsan: boolean;
  readonly vsanEncryption?: VsanEncryptionRow;
}

export interface VsanEncryptionRow {
  readonly providerId: string;
  readonly kekId: string;
  readonly hostKeyId: string;
  readonly generation: number;
  /** By host: what stands for the data keys of its disks. */
  readonly disks?: Readonly<Record<string, SealedRow>>;
}

/** Datacenter and the folders in it. */
export interface FolderRow {
  readonly id: string;
  readonly type: 'Folder' | 'Datacenter';
  readonly name: string;
  readonly parent: string;
}

export interface DatastoreRow {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly type: 'VMFS' | 'vsan';
}

/** A first-class disk. Attached to a machine, it is sealed there. */
export interface DiskObjectRow {
  readonly id: string;
  readonly name: string;
  readonly datastore: string;
  readonly file: string;
  readonly capacityInMB: number;
  readonly createTime: string;
  readonly attachedTo?: string;
  readonly sealed?: SealedRow;
}

export type PowerState = 'poweredOff' | 'poweredOn' | 'suspended';

export interface Rows {
  settings: SettingsRow;
  user: UserRow;
  provider: ProviderRow;
  key: KeyRow;
  folder: FolderRow;
  cluster: ClusterRow;
  host: HostRow;
  hostKey: HostKeyRow;
  datastore: DatastoreRow;
  vm: VmRow;
  diskObject: DiskObjectRow;
}

export type CenterStore = RowStore<Rows>;
