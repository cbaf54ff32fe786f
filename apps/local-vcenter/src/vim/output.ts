import { type Member, PRIMITIVES } from './type-table';
import { VIM25 } from './vim25';

/**
 * Where vCenters differ, or nobody has published what they do. A client has to stand each; the tests of ours run with the
 * unkind ones too.
 */
export interface WireForm {
  /** `_typeName` on every object (8.0.3's pages show it) or only where it decides (a live 8.0.3 left it out). */
  readonly typeNames: 'everywhere' | 'where_needed';
  readonly faultsInData: 'inline' | 'wrapped';
  /** A nullable answer that is unset. */
  readonly nothing: 'no_content' | 'empty' | 'null';
}

interface Writing extends WireForm {
  /** Of the caller, who is shown no member that is newer. Unset for what is written again on its way out. */
  readonly release?: string;
}

/** A value of a declared type as it goes on the wire. `type` may end in `[]`. */
export function writeValue(type: string, value: unknown, form: Writing): unknown {
  if (type.endsWith('[]')) {
    return (value as readonly unknown[]).map((entry) => writeValue(type.slice(0, -2), entry, form));
  }
  return write({ name: '', type, array: false, optional: false }, value, form, true);
}

/** The same where Any is declared: objects as they are, all else in a box. */
export function boxValue(type: string, value: unknown, form: WireForm): unknown {
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2);
    const name = `ArrayOf${element.charAt(0).toUpperCase()}${element.slice(1)}`;
    return { _typeName: name, _value: writeValue(type, value, form) };
  }
  if (isBoxed(type)) return { _typeName: type, _value: value };
  return write({ name: '', type: 'anyType', array: false, optional: false }, withType(type, value), form, true);
}

const isBoxed = (type: string): boolean =>
  type !== 'ManagedObjectReference' && (PRIMITIVES.has(type) || VIM25.valuesOf(type) !== undefined);

function withType(type: string, value: unknown): object {
  return { _typeName: type, ...(value as object) };
}

/** `shown` says that the type cannot be told from where the value stands. */
function write(member: Member, value: unknown, form: Writing, shown = false): unknown {
  if (member.array)
    return (value as readonly unknown[]).map((entry) => write({ ...member, array: false }, entry, form));
  if (typeof value !== 'object' || value === null) return value;
  const { _typeName: said, ...rest } = value as Readonly<Record<string, unknown>>;
  const type = typeof said === 'string' ? said : member.type;
  const element = elementOf(type);
  if (element !== undefined) return { _typeName: type, _value: writeValue(`${element}[]`, rest['_value'], form) };
  const written = VIM25.find(type) === undefined ? rest : writeMembers(type, rest, form);
  const isNamed = form.typeNames === 'everywhere' || shown || mustBeNamed(member.type, type);
  return isNamed ? { _typeName: type, ...written } : written;
}

/** Of an array in a box. */
const elementOf = (type: string): string | undefined => {
  const element = type.startsWith('ArrayOf') ? type.slice('ArrayOf'.length) : undefined;
  return element !== undefined && VIM25.find(element) !== undefined ? element : undefined;
};

const mustBeNamed = (declared: string, type: string): boolean =>
  declared === 'anyType' || type !== declared || VIM25.isPolymorphic(declared);

function writeMembers(type: string, value: Readonly<Record<string, unknown>>, form: Writing): object {
  const written: Record<string, unknown> = {};
  for (const member of VIM25.membersOf(type, form.release)) {
    const given = value[member.name];
    if (given !== undefined) written[member.name] = write(member, given, form);
  }
  return written;
}
