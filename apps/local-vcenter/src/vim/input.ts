import { invalidRequest } from './fault';
import { type Member, membersIn, PRIMITIVES, type Schema } from './type-table';

/** Values as they came, of which every object says its type and has no members but those of it. */
export type Parameters = Readonly<Record<string, unknown>>;

/**
 * Reads the body of a method call by its parameters. What is not a value of the declared types is a malformed call, as the
 * parser of the SOAP side has it too: InvalidRequest [inferred for JSON]. Wrong case of a name is such a fault.
 */
export function readParameters(method: string, members: readonly Member[], body: unknown, schema: Schema): Parameters {
  if (body === undefined) return readMembers(schema, members, {}, method);
  if (!isRecord(body)) throw invalidRequest(`The body of ${method} is not an object`);
  const { _typeName: typeName, ...rest } = body;
  const names = new Set<unknown>([undefined, method, `${method}RequestType`]);
  if (!names.has(typeName)) throw invalidRequest(`The body of ${method} says another type`);
  return readMembers(schema, members, rest, method);
}

function readMembers(schema: Schema, declared: readonly Member[], value: Parameters, within: string): Parameters {
  const members = membersIn(schema.release, declared);
  const known = new Map(members.map((member) => [member.name, member]));
  for (const name of Object.keys(value)) {
    if (!known.has(name)) throw invalidRequest(`Unexpected member ${name} in ${within}`);
  }
  const read: Record<string, unknown> = {};
  for (const member of members) {
    const given = value[member.name];
    if (given !== undefined && given !== null)
      read[member.name] = readMember(schema, member, given, `${within}.${member.name}`);
    else if (!member.optional) throw invalidRequest(`Required member ${member.name} is missing in ${within}`);
  }
  return read;
}

function readMember(schema: Schema, member: Member, value: unknown, path: string): unknown {
  if (!member.array) return readValue(schema, member.type, value, path);
  if (!Array.isArray(value)) throw invalidRequest(`${path} is not an array`);
  return value.map((entry, index) => readValue(schema, member.type, entry, `${path}[${index}]`));
}

function readValue(schema: Schema, type: string, value: unknown, path: string): unknown {
  if (type === 'ManagedObjectReference') return readReference(value, path);
  const values = schema.types.valuesOf(type);
  if (values !== undefined) return readEnumeration(values, value, path);
  if (PRIMITIVES.has(type)) return readPrimitive(type, value, path);
  return readObject(schema, type, value, path);
}

function readObject(schema: Schema, declared: string, value: unknown, path: string): unknown {
  const { types } = schema;
  if (!isRecord(value)) throw invalidRequest(`${path} is not a ${declared}`);
  const { _typeName: said, ...rest } = value;
  if (said === undefined && types.isPolymorphic(declared)) {
    throw invalidRequest(`${path} does not say which ${declared} it is: _typeName is missing`);
  }
  const type = said ?? declared;
  if (typeof type !== 'string' || types.find(type)?.abstract !== false || !types.isA(type, declared)) {
    throw invalidRequest(`${path} is not a ${declared}`);
  }
  return { _typeName: type, ...readMembers(schema, types.membersOf(type), rest, path) };
}

/** Sent inline by everyone; the vendor's guide shows it in a box. */
function readReference(value: unknown, path: string): unknown {
  const inner = isRecord(value) && isRecord(value['_value']) ? value['_value'] : value;
  if (!isRecord(inner) || typeof inner['type'] !== 'string' || typeof inner['value'] !== 'string') {
    throw invalidRequest(`${path} is not a ManagedObjectReference`);
  }
  return { _typeName: 'ManagedObjectReference', type: inner['type'], value: inner['value'] };
}

function readEnumeration(values: ReadonlySet<string>, value: unknown, path: string): unknown {
  if (typeof value !== 'string' || !values.has(value)) throw invalidRequest(`${path} has no such value`);
  return value;
}

const RANGES: Readonly<Record<string, number>> = { byte: 2 ** 7, short: 2 ** 15, int: 2 ** 31, long: 2 ** 63 };

function readPrimitive(type: string, value: unknown, path: string): unknown {
  if (!isPrimitive(type, value)) throw invalidRequest(`${path} is not a ${type}`);
  return value;
}

function isPrimitive(type: string, value: unknown): boolean {
  const range = RANGES[type];
  if (range !== undefined) return Number.isInteger(value) && (value as number) >= -range && (value as number) < range;
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'float':
    case 'double':
      return typeof value === 'number';
    case 'dateTime':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value));
    case 'anyType':
      return true;
    default:
      return typeof value === 'string';
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
