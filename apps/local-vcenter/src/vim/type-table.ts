/** One member of a data object, as the WSDL declares it. */
export interface Member {
  readonly name: string;
  readonly type: string;
  readonly array: boolean;
  readonly optional: boolean;
  /** Release in which it came, where that is later than 6.7. */
  readonly since?: string;
}

export interface DataType {
  readonly name: string;
  readonly base?: string;
  /** Several types may stand where this one is declared: `_typeName` decides, and is not optional. */
  readonly abstract: boolean;
  readonly own: readonly Member[];
}

/**
 * Types in the short form of the tables beside this file. The key is the name, `*` behind it says abstract, `< Base` what it
 * extends; the value lists members, `name?: type[] @since`.
 */
export type Declarations = Readonly<Record<string, string>>;

const HEAD = /^(\w+)(\*?)(?: < (\w+))?$/;
const MEMBER = /^(\w+)(\??): (\w+)(\[\])?(?: @([\d.]+))?$/;

export const PRIMITIVES: ReadonlySet<string> = new Set([
  'string',
  'boolean',
  'byte',
  'short',
  'int',
  'long',
  'float',
  'double',
  'dateTime',
  'binary',
  'anyType',
  'ManagedObjectReference',
]);

/** Members in the short form; also used for the parameters of methods. */
export function parseMembers(text: string): readonly Member[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const [, name, optional, type, array, since] = MEMBER.exec(part) ?? [];
      if (name === undefined || type === undefined) throw new Error(`not a member: ${part}`);
      return { name, type, array: array !== undefined, optional: optional === '?', ...(since && { since }) };
    });
}

/** The release in the path or the namespace of a call decides what its caller may send and is shown. */
export const membersIn = (release: string, members: readonly Member[]): readonly Member[] =>
  members.filter(({ since }) => since === undefined || !isNewer(since, release));

function isNewer(one: string, other: string): boolean {
  const [ours, theirs] = [one, other].map((release) => release.split('.').map(Number));
  const at = (ours ?? []).findIndex((part, index) => part !== (theirs?.[index] ?? 0));
  return at !== -1 && (ours?.[at] ?? 0) > (theirs?.[at] ?? 0);
}

/** By which types a call is read and answered, and of which release its caller is. */
export interface Schema {
  readonly types: TypeTable;
  readonly release: string;
}

/** What vim25 knows about its data, as far as this stand-in serves it. */
export class TypeTable {
  readonly #types = new Map<string, DataType>();
  readonly #enums = new Map<string, ReadonlySet<string>>();
  readonly #extended = new Set<string>();

  constructor(declarations: readonly Declarations[], enums: Declarations) {
    for (const [name, values] of Object.entries(enums)) this.#enums.set(name, new Set(values.split(' ')));
    for (const [head, members] of declarations.flatMap(Object.entries<string>)) {
      const [, name, star, base] = HEAD.exec(head) ?? [];
      if (name === undefined) throw new Error(`not a type: ${head}`);
      this.#types.set(name, { name, ...(base && { base }), abstract: star === '*', own: parseMembers(members) });
      if (base !== undefined) this.#extended.add(base);
    }
  }

  get types(): readonly DataType[] {
    return [...this.#types.values()];
  }

  find(name: string): DataType | undefined {
    return this.#types.get(name);
  }

  /** Values of an enumeration; undefined when the name is none. */
  valuesOf(name: string): ReadonlySet<string> | undefined {
    return this.#enums.get(name);
  }

  /** Those that a release has, or all there are; inherited ones first. */
  membersOf(name: string, release?: string): readonly Member[] {
    const type = this.#types.get(name);
    if (type === undefined) throw new Error(`the type table lacks ${name}`);
    const inherited = type.base === undefined ? [] : this.membersOf(type.base, release);
    return [...inherited, ...(release === undefined ? type.own : membersIn(release, type.own))];
  }

  isA(name: string, ancestor: string): boolean {
    for (let type = this.#types.get(name); type !== undefined; type = this.#types.get(type.base ?? '')) {
      if (type.name === ancestor) return true;
    }
    return false;
  }

  /** Another type than the declared one may stand there. */
  isPolymorphic(name: string): boolean {
    return this.#extended.has(name) || this.#types.get(name)?.abstract === true;
  }
}
