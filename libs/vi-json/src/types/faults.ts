import type { DataObject, ManagedObjectReference } from './values';

/**
 * A fault as the body of an HTTP 500: members of its type, and `faultstring`, a localised sentence that may be empty
 * (seen on a live 8.0.3; T:54885).
 */
export interface MethodFault extends DataObject {
  readonly _typeName: string;
  readonly faultstring?: string;
  readonly faultCause?: FaultInData;
  readonly faultMessage?: readonly LocalizableMessage[];
  readonly [member: string]: unknown;
}

export interface LocalizableMessage extends DataObject<'LocalizableMessage'> {
  readonly key: string;
  readonly message?: string;
}

/** T:53835: the wrapper that SOAP and govmomi have around a fault inside data. */
export interface LocalizedMethodFault extends DataObject<'LocalizedMethodFault'> {
  readonly fault: MethodFault;
  readonly localizedMessage?: string;
}

/** Inline or wrapped: which of the two a real vCenter sends inside TaskInfo.error is not established, read both. */
export type FaultInData = MethodFault | LocalizedMethodFault;

export interface NoPermissionFault extends MethodFault {
  readonly _typeName: 'NoPermission' | 'NotAuthenticated';
  readonly object?: ManagedObjectReference;
  readonly privilegeId?: string;
  /** Since 7.0.3.2 */
  readonly missingPrivileges?: readonly MissingPrivileges[];
}

export interface MissingPrivileges extends DataObject<'NoPermissionEntityPrivileges'> {
  readonly entity: ManagedObjectReference;
  readonly privilegeIds?: readonly string[];
}

/** Each fault that the tool knows, with its parent (T: of reference 1.5). */
export const FAULT_PARENTS = {
  MethodFault: null,
  RuntimeFault: 'MethodFault',
  VimFault: 'MethodFault',
  SecurityError: 'RuntimeFault',
  NoPermission: 'SecurityError',
  NotAuthenticated: 'NoPermission',
  InvalidArgument: 'RuntimeFault',
  InvalidName: 'VimFault',
  InvalidRequest: 'RuntimeFault',
  MethodNotFound: 'InvalidRequest',
  InvalidType: 'InvalidRequest',
  ManagedObjectNotFound: 'RuntimeFault',
  NotSupported: 'RuntimeFault',
  SystemError: 'RuntimeFault',
  RequestCanceled: 'RuntimeFault',
  InvalidProperty: 'MethodFault',
  InvalidLogin: 'VimFault',
  InvalidLocale: 'VimFault',
  InvalidState: 'VimFault',
  InvalidPowerState: 'InvalidState',
  InvalidVmState: 'InvalidState',
  EncryptionKeyRequired: 'InvalidState',
  ResourceInUse: 'VimFault',
  TaskInProgress: 'VimFault',
  ConcurrentAccess: 'VimFault',
  AlreadyExists: 'VimFault',
  DuplicateName: 'VimFault',
  NotFound: 'VimFault',
  FileFault: 'VimFault',
  InvalidDatastore: 'VimFault',
  VmConfigFault: 'VimFault',
  InvalidVmConfig: 'VmConfigFault',
  InvalidDeviceSpec: 'InvalidVmConfig',
  InsufficientResourcesFault: 'VimFault',
  HostCommunication: 'RuntimeFault',
  HostNotConnected: 'HostCommunication',
  HostConfigFault: 'VimFault',
  Timedout: 'VimFault',
} as const satisfies Record<string, string | null>;

export type FaultName = keyof typeof FAULT_PARENTS;

/** Whether a fault is of a type or of one below it; of types that the table lacks, by name alone. */
export function isFaultOf(typeName: string, ancestor: FaultName): boolean {
  for (let name: string | null = typeName; name !== null; name = parentOf(name)) {
    if (name === ancestor) return true;
  }
  return false;
}

/** The type itself, where it is in the table; else what every fault is. */
export const knownFault = (typeName: string): FaultName =>
  Object.hasOwn(FAULT_PARENTS, typeName) ? (typeName as FaultName) : 'MethodFault';

function parentOf(name: string): string | null {
  return Object.hasOwn(FAULT_PARENTS, name) ? FAULT_PARENTS[name as FaultName] : null;
}
