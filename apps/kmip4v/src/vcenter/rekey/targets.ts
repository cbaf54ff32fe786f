import { type EncryptedMachine, type ExaminedHost, type Inventory, type KeyReference } from '../inventory/inventory';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault, usageFault } from '../../command-line/faults';
import { idOf, type RekeyMode, type Target } from './journal';
import { counted } from '../../output/counted';

export interface Selection {
  readonly mode: RekeyMode;
  /** Names or identifiers; all where there are none. */
  readonly only: readonly string[];
  /** Names or identifiers of what is left out. */
  readonly except: readonly string[];
  /** Objects with a key of this provider alone. */
  readonly from?: string;
  /** Storage policy, which a deep re-key and first-class disks need. */
  readonly profile?: string;
}

export interface Chosen {
  readonly targets: readonly Target[];
  /** What cannot be done by this tool as it is, with what to do. */
  readonly hindered: readonly Remark[];
  /** VMs that a re-key may power off, which somebody has to agree to. */
  readonly warnings: readonly Remark[];
}

interface Remark {
  readonly name: string;
  readonly why: string;
}

/** Hosts first: a host without its key cannot take VMs; then VMs, then disks and vSAN. */
export function chooseTargets(inventory: Inventory, selection: Selection): Chosen {
  const wanted = inventory.references.filter(
    ({ provider, keyId }) => keyId !== '' && (selection.from === undefined || provider === selection.from),
  );
  const chosen: Target[] = [];
  const hindered: Remark[] = [];
  const warnings: Remark[] = [];
  for (const target of candidates(inventory, wanted)) {
    if (!isSelected(target, selection)) continue;
    const machine = inventory.machines.find((each) => idOf(each) === idOf(target));
    const why = machine === undefined ? hindranceOf(target, selection) : machineHindrance(machine, selection);
    if (why !== undefined) hindered.push({ name: target.name, why });
    else {
      chosen.push(target);
      const danger = machine && powerOffDanger(machine, inventory.hosts);
      if (danger !== undefined) warnings.push({ name: target.name, why: danger });
    }
  }
  return { targets: chosen, hindered, warnings };
}

const TARGET_KINDS: Readonly<Partial<Record<KeyReference['kind'], Target['kind']>>> = {
  host: 'host',
  vm_home: 'machine',
  vm_disk: 'machine',
  customization: 'machine',
  first_class_disk: 'first_class_disk',
  vsan: 'vsan',
};
const ORDER: readonly Target['kind'][] = ['host', 'machine', 'first_class_disk', 'vsan'];

/** Snapshots are re-keyed with their VM, and cluster policies set by hand: neither is a target. */
function candidates(inventory: Inventory, references: readonly KeyReference[]): readonly Target[] {
  const found = new Map<string, Target>();
  for (const { kind, object, name } of references) {
    const targetKind = TARGET_KINDS[kind];
    if (targetKind === undefined) continue;
    const target: Target = { kind: targetKind, object, name };
    const datastore = Object.hasOwn(inventory.datastores, object.value)
      ? inventory.datastores[object.value]
      : undefined;
    found.set(idOf(target), datastore === undefined ? target : { ...target, datastore });
  }
  return [...found.values()].sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
}

/** @param named a name, an identifier, or an identifier with its type, which no name can be taken for */
const isCalled = (target: Pick<Target, 'name' | 'object'>, named: string): boolean =>
  [target.name, target.object.value, idOf(target)].includes(named);

const isSelected = (target: Target, { only, except }: Selection): boolean =>
  (only.length === 0 || only.some((named) => isCalled(target, named))) &&
  !except.some((named) => isCalled(target, named));

/**
 * That each name is that of one thing with a key: a name which was mistyped would leave out nothing, or re-key nothing.
 * @throws CommandFault
 */
export function demandNamed({ references }: Inventory, names: readonly string[]): void {
  const objects = new Map(references.map((each) => [idOf(each), each]));
  for (const named of names) {
    const found = [...objects.values()].filter((each) => isCalled(each, named));
    if (found.length === 1) continue;
    if (found.length === 0) {
      const remedy = 'kmip4v vcenter inventory lists what has a key';
      throw new CommandFault(EXIT.notFound, `nothing that has a key is called ${named}`, remedy);
    }
    throw usageFault(
      `${counted(found.length, 'object')} are called ${named}`,
      `give one of ${found.map(idOf).join(', ')}`,
    );
  }
}

function hindranceOf({ kind }: Target, { mode, profile }: Selection): string | undefined {
  if (kind === 'first_class_disk' && profile === undefined) {
    return 'vSphere re-keys a first-class disk together with its storage policy: give the identifier of an encryption policy with --policy.';
  }
  if (kind === 'host' && mode === 'deep')
    return 'A host has nothing to encrypt anew: give it a new key by a shallow re-key.';
  return undefined;
}

function machineHindrance(machine: EncryptedMachine, { mode, profile }: Selection): string | undefined {
  if (machine.locked) return 'It is locked: kmip4v vcenter unlock finds out why.';
  if (mode === 'shallow') return shallowHindrance(machine);
  if (machine.poweredOn) return 'A deep re-key needs it powered off.';
  if (machine.snapshots !== 'none') return 'A deep re-key takes no snapshots: delete them first.';
  if (profile === undefined) return 'A deep re-key needs the identifier of its encryption policy: --policy.';
  return undefined;
}

function shallowHindrance(machine: EncryptedMachine): string | undefined {
  if (machine.snapshots === 'tree') {
    return (
      'Its snapshots branch, and vSphere re-keys a single chain alone. Delete those that branch: Snapshots > Manage Snapshots in the vSphere Client, ' +
      `or Get-VM '${machine.name}' | Get-Snapshot | Remove-Snapshot in PowerCLI, which deletes all. Then repeat this command.`
    );
  }
  if (machine.linkedClone) {
    return (
      'It is a linked clone, which vSphere does not re-key. Give it disks of its own: ' +
      `(Get-VM '${machine.name}').ExtensionData.PromoteDisks($true, $null) in PowerCLI, or clone it fully and delete it. Then repeat this command.`
    );
  }
  if (machine.hasIde && machine.poweredOn) {
    return 'It has an IDE disk, with which vSphere re-keys it powered off alone. Shut it down, repeat this command, and power it on again.';
  }
  return undefined;
}

/** ESXi 8.0 Update 3e (Broadcom KB 395110). Before it, and on 7.0, a re-key may power a VM off that has CBT (KB 387897). */
const FIRST_BUILD_WITHOUT_POWER_OFF = 24_674_464;

function powerOffDanger(machine: EncryptedMachine, hosts: readonly ExaminedHost[]): string | undefined {
  if (!machine.poweredOn || !machine.changeTracking) return undefined;
  const host = hosts.find(({ object }) => object.value === machine.host);
  if (host !== undefined && host.build >= FIRST_BUILD_WITHOUT_POWER_OFF) return undefined;
  const on =
    host === undefined ? 'a host of unknown version' : `${host.name} (ESXi ${host.version}, build ${host.build})`;
  return (
    `It runs with changed-block tracking on ${on}. ESXi before 8.0 Update 3e may power off such a VM when it is re-keyed ` +
    '(Broadcom KB 387897).'
  );
}
