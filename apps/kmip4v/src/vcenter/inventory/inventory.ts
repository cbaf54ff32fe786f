import { type ManagedObjectReference } from '@lib/vi-json';

export const REFERENCE_KINDS = [
  'vm_home',
  'vm_disk',
  'snapshot_home',
  'snapshot_disk',
  'customization',
  'first_class_disk',
  'host',
  'cluster_policy',
  'vsan',
] as const;
export type ReferenceKind = (typeof REFERENCE_KINDS)[number];

/** One place that needs a key. The same key may be needed in many. */
export interface KeyReference {
  readonly kind: ReferenceKind;
  readonly object: ManagedObjectReference;
  /** Of the VM, host or disk, as vCenter shows it. */
  readonly name: string;
  /** Which disk, link of its chain or snapshot. */
  readonly detail?: string;
  readonly keyId: string;
  /** Absent where vSphere names none. */
  readonly provider?: string;
}

/** What could not be looked at: as long as there is any of it, nothing is proven. */
export interface Unexamined {
  readonly what: string;
  readonly why: string;
}

/** A VM with at least one key, as far as re-keying has to know it. */
export interface EncryptedMachine {
  readonly object: ManagedObjectReference;
  readonly name: string;
  readonly template: boolean;
  readonly poweredOn: boolean;
  readonly locked: boolean;
  readonly changeTracking: boolean;
  /** Snapshots that branch; a shallow re-key takes a single chain alone. */
  readonly snapshots: 'none' | 'chain' | 'tree';
  /** Its disks stand on those of another VM. */
  readonly linkedClone: boolean;
  readonly vtpm: boolean;
  readonly hasIde: boolean;
  readonly capacityBytes: number;
  readonly host?: string;
}

export interface ExaminedHost {
  readonly object: ManagedObjectReference;
  readonly name: string;
  readonly version: string;
  readonly build: number;
  readonly cryptoState?: string;
}

/** A key that is in use, as vCenter sees it. */
export interface KeyInUse {
  readonly keyId: string;
  readonly provider?: string;
  readonly available?: boolean;
  readonly reason?: string;
  readonly users: readonly string[];
}

export interface Inventory {
  readonly takenAt: string;
  readonly vcenter: { readonly name: string; readonly instanceUuid: string; readonly build: string };
  readonly examined: Readonly<
    Record<'machines' | 'snapshots' | 'hosts' | 'clusters' | 'vsanClusters' | 'firstClassDisks', number>
  >;
  readonly references: readonly KeyReference[];
  readonly keys: readonly KeyInUse[];
  readonly machines: readonly EncryptedMachine[];
  readonly hosts: readonly ExaminedHost[];
  /** Where a first-class disk lies, by its identifier. */
  readonly datastores: Readonly<Record<string, ManagedObjectReference>>;
  readonly unexamined: readonly Unexamined[];
  /** SHA-256 of the client certificates with which this vCenter asks for keys, by provider. */
  readonly clientCertificates: Readonly<Record<string, string>>;
  /** SHA-256 of those that renewals registered or replaced, as hosts of vSAN may present them still: of this vCenter too. */
  readonly changingCertificates?: readonly string[];
}

/** Everything that was found in one room of the inventory. */
export interface Findings {
  readonly references: KeyReference[];
  readonly unexamined: Unexamined[];
}

export const isComplete = ({ unexamined }: Inventory): boolean => unexamined.length === 0;

export function referencesTo({ references }: Inventory, provider: string): readonly KeyReference[] {
  return references.filter((reference) => reference.provider === provider);
}
