import {
  type CryptoKeyId,
  type DiskBacking,
  type ManagedObjectReference,
  retrieveAll,
  type RetrievedObject,
  retrieveSome,
  type ViSession,
  type VirtualDevice,
  type VirtualMachineSnapshotInfo,
  type VirtualMachineSnapshotTree,
} from '@lib/vi-json';

import { toldOfOne } from '../fault-remedies';
import { type EncryptedMachine, type Findings, type KeyReference, type ReferenceKind } from './inventory';

/** Templates are VirtualMachines too, and stand in the view. */
export const MACHINE_PROPERTIES = [
  'name',
  'config.changeVersion',
  'config.keyId',
  'config.template',
  'config.changeTrackingEnabled',
  'config.hardware.device',
  'config.tools.customizationKeyId',
  'runtime.cryptoState',
  'runtime.powerState',
  'runtime.connectionState',
  'runtime.host',
  'snapshot',
] as const;

export interface MachineFindings extends Findings {
  readonly machines: EncryptedMachine[];
  readonly examined: { machines: number; snapshots: number };
  /** First-class disks that are attached: they are disks of machines, and counted there. */
  readonly attachedDisks: Set<string>;
}

export async function examineMachines(session: ViSession): Promise<MachineFindings> {
  const found: MachineFindings = {
    references: [],
    unexamined: [],
    machines: [],
    examined: { machines: 0, snapshots: 0 },
    attachedDisks: new Set(),
  };
  const snapshots: { readonly ref: ManagedObjectReference; readonly name: string }[] = [];
  for (const object of await retrieveAll(session, { VirtualMachine: MACHINE_PROPERTIES })) {
    found.examined.machines += 1;
    snapshots.push(...examineMachine(object, found));
  }
  await examineSnapshots(session, snapshots, found);
  return found;
}

interface NamedSnapshot {
  readonly ref: ManagedObjectReference;
  readonly name: string;
}

function examineMachine(object: RetrievedObject, found: MachineFindings): readonly NamedSnapshot[] {
  const { name } = object;
  const [denied] = object.missing.values();
  if (denied !== undefined) {
    found.unexamined.push({ what: `VM ${name}`, why: toldOfOne(denied) });
    return [];
  }
  const connection = object.get<string>('runtime.connectionState');
  if (object.get('config.changeVersion') === undefined) {
    const why = `vCenter cannot read its configuration (${connection ?? 'no state'}): it may be locked.`;
    found.unexamined.push({ what: `VM ${name}`, why });
    return [];
  }
  const references = machineReferences(object, name);
  found.references.push(...references);
  for (const device of devicesOf(object)) if (device.vDiskId) found.attachedDisks.add(device.vDiskId.id);
  const trees = object.get<VirtualMachineSnapshotInfo>('snapshot')?.rootSnapshotList ?? [];
  if (references.length > 0) found.machines.push(machineOf(object, name));
  return trees.flatMap(flattened).map((tree) => ({ ref: tree.snapshot, name: `${name}, snapshot ${tree.name}` }));
}

/** Home, each disk with the links of its chain, and the key of guest customisation. */
export function machineReferences(object: RetrievedObject, name: string): readonly KeyReference[] {
  const place = { object: object.ref, name };
  const home = object.get<CryptoKeyId>('config.keyId');
  const customization = object.get<CryptoKeyId>('config.tools.customizationKeyId');
  return [
    ...referenceOf('vm_home', home, { ...place, ...(hasTpm(object) ? { detail: 'vTPM' } : {}) }),
    ...devicesOf(object).flatMap((device) => diskReferences('vm_disk', device, place)),
    ...referenceOf('customization', customization, place),
  ];
}

async function examineSnapshots(
  session: ViSession,
  snapshots: readonly NamedSnapshot[],
  found: MachineFindings,
): Promise<void> {
  const names = new Map(snapshots.map(({ ref, name }) => [ref.value, name]));
  const properties = { VirtualMachineSnapshot: ['config.keyId', 'config.hardware.device'] };
  const read = await retrieveSome(
    session,
    snapshots.map(({ ref }) => ref),
    properties,
  );
  for (const object of read) {
    const name = names.get(object.ref.value) ?? object.ref.value;
    const [denied] = object.missing.values();
    if (denied !== undefined) {
      found.unexamined.push({ what: name, why: toldOfOne(denied) });
      continue;
    }
    found.examined.snapshots += 1;
    const place = { object: object.ref, name };
    found.references.push(
      ...referenceOf('snapshot_home', object.get<CryptoKeyId>('config.keyId'), place),
      ...devicesOf(object).flatMap((device) => diskReferences('snapshot_disk', device, place)),
    );
  }
}

type Place = Pick<KeyReference, 'object' | 'name' | 'detail'>;

export function referenceOf(kind: ReferenceKind, key: CryptoKeyId | undefined, place: Place): readonly KeyReference[] {
  if (key === undefined || key.keyId === '') return [];
  return [{ kind, ...place, keyId: key.keyId, ...(key.providerId ? { provider: key.providerId.id } : {}) }];
}

function diskReferences(kind: ReferenceKind, device: VirtualDevice, place: Place): readonly KeyReference[] {
  const found: KeyReference[] = [];
  const label = device.deviceInfo?.label ?? `device ${device.key}`;
  let depth = 0;
  for (let link: DiskBacking | undefined = device.backing; link !== undefined; link = link.parent) {
    const detail = depth === 0 ? label : `${label}, link ${depth} of its chain`;
    found.push(...referenceOf(kind, link.keyId, { ...place, detail }));
    depth += 1;
  }
  return found;
}

export function devicesOf(object: RetrievedObject): readonly VirtualDevice[] {
  return object.get<readonly VirtualDevice[]>('config.hardware.device') ?? [];
}

const hasTpm = (object: RetrievedObject): boolean =>
  devicesOf(object).some((device) => device._typeName === 'VirtualTPM');

function machineOf(object: RetrievedObject, name: string): EncryptedMachine {
  const devices = devicesOf(object);
  const roots = object.get<VirtualMachineSnapshotInfo>('snapshot')?.rootSnapshotList ?? [];
  const host = object.get<ManagedObjectReference>('runtime.host')?.value;
  return {
    object: object.ref,
    name,
    template: object.get<boolean>('config.template') === true,
    poweredOn: object.get<string>('runtime.powerState') === 'poweredOn',
    locked: object.get<string>('runtime.cryptoState') === 'locked',
    changeTracking: object.get<boolean>('config.changeTrackingEnabled') === true,
    snapshots: shapeOf(roots),
    linkedClone: devices.some(({ backing }) => linksOf(backing) > roots.flatMap(flattened).length),
    vtpm: hasTpm(object),
    hasIde: devices.some((device) => device._typeName === 'VirtualIDEController' && hasDisk(devices, device.key)),
    capacityBytes: devices.reduce((sum, { capacityInBytes = 0 }) => sum + capacityInBytes, 0),
    ...(host === undefined ? {} : { host }),
  };
}

/** How many links a chain has below its newest: each snapshot makes one. */
function linksOf(backing: DiskBacking | undefined): number {
  return backing?.parent === undefined ? 0 : 1 + linksOf(backing.parent);
}

const hasDisk = (devices: readonly VirtualDevice[], controller: number): boolean =>
  devices.some(({ _typeName, controllerKey }) => _typeName === 'VirtualDisk' && controllerKey === controller);

export function shapeOf(roots: readonly VirtualMachineSnapshotTree[]): EncryptedMachine['snapshots'] {
  if (roots.length === 0) return 'none';
  const branches =
    roots.length > 1 || roots.flatMap(flattened).some((tree) => (tree.childSnapshotList ?? []).length > 1);
  return branches ? 'tree' : 'chain';
}

function flattened(tree: VirtualMachineSnapshotTree): readonly VirtualMachineSnapshotTree[] {
  return [tree, ...(tree.childSnapshotList ?? []).flatMap(flattened)];
}
