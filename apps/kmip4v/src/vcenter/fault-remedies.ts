import { type FaultName, knownFault, ViFault } from '@lib/vi-json';

import { EXIT, type ExitCode } from '../command-line/exit-codes';

type Remedy = readonly [exit: ExitCode, remedy: string];

const OTHER_VERSION: Remedy = [
  EXIT.failed,
  'this vCenter does not know what was asked: update kmip4v, and report it with the version of the vCenter',
];
const WRONG_VALUE: Remedy = [EXIT.failed, 'look at what is named, in vCenter and in the options that were given'];
const IN_THE_WAY: Remedy = [EXIT.failed, 'look at its state in vCenter, change it there, and repeat the command'];
const LATER: Remedy = [EXIT.unavailable, 'wait until what works on it has ended, and repeat the command'];
const LOG: Remedy = [EXIT.failed, 'look into vpxd.log of the vCenter at this time, and repeat the command'];
const KEYS: Remedy = [EXIT.failed, 'kmip4v vcenter unlock --dry-run says why the key cannot be had'];
const NAMED: Remedy = [EXIT.failed, 'choose another name, or look at what has it'];
const ROOM: Remedy = [EXIT.failed, 'look at the datastore and its free space in vCenter, and repeat the command'];
const HOST: Remedy = [EXIT.failed, 'connect the host in vCenter, and repeat the command'];

/** What to do about each fault that is known, and how the command ends. */
const REMEDIES: Readonly<Record<FaultName, Remedy>> = {
  MethodFault: LOG,
  RuntimeFault: LOG,
  VimFault: LOG,
  SystemError: LOG,
  SecurityError: [EXIT.refused, 'ask the administrator of the vCenter what this user may do'],
  NoPermission: [EXIT.refused, 'give the user a role with the privileges that are named'],
  NotAuthenticated: [EXIT.refused, 'repeat the command; if it happens again, see who ends sessions in vCenter'],
  InvalidLogin: [EXIT.refused, 'check user and password: vCenter locks accounts after a few wrong ones'],
  InvalidLocale: OTHER_VERSION,
  InvalidArgument: WRONG_VALUE,
  InvalidName: NAMED,
  DuplicateName: NAMED,
  AlreadyExists: NAMED,
  InvalidRequest: OTHER_VERSION,
  MethodNotFound: OTHER_VERSION,
  InvalidType: OTHER_VERSION,
  InvalidProperty: OTHER_VERSION,
  ManagedObjectNotFound: [EXIT.notFound, 'it is gone from vCenter: look again'],
  NotFound: [EXIT.notFound, 'it is gone from vCenter: look again'],
  NotSupported: [EXIT.failed, 'vSphere does not do this with such an object: look at its version and settings'],
  RequestCanceled: [EXIT.failed, 'somebody cancelled it in vCenter: repeat the command'],
  InvalidState: IN_THE_WAY,
  InvalidPowerState: [EXIT.failed, 'power the VM on or off as vSphere wants it, and repeat the command'],
  InvalidVmState: KEYS,
  EncryptionKeyRequired: KEYS,
  ResourceInUse: [EXIT.failed, 'something uses it still: kmip4v vcenter inventory lists what does'],
  TaskInProgress: LATER,
  ConcurrentAccess: [EXIT.unavailable, 'somebody changed it meanwhile: repeat the command'],
  Timedout: [EXIT.unavailable, 'vCenter was too busy: repeat the command later'],
  FileFault: ROOM,
  InvalidDatastore: ROOM,
  InsufficientResourcesFault: [EXIT.failed, 'free what the cluster lacks, and repeat the command'],
  VmConfigFault: IN_THE_WAY,
  InvalidVmConfig: IN_THE_WAY,
  InvalidDeviceSpec: IN_THE_WAY,
  HostCommunication: HOST,
  HostNotConnected: HOST,
  HostConfigFault: HOST,
};

export const remedyFor = ({ typeName }: ViFault): Remedy => REMEDIES[knownFault(typeName)];

/** Where many things are told of in one table: what vCenter said, and what to do about it. */
export function toldOfOne(error: unknown): string {
  if (!(error instanceof ViFault)) return error instanceof Error ? error.message : String(error);
  const [, remedy] = remedyFor(error);
  return `${error.message} What to do: ${remedy}.`;
}
