import { type RowChange } from '@lib/stand-in';

import {
  type ClusterRow,
  type DatastoreRow,
  type DiskObjectRow,
  type DiskRow,
  type EncryptionWish,
  type FolderRow,
  type HostRow,
  type Rows,
  type SnapshotRow,
  type VmRow,
} from '../rows';
import { Dice } from './dice';

/** One kind of machine of the mix. */
interface Profile {
  readonly name: string;
  /** Share among the machines beyond the first ten. */
  readonly weight: number;
  readonly wanted: EncryptionWish;
  readonly disks?: number;
  readonly power?: VmRow['power'];
  readonly template?: true;
  readonly tpm?: true;
  readonly ide?: true;
  readonly changeTracking?: true;
  readonly linkedClone?: true;
  readonly diskObject?: true;
  readonly snapshots?: 'chain' | 'tree';
}

/** The first ten machines are one of each of the first ten: whoever handles those meets everything that is common. */
const PROFILES: readonly Profile[] = [
  { name: 'web', weight: 40, wanted: 'one_key', disks: 1 },
  { name: 'database', weight: 12, wanted: 'own_disk_keys', disks: 3 },
  { name: 'backup', weight: 10, wanted: 'one_key', disks: 2, changeTracking: true },
  { name: 'archive', weight: 8, wanted: 'one_key', disks: 2, power: 'poweredOff' },
  { name: 'payroll', weight: 6, wanted: 'one_key', disks: 1, snapshots: 'chain' },
  { name: 'template', weight: 5, wanted: 'one_key', disks: 1, power: 'poweredOff', template: true },
  { name: 'desktop', weight: 4, wanted: 'home', disks: 1, tpm: true },
  { name: 'legacy', weight: 3, wanted: 'one_key', disks: 1, ide: true, power: 'poweredOff' },
  { name: 'plain', weight: 5, wanted: 'nothing', disks: 1 },
  { name: 'volumes', weight: 3, wanted: 'one_key', disks: 1, diskObject: true },
  { name: 'lab', weight: 2, wanted: 'one_key', disks: 1, snapshots: 'tree', power: 'poweredOff' },
  { name: 'clone', weight: 1, wanted: 'one_key', disks: 1, linkedClone: true, power: 'poweredOff' },
  { name: 'legacy-running', weight: 1, wanted: 'one_key', disks: 1, ide: true },
];
/** What a shallow recrypt cannot be done to as it is: trees of snapshots, linked clones, IDE disks of running machines. */
const BY_HAND_FIRST: ReadonlySet<string> = new Set(['lab', 'clone', 'legacy-running']);

export type Mix = 'usual' | 'movable' | 'each';

export interface SeedWish {
  readonly machines: number;
  /** The same seed is the same inventory. */
  readonly seed: number;
  /** Of the machines beyond the first ten: by weights, without those that need a hand first, or every kind in turn. */
  readonly mix: Mix;
}

const MACHINES_IN_CLUSTER = 250;
const CREATED = '2025-01-01T00:00:00.000000Z';
const DATACENTER = 'datacenter-3';
const VM_FOLDER = 'group-v4';
const HOST_FOLDER = 'group-h5';
const DATASTORE_FOLDER = 'group-s6';
/** 8.0 Update 3e, and an earlier one with the fault of KB 387897. */
const BUILDS = { fixed: '24674464', earlier: '24280767' } as const;

/** Rows of an inventory: nothing is encrypted yet, as nothing can be without a key provider. */
export function seedRows({ machines, mix, seed }: SeedWish): readonly RowChange<Rows>[] {
  const dice = new Dice(seed);
  const clusters = clustersFor(machines);
  const hosts = clusters.flatMap((cluster, index) => hostsOf(cluster, index, machines, dice));
  const datastores = clusters.map(datastoreOf);
  const diskObjects = Array.from({ length: Math.max(1, Math.floor(machines / 100)) }, (_, index) =>
    diskObjectOf(`fcd-${index + 1}`, datastores[index % datastores.length]?.id ?? '', dice),
  );
  const vms: VmRow[] = [];
  const attached: DiskObjectRow[] = [];
  for (let index = 0; index < machines; index += 1) {
    const cluster = index % clusters.length;
    const members = hosts.filter((host) => host.cluster === clusters[cluster]?.id);
    const host = members[dice.below(members.length)]?.id ?? '';
    const vm = machine(index, profileOf(index, mix, dice), { host, datastore: datastores[cluster]?.id ?? '' }, dice);
    vms.push(vm);
    attached.push(...attachedDisks(vm, dice));
  }
  return [
    ...folders().map((row) => ['folder', row.id, row] as const),
    ...clusters.map((row) => ['cluster', row.id, row] as const),
    ...hosts.map((row) => ['host', row.id, row] as const),
    ...datastores.map((row) => ['datastore', row.id, row] as const),
    ...vms.map((row) => ['vm', row.id, row] as const),
    ...[...diskObjects, ...attached].map((row) => ['diskObject', row.id, row] as const),
  ];
}

const folders = (): FolderRow[] => [
  { id: DATACENTER, type: 'Datacenter', name: 'Datacenter', parent: 'group-d1' },
  { id: VM_FOLDER, type: 'Folder', name: 'vm', parent: DATACENTER },
  { id: HOST_FOLDER, type: 'Folder', name: 'host', parent: DATACENTER },
  { id: DATASTORE_FOLDER, type: 'Folder', name: 'datastore', parent: DATACENTER },
];

/** Every second one has vSAN. */
const clustersFor = (machines: number): ClusterRow[] =>
  Array.from({ length: Math.max(2, Math.ceil(machines / MACHINES_IN_CLUSTER)) }, (_, index) => ({
    id: `domain-c${index + 10}`,
    name: `cluster-${index + 1}`,
    folder: HOST_FOLDER,
    cryptoMode: 'onDemand',
    vsan: index % 2 === 1,
  }));

function hostsOf(cluster: ClusterRow, index: number, machines: number, dice: Dice): HostRow[] {
  const count = machines > MACHINES_IN_CLUSTER ? 8 : 2;
  return Array.from({ length: count }, (_, number) => ({
    id: `host-${index * 100 + number + 100}`,
    name: `esxi-${index + 1}-${number + 1}.example.com`,
    cluster: cluster.id,
    uuid: dice.uuid(),
    connection: 'connected',
    cryptoState: 'incapable',
    bootTime: CREATED,
    version: '8.0.3',
    build: index === 0 ? BUILDS.earlier : BUILDS.fixed,
  }));
}

const datastoreOf = (cluster: ClusterRow, index: number): DatastoreRow => ({
  id: `datastore-${index + 50}`,
  name: cluster.vsan ? `vsan-${index + 1}` : `vmfs-${index + 1}`,
  folder: DATASTORE_FOLDER,
  type: cluster.vsan ? 'vsan' : 'VMFS',
});

function profileOf(index: number, mix: Mix, dice: Dice): Profile {
  const [first] = PROFILES;
  if (first === undefined) throw new Error('the mix is empty');
  if (mix === 'each' || index < 10) return PROFILES[index % PROFILES.length] ?? first;
  const profiles = mix === 'movable' ? PROFILES.filter(({ name }) => !BY_HAND_FIRST.has(name)) : PROFILES;
  let left = dice.below(profiles.reduce((sum, { weight }) => sum + weight, 0));
  return profiles.find(({ weight }) => (left -= weight) < 0) ?? first;
}

interface Place {
  readonly host: string;
  readonly datastore: string;
}

function machine(index: number, profile: Profile, place: Place, dice: Dice): VmRow {
  const name = `${profile.name}-${String(index + 1).padStart(4, '0')}`;
  const disks = Array.from({ length: profile.disks ?? 1 }, (_, number) =>
    disk(name, place.datastore, number, profile, dice),
  );
  const id = `vm-${index + 1001}`;
  const { snapshots, disks: current } = withSnapshots(id, disks, profile);
  const newest = snapshots.at(-1);
  return {
    id,
    name,
    folder: VM_FOLDER,
    ...place,
    uuid: dice.uuid(),
    instanceUuid: dice.uuid(),
    template: profile.template ?? false,
    power: profile.power ?? 'poweredOn',
    disks: current,
    sealed: {},
    snapshots,
    ...(newest && { currentSnapshot: newest.id }),
    tpm: profile.tpm ?? false,
    ide: profile.ide ?? false,
    changeTracking: profile.changeTracking ?? false,
    linkedClone: profile.linkedClone ?? false,
    changeVersion: CREATED,
    recrypts: 0,
    wanted: profile.wanted,
  };
}

function disk(vm: string, datastore: string, number: number, profile: Profile, dice: Dice): DiskRow {
  const file = `[${datastore}] ${vm}/${vm}${number === 0 ? '' : `_${number}`}.vmdk`;
  return {
    key: profile.ide === undefined ? 2000 + number : 3000 + number,
    label: `Hard disk ${number + 1}`,
    capacityInKB: (8 + dice.below(120)) * 1024 * 1024,
    controllerKey: profile.ide === undefined ? 1000 : 200,
    unitNumber: number,
    // A linked clone has what differs from the machine whose disk it shares.
    chain: profile.linkedClone ? [file, `[${datastore}] golden-image/golden-image.vmdk`] : [file],
    ...(profile.diskObject && { diskObject: dice.uuid() }),
  };
}

/** Two snapshots in a row, or one with two branches. Each adds a link in front of the disk's chain. */
function withSnapshots(
  vm: string,
  disks: readonly DiskRow[],
  { snapshots: shape, power = 'poweredOn' }: Profile,
): Pick<VmRow, 'snapshots' | 'disks'> {
  if (shape === undefined) return { snapshots: [], disks };
  const linked = (from: readonly DiskRow[], link: string): DiskRow[] =>
    from.map((one) => ({ ...one, chain: [(one.chain.at(-1) ?? '').replace('.vmdk', `-${link}.vmdk`), ...one.chain] }));
  const snapshot = (number: number, at: readonly DiskRow[], parent?: string): SnapshotRow => ({
    id: `snapshot-${vm.replace('vm-', '')}${number}`,
    number,
    name: `snapshot ${number}`,
    ...(parent !== undefined && { parent }),
    createTime: CREATED,
    state: power,
    disks: at,
  });
  const first = snapshot(1, disks);
  const second = snapshot(2, linked(disks, '000001'), first.id);
  const current = linked(second.disks, '000002');
  if (shape === 'chain') return { snapshots: [first, second], disks: current };
  const branch = snapshot(3, linked(disks, '000003'), first.id);
  return { snapshots: [first, second, branch], disks: linked(branch.disks, '000004') };
}

const diskObjectOf = (name: string, datastore: string, dice: Dice): DiskObjectRow => ({
  id: dice.uuid(),
  name,
  datastore,
  file: `[${datastore}] fcd/${name}.vmdk`,
  capacityInMB: 10_240,
  createTime: CREATED,
});

function attachedDisks(vm: VmRow, dice: Dice): DiskObjectRow[] {
  return vm.disks.flatMap(({ diskObject, chain: [file = ''] }) =>
    diskObject === undefined
      ? []
      : [{ ...diskObjectOf(`${vm.name}-volume`, vm.datastore, dice), id: diskObject, file, attachedTo: vm.id }],
  );
}
