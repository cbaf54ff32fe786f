import { reference } from '@lib/vi-json';

import { type HostRow, type SnapshotRow, type VmRow } from '../rows';
import { VimFault } from '../vim/fault';
import { type CryptoTarget, type Reconfiguration } from './crypto-targets';

/** ESXi 8.0 Update 3e; before it a recrypt may power off a running machine with changed-block tracking (KB 387897). */
const FIRST_BUILD_WITHOUT_POWER_OFF = 24_674_464;

export const invalidState = (message = 'The operation is not allowed in the current state.'): VimFault =>
  new VimFault('InvalidState', message);

export const invalidPowerState = (existingState: string, requestedState?: string): VimFault =>
  new VimFault(
    'InvalidPowerState',
    `The attempted operation cannot be performed in the current state (${powerWord(existingState)}).`,
    { existingState, ...(requestedState !== undefined && { requestedState }) },
  );

const powerWord = (state: string): string => state.replace('powered', 'Powered ').toLowerCase().replace(/^p/, 'P');

/**
 * What must hold when the work begins; the faults stand in the task. Which of them a real vCenter answers to the call
 * already is not established [inferred].
 * @throws VimFault
 */
export function checkPreconditions(vm: VmRow, host: HostRow, wanted: Reconfiguration): void {
  if (host.connection !== 'connected') {
    throw new VimFault('HostNotConnected', 'Unable to communicate with the remote host, since it is disconnected.');
  }
  if (wanted.changeVersion !== undefined && wanted.changeVersion !== vm.changeVersion) {
    throw new VimFault('ConcurrentAccess', 'The object has been modified since it was read.');
  }
  if (wanted.addsTpm && vm.power !== 'poweredOff') throw invalidPowerState(vm.power, 'poweredOff');
  for (const target of wanted.targets) checkTarget(vm, target);
}

function checkTarget(vm: VmRow, { what, spec }: CryptoTarget): void {
  const sealed = what === 'home' ? vm.home : vm.sealed[what.file];
  switch (spec._typeName) {
    case 'CryptoSpecEncrypt':
      if (sealed !== undefined) throw invalidState('The virtual machine is already encrypted.');
      checkOffAndAlone(vm);
      return;
    case 'CryptoSpecDecrypt':
    case 'CryptoSpecDeepRecrypt':
      if (sealed === undefined) throw invalidState('The virtual machine is not encrypted.');
      checkOffAndAlone(vm);
      return;
    case 'CryptoSpecShallowRecrypt':
      if (sealed === undefined) throw invalidState('The virtual machine is not encrypted.');
      checkShallow(vm);
      return;
    case 'CryptoSpecRegister':
    case 'CryptoSpecNoOp':
  }
}

function checkOffAndAlone(vm: VmRow): void {
  if (vm.power !== 'poweredOff') throw invalidPowerState(vm.power, 'poweredOff');
  if (vm.snapshots.length > 0) throw invalidState('The virtual machine has snapshots.');
}

/** Any power state; a single chain of snapshots, no linked clone; with an IDE controller powered off (GUID-F3BDF2E4). */
function checkShallow(vm: VmRow): void {
  if (vm.linkedClone) throw invalidState('The virtual machine shares disks with a linked clone.');
  if (branches(vm.snapshots)) throw invalidState('The virtual machine has a tree of snapshots.');
  if (vm.ide && vm.power !== 'poweredOff') throw invalidPowerState(vm.power, 'poweredOff');
}

export function branches(snapshots: readonly SnapshotRow[]): boolean {
  const parents = snapshots.map(({ parent }) => parent);
  return new Set(parents).size !== parents.length;
}

/** Whether a recrypt of this running machine hits the known fault of its host. */
export const powersOff = (vm: VmRow, host: HostRow): boolean =>
  vm.power === 'poweredOn' && vm.changeTracking && Number(host.build) < FIRST_BUILD_WITHOUT_POWER_OFF;

export const invalidVmState = (vm: VmRow): VimFault =>
  new VimFault('InvalidVmState', 'The operation is not supported on the virtual machine in its current state.', {
    vm: reference('VirtualMachine', vm.id),
  });
