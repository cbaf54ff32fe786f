import { type ManagedObjectReference, reference, type VirtualMachineConfigSpec } from '@lib/vi-json';

import { type Center } from '../center';
import { invalidPowerState, invalidState, invalidVmState } from '../inventory/crypto-preconditions';
import { keyOf, PRIVILEGE_OF, readReconfiguration } from '../inventory/crypto-targets';
import { type HostRow, type UserRow, type VmRow } from '../rows';
import { type TaskRequest } from '../tasks';
import { demand } from '../users';
import { notFound, VimFault } from '../vim/fault';
import { type Call, method, type MethodDefinition } from './method';

const TASK = { at: 'object', returns: 'ManagedObjectReference' } as const;

/** Operations of virtual machines, as far as they have to do with keys. */
export const VIRTUAL_MACHINE_METHODS: readonly MethodDefinition[] = [
  method(
    'VirtualMachine',
    'ReconfigVM_Task',
    {
      ...TASK,
      parameters: 'spec: VirtualMachineConfigSpec',
      faults: ['InvalidArgument', 'InvalidDeviceSpec', 'TaskInProgress', 'NoPermission'],
      taskFaults: [
        'ConcurrentAccess',
        'EncryptionKeyRequired',
        'HostNotConnected',
        'InvalidArgument',
        'InvalidPowerState',
        'InvalidState',
        'SystemError',
      ],
    },
    reconfigure,
  ),
  method(
    'VirtualMachine',
    'CryptoUnlock_Task',
    {
      ...TASK,
      privilege: 'Cryptographer.RegisterVM',
      since: '6.7',
      faults: ['NotSupported', 'TaskInProgress'],
      taskFaults: ['InvalidState', 'InvalidVmState'],
    },
    (call) => {
      const vm = machineOf(call);
      if (vm.home === undefined) throw new VimFault('NotSupported', 'The operation is not supported on the object.');
      return start(call, vm, 'VirtualMachine.cryptoUnlock', 'CryptoUnlock_Task', () => unlock(call.center, vm.id));
    },
  ),
  method(
    'VirtualMachine',
    'PowerOnVM_Task',
    {
      ...TASK,
      parameters: 'host?: ManagedObjectReference',
      privilege: 'VirtualMachine.Interact.PowerOn',
      faults: ['NotSupported', 'TaskInProgress'],
      taskFaults: ['EncryptionKeyRequired', 'HostNotConnected', 'InvalidPowerState'],
    },
    (call) => {
      const vm = machineOf(call);
      if (vm.template) throw new VimFault('NotSupported', 'The operation is not supported on the object.');
      return start(call, vm, 'VirtualMachine.powerOn', 'PowerOnVM_Task', () => powerOn(call.center, vm.id));
    },
  ),
  method(
    'VirtualMachine',
    'PowerOffVM_Task',
    {
      ...TASK,
      privilege: 'VirtualMachine.Interact.PowerOff',
      faults: ['TaskInProgress'],
      taskFaults: ['InvalidPowerState'],
    },
    (call) => {
      const vm = machineOf(call);
      return start(call, vm, 'VirtualMachine.powerOff', 'PowerOffVM_Task', async () => {
        const now = found(call.center, vm.id);
        if (now.power === 'poweredOff') throw invalidPowerState(now.power, 'poweredOff');
        await call.center.inventory.put(['vm', now.id, { ...now, power: 'poweredOff' }]);
        return undefined;
      });
    },
  ),
];

export function machineOf({ center, object }: Call<unknown>): VmRow {
  const vm = center.inventory.vm(object.value);
  if (vm === undefined) throw notFound(object);
  return vm;
}

export function found({ inventory }: Center, id: string): VmRow {
  const vm = inventory.vm(id);
  if (vm === undefined) throw invalidState('The virtual machine was removed.');
  return vm;
}

/** One task at a time changes a machine: others are told to try later. */
export function start(
  { center, object, user }: Call<unknown>,
  vm: VmRow,
  descriptionId: string,
  name: string,
  work: TaskRequest['work'],
  more: Partial<TaskRequest> = {},
): ManagedObjectReference {
  const busy = center.tasks.on(object);
  if (busy !== undefined) {
    throw new VimFault('TaskInProgress', 'Another task is already in progress.', { task: reference('Task', busy.id) });
  }
  return center.tasks.start({
    descriptionId,
    name,
    entity: object,
    entityName: vm.name,
    userName: user.name,
    work,
    ...more,
  });
}

function reconfigure(call: Call<{ readonly spec: VirtualMachineConfigSpec }>): ManagedObjectReference {
  const { center, object, parameters, user } = call;
  const vm = machineOf(call);
  const wanted = readReconfiguration(vm, parameters.spec);
  const host = center.inventory.host(vm.host);
  for (const { spec } of wanted.targets) {
    const privilege = PRIVILEGE_OF[spec._typeName];
    if (privilege !== undefined) demand(user, privilege, object);
    const key = keyOf(spec);
    if (host !== undefined && key !== undefined) center.machines.providerFor(key, host);
  }
  if (wanted.addsTpm) demand(user, 'VirtualMachine.Config.AddRemoveDevice', object);
  if (host !== undefined && wanted.targets.length > 0) demandHost(user, host);
  const work: TaskRequest['work'] = async (cut) => {
    await center.machines.reconfigure(vm.id, wanted, cut);
    return undefined;
  };
  return start(call, vm, 'VirtualMachine.reconfigure', 'ReconfigVM_Task', work, { cancelable: true });
}

/** A host that is not crypto safe yet becomes so with its first encrypted machine, for which the caller needs a right. */
function demandHost(user: UserRow, host: HostRow): void {
  if (host.cryptoState !== 'safe') demand(user, 'Cryptographer.RegisterHost', reference('HostSystem', host.id));
}

/** Sends the keys of home and disks to the host. InvalidState without the provider, InvalidVmState when it fails. */
async function unlock(center: Center, id: string): Promise<undefined> {
  const vm = found(center, id);
  if (vm.home !== undefined && center.providers.find(vm.home.providerId) === undefined) {
    throw invalidState('The key provider of the virtual machine is not configured.');
  }
  try {
    await center.machines.provideKeys(vm);
  } catch (error) {
    if (error instanceof VimFault) throw invalidVmState(vm);
    throw error;
  }
  return undefined;
}

/**
 * The keys of the disks are fetched now. A machine whose home is locked is not powered on: it is unlocked first.
 * That EncryptionKeyRequired stands in the task and not in the answer to the call is inferred.
 */
async function powerOn(center: Center, id: string): Promise<undefined> {
  const vm = found(center, id);
  const host = center.inventory.host(vm.host);
  if (host?.connection !== 'connected') {
    throw new VimFault('HostNotConnected', 'Unable to communicate with the remote host, since it is disconnected.');
  }
  if (vm.power !== 'poweredOff') throw invalidPowerState(vm.power, 'poweredOff');
  await center.machines.provideKeys(vm);
  await center.inventory.put(['vm', id, { ...found(center, id), power: 'poweredOn' }]);
  return undefined;
}
