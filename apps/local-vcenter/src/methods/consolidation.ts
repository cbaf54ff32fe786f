import { without } from '@lib/stand-in';

import { type Center } from '../center';
import { type DiskRow, type VmRow } from '../rows';
import { methodBeside, type Call, type MethodDefinition } from './method';
import { found, machineOf, start } from './virtual-machine';

const TASK = { at: 'object', returns: 'ManagedObjectReference', faults: ['TaskInProgress'] } as const;

/** What an administrator does by hand before vSphere recrypts a machine with a tree of snapshots, or a linked clone. */
export const CONSOLIDATION_METHODS: readonly MethodDefinition[] = [
  methodBeside(
    'VirtualMachine',
    'RemoveAllSnapshots_Task',
    {
      ...TASK,
      parameters: 'consolidate?: boolean',
      privilege: 'VirtualMachine.State.RemoveSnapshot',
      since: '4.0',
    },
    (call: Call<unknown>) =>
      start(call, machineOf(call), 'VirtualMachine.removeAllSnapshots', 'RemoveAllSnapshots_Task', () =>
        change(call.center, call.object.value, withoutSnapshots),
      ),
  ),
  methodBeside(
    'VirtualMachine',
    'PromoteDisks_Task',
    {
      ...TASK,
      parameters: 'unlink: boolean, disks?: VirtualDisk[]',
      privilege: 'VirtualMachine.Provisioning.PromoteDisks',
      since: '4.0',
    },
    (call: Call<{ readonly unlink: boolean }>) =>
      start(call, machineOf(call), 'VirtualMachine.promoteDisks', 'PromoteDisks_Task', () =>
        change(call.center, call.object.value, call.parameters.unlink ? unlinked : (vm) => vm),
      ),
  ),
];

async function change(center: Center, id: string, to: (vm: VmRow) => VmRow): Promise<undefined> {
  await center.inventory.put(['vm', id, to(found(center, id))]);
  return undefined;
}

/** What the links of the snapshots hold goes into the file below them; that of a linked clone's parent is not touched. */
function withoutSnapshots(vm: VmRow): VmRow {
  const kept = vm.linkedClone ? 2 : 1;
  return onDisks({ ...without(vm, 'currentSnapshot'), snapshots: [] }, (chain) => chain.slice(-kept));
}

/** Its disks stand on no other machine's any more. */
function unlinked(vm: VmRow): VmRow {
  if (!vm.linkedClone) return vm;
  return onDisks({ ...vm, linkedClone: false }, (chain) => chain.slice(0, -1));
}

/** Files that are in no chain any more are gone, with what they were sealed with. */
function onDisks(vm: VmRow, to: (chain: DiskRow['chain']) => DiskRow['chain']): VmRow {
  const disks = vm.disks.map((disk) => ({ ...disk, chain: to(disk.chain) }));
  const files = new Set(
    [...disks, ...vm.snapshots.flatMap((snapshot) => snapshot.disks)].flatMap(({ chain }) => chain),
  );
  const sealed = Object.fromEntries(Object.entries(vm.sealed).filter(([file]) => files.has(file)));
  return { ...vm, disks, sealed };
}
