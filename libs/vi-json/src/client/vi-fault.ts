import { type FaultName, isFaultOf, type MethodFault, type NoPermissionFault } from '../types/faults';
import { isReference, type ManagedObjectReference } from '../types/values';

/** A privilege that a call lacked, and the object on which it lacked it, where vCenter says so. */
export interface MissingPrivilege {
  readonly privilege: string;
  readonly object?: ManagedObjectReference;
}

/** What vCenter refused: its own words, its own type, and every privilege that it names as missing. */
export class ViFault extends Error {
  readonly typeName: string;
  readonly missingPrivileges: readonly MissingPrivilege[];

  constructor(
    /** The fault as it came, free of its wrapper. */
    readonly fault: MethodFault,
    /** `CryptoManagerKmip.GenerateKey`, or what was read. */
    readonly call: string,
    localizedMessage?: string,
  ) {
    const missing = privilegesOf(fault);
    super(describe(fault, call, localizedMessage, missing));
    this.name = 'ViFault';
    this.typeName = fault._typeName;
    this.missingPrivileges = missing;
  }

  /** NotAuthenticated extends NoPermission: ask for it first. */
  is(name: FaultName): boolean {
    return isFaultOf(this.typeName, name);
  }
}

/** A fault in data or as a body, inline or wrapped: a real vCenter's form inside TaskInfo.error is not established. */
export function readFault(value: unknown, call: string): ViFault | undefined {
  if (!isObject(value)) return undefined;
  const wrapped = isObject(value['fault']) && !isFaultBody(value['_typeName']) ? value['fault'] : undefined;
  const body = wrapped ?? value;
  if (typeof body['_typeName'] !== 'string') return undefined;
  const localized = value['localizedMessage'];
  return new ViFault(body as MethodFault, call, typeof localized === 'string' ? localized : undefined);
}

/** A fault type has a member called `fault` nowhere; the wrapper is the only one that does. */
function isFaultBody(typeName: unknown): boolean {
  return typeof typeName === 'string' && typeName !== 'LocalizedMethodFault' && isFaultOf(typeName, 'MethodFault');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function privilegesOf(fault: MethodFault): readonly MissingPrivilege[] {
  if (!isFaultOf(fault._typeName, 'NoPermission')) return [];
  const { object, privilegeId, missingPrivileges } = fault as NoPermissionFault;
  const found = new Map<string, MissingPrivilege>();
  const add = (privilege: string, on: ManagedObjectReference | undefined): void => {
    if (privilege === '') return;
    const seen = isReference(on) ? on : undefined;
    found.set(`${privilege} ${seen?.type}:${seen?.value}`, seen ? { privilege, object: seen } : { privilege });
  };
  if (privilegeId !== undefined) add(privilegeId, object);
  for (const { entity, privilegeIds } of missingPrivileges ?? []) {
    for (const id of privilegeIds ?? []) add(id, entity);
  }
  return [...found.values()];
}

function describe(
  fault: MethodFault,
  call: string,
  localizedMessage: string | undefined,
  missing: readonly MissingPrivilege[],
): string {
  const words = [fault.faultstring, localizedMessage, ...(fault.faultMessage ?? []).map(({ message }) => message)];
  const sentence = words.find((word) => word !== undefined && word !== '');
  const said = sentence === undefined ? fault._typeName : `${sentence.replace(/\.\s*$/, '')} (${fault._typeName})`;
  const lacking = missing.map(
    ({ privilege, object }) => `${privilege}${object ? ` on ${object.type}:${object.value}` : ''}`,
  );
  const privileges = lacking.length > 0 ? ` Missing: ${lacking.join(', ')}.` : '';
  return `vCenter refused ${call}: ${said}${detail(fault)}.${privileges}`;
}

/** The member of a fault that says which part of the request is meant. */
function detail(fault: MethodFault): string {
  const named =
    fault['invalidProperty'] ?? fault['reason'] ?? (fault._typeName === 'InvalidProperty' ? fault['name'] : undefined);
  return typeof named === 'string' && named !== '' ? `, ${named}` : '';
}
