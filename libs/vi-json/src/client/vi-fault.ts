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
  const said = [sentenceOf(fault, localizedMessage), `(${fault._typeName})`].filter((part) => part !== '').join(' ');
  const lacking = missing.map(
    ({ privilege, object }) => `${privilege}${object ? ` on ${object.type}:${object.value}` : ''}`,
  );
  const privileges = lacking.length > 0 ? ` Missing: ${lacking.join(', ')}.` : '';
  return `vCenter refused ${call}: ${said}${detail(fault, said)}.${privileges}${causeOf(fault)}`;
}

/** vCenter's own words, without the full stop; empty where it has none. */
function sentenceOf({ faultstring, faultMessage }: MethodFault, localizedMessage: string | undefined): string {
  const words: readonly unknown[] = [faultstring, localizedMessage, ...messagesIn(faultMessage)];
  const sentence = words.find((word) => typeof word === 'string' && word !== '');
  return typeof sentence === 'string' ? sentence.slice(0, LONGEST_SENTENCE).replace(/\.\s*$/, '') : '';
}

/** Whatever it is: what comes from elsewhere need not be a list. */
function messagesIn(value: unknown): readonly unknown[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.map((each) => (isObject(each) ? each['message'] : undefined));
}

const TOLD_OTHERWISE = ['_typeName', 'faultstring', 'faultMessage', 'faultCause'];
const OF_PRIVILEGES = ['object', 'privilegeId', 'missingPrivileges'];
const LONGEST_DETAIL = 300;
const LONGEST_SENTENCE = 2_000;

/** Members of its type, which say what is meant: a part of the request, an object, keys. */
function detail(fault: MethodFault, said: string): string {
  const skipped = isFaultOf(fault._typeName, 'NoPermission') ? [...TOLD_OTHERWISE, ...OF_PRIVILEGES] : TOLD_OTHERWISE;
  const members = Object.entries(fault).flatMap(([name, value]) => {
    const text = skipped.includes(name) ? '' : textOf(value);
    return text === '' || said.includes(text) ? [] : [`${name} ${text}`];
  });
  return members.length === 0 ? '' : `: ${members.join(', ').slice(0, LONGEST_DETAIL)}`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value))
    return value
      .map(textOf)
      .filter((text) => text !== '')
      .join(' and ');
  if (isReference(value)) return `${value.type}:${value.value}`;
  if (!isObject(value) || typeof value['keyId'] !== 'string') return '';
  const provider = isObject(value['providerId']) ? value['providerId']['id'] : undefined;
  return typeof provider === 'string' ? `${value['keyId']} of ${provider}` : value['keyId'];
}

/** What vCenter names as the cause of it: one, since a chain may be as long as somebody likes. */
function causeOf({ faultCause }: MethodFault): string {
  const cause = readFault(faultCause, '')?.fault;
  if (cause === undefined) return '';
  const said = [sentenceOf(cause, undefined), `(${cause._typeName})`].filter((part) => part !== '').join(' ');
  return ` Cause: ${said}${detail(cause, said)}.`;
}
