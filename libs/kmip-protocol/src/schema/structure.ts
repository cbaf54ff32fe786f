import { KmipError } from '../errors';
import { type ProtocolVersion, versionOrdinal } from '../protocol-version';
import { ResultReason } from '../spec/enumerations';
import { tagName } from '../spec/tag-name';
import { type TtlvItem } from '../ttlv/ttlv.types';
import { type TtlvReader } from '../ttlv/ttlv-reader';
import { type TtlvWriter } from '../ttlv/ttlv-writer';
import { type Codec, type CodecContext } from './codec';
import { scalarCodecs, type ScalarTypes } from './scalar-codecs';

type ScalarNameOf<V> = {
  [S in keyof ScalarTypes]: [V, ScalarTypes[S]] extends [ScalarTypes[S], V] ? S : never;
}[keyof ScalarTypes];

interface FieldBase {
  readonly tag: number;
  /** First version that has the field; a message of an older version is written without it, and need not have it. */
  readonly since?: ProtocolVersion;
  /** First version that has it no more. */
  readonly until?: ProtocolVersion;
}

type IsOptional<T, K extends keyof T> = object extends Pick<T, K> ? true : false;

interface OneField<N, V, Optional> extends FieldBase {
  readonly name: N;
  readonly type: ScalarNameOf<V> | Codec<V>;
  readonly presence: Optional extends true ? 'optional' : 'required';
}

/** `many` always gives an array; `optionalMany` leaves the property out when there is no such field. */
interface ManyField<N, E, Optional> extends FieldBase {
  readonly name: N;
  readonly type: ScalarNameOf<E> | Codec<E>;
  readonly presence: Optional extends true ? 'optionalMany' : 'many';
}

/**
 * One row of a descriptor: tsc checks name, type and presence against the object it describes. A property that travels in
 * one form until a version and in another since it has a row for each.
 */
export type FieldOf<T> = {
  [K in keyof T & string]-?:
    | OneField<K, NonNullable<T[K]>, IsOptional<T, K>>
    | (NonNullable<T[K]> extends readonly (infer E)[] ? ManyField<K, E, IsOptional<T, K>> : never);
}[keyof T & string];

/** Fields that are carried as raw items, behind all others, in the order they came. */
interface RestOf<T> {
  readonly name: { [K in keyof T & string]-?: readonly TtlvItem[] extends T[K] ? K : never }[keyof T & string];
  readonly tags: readonly number[];
}

interface StructureOptions<T> {
  readonly rest?: RestOf<T>;
  /** Result Reason for a required field that is not there; Missing Data unless said otherwise. */
  readonly whenMissing?: ResultReason;
}

interface CompiledField {
  readonly name: string;
  readonly tag: number;
  readonly codec: Codec<unknown>;
  readonly many: boolean;
  readonly alwaysArray: boolean;
  /** Versions that have it, as integers: from `since` on, below `until`. */
  readonly since: number;
  readonly until: number;
  /** One bit per field, to notice one that stands twice. */
  readonly bit: number;
}

const BITS = 31;

/**
 * Reads and writes one kind of structure as a plain object, driven by a table of fields. The table is compiled once,
 * when the module loads. Fields are read in any order, because clients get it wrong (FortiOS), and always written in
 * the order of the table, which is the specification's (KMIP 1.4 §7). A known field is read whatever the version says
 * (clients send 1.4 fields under a 1.0 header); only writing is bound to the version.
 */
export class Structure<T extends object> implements Codec<T> {
  readonly #fields: readonly CompiledField[];
  readonly #byTag: ReadonlyMap<number, CompiledField>;
  readonly #requiredBits: number;
  readonly #rest: { readonly name: string; readonly tags: ReadonlySet<number> } | undefined;
  readonly #whenMissing: ResultReason;

  constructor(
    readonly title: string,
    fields: readonly FieldOf<T>[],
    options: StructureOptions<T> = {},
  ) {
    if (fields.length > BITS) throw new Error(`${title} has more than ${BITS} fields`);
    this.#fields = fields.map((field, index) => compile(field, 1 << index));
    this.#byTag = new Map(this.#fields.map((field) => [field.tag, field]));
    this.#requiredBits = fields.reduce((bits, field, at) => bits | (field.presence === 'required' ? 1 << at : 0), 0);
    this.#rest = options.rest && { name: options.rest.name, tags: new Set(options.rest.tags) };
    this.#whenMissing = options.whenMissing ?? ResultReason.MissingData;
  }

  read(reader: TtlvReader, context: CodecContext): T {
    const outer = reader.enter();
    const target: Record<string, unknown> = {};
    let seen = 0;
    while (reader.next()) {
      const field = this.#byTag.get(reader.tag);
      if (field === undefined) {
        this.#readOther(reader, target, context);
      } else if (field.many) {
        append(target, field.name, field.codec.read(reader, context));
      } else {
        if ((seen & field.bit) !== 0) throw this.#error(ResultReason.InvalidMessage, `${field.name} stands twice`);
        target[field.name] = field.codec.read(reader, context);
      }
      seen |= field?.bit ?? 0;
    }
    reader.leave(outer);
    this.#complete(target, seen, context);
    // The parse edge: every property was read by the codec that tsc checked against T, and none required is missing.
    return target as T;
  }

  write(writer: TtlvWriter, tag: number, value: T, context: CodecContext): void {
    const mark = writer.begin(tag);
    const source = value as Readonly<Record<string, unknown>>;
    for (const field of this.#fields) {
      const fieldValue = source[field.name];
      if (fieldValue === undefined || !isIn(field, context)) continue;
      if (field.many) {
        for (const element of fieldValue as readonly unknown[]) {
          field.codec.write(writer, field.tag, element, context);
        }
      } else {
        field.codec.write(writer, field.tag, fieldValue, context);
      }
    }
    if (this.#rest !== undefined) {
      for (const item of (source[this.#rest.name] ?? []) as readonly TtlvItem[]) writer.writeValue(item.tag, item);
    }
    writer.end(mark);
  }

  #readOther(reader: TtlvReader, target: Record<string, unknown>, context: CodecContext): void {
    if (this.#rest?.tags.has(reader.tag) === true) {
      append(target, this.#rest.name, reader.readItem());
    } else if (!context.skipsUnknownFields) {
      throw this.#error(ResultReason.InvalidField, `${tagName(reader.tag)} does not belong there`);
    }
  }

  #complete(target: Record<string, unknown>, seen: number, context: CodecContext): void {
    const complete = (seen & this.#requiredBits) === this.#requiredBits;
    for (const field of this.#fields) {
      if (field.alwaysArray) target[field.name] ??= [];
      if (!complete && (this.#requiredBits & ~seen & field.bit) !== 0 && isIn(field, context)) {
        throw this.#error(this.#whenMissing, `${tagName(field.tag)} is missing`);
      }
    }
  }

  #error(reason: ResultReason, what: string): KmipError {
    return new KmipError(reason, `${this.title}: ${what}`);
  }
}

const isIn = ({ since, until }: CompiledField, { version }: CodecContext): boolean =>
  version >= since && version < until;

function compile(
  field: {
    readonly name: string;
    readonly type: unknown;
    readonly presence: string;
  } & FieldBase,
  bit: number,
): CompiledField {
  const { name, tag, type, presence, since, until } = field;
  // FieldOf<T> made sure that the type is a scalar's name or a codec.
  const codec = (typeof type === 'string' ? scalarCodecs[type as keyof ScalarTypes] : type) as Codec<unknown>;
  return {
    name,
    tag,
    codec,
    many: presence === 'many' || presence === 'optionalMany',
    alwaysArray: presence === 'many',
    since: since === undefined ? 0 : versionOrdinal(since),
    until: until === undefined ? Number.POSITIVE_INFINITY : versionOrdinal(until),
    bit,
  };
}

function append(target: Record<string, unknown>, name: string, element: unknown): void {
  const elements = target[name];
  if (Array.isArray(elements)) elements.push(element);
  else target[name] = [element];
}
