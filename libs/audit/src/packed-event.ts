import { ACTION_CODES, SHAPES, WORDS } from './audit-codes';

/*
 * An event as the database stores it: what the database searches by at fixed places, and the canonical text in a body.
 *
 *   0       form of the body
 *   1..8    occurredAt, milliseconds since 1970
 *   9..10   action, by ACTION_CODES; 0: none of them
 *   11      1: a failure
 *   12      length of the target
 *   13..    target, as `packedTarget` has it
 *   then    the body
 *
 * The hash chain is over the text, so that the form may change without it. What is packed once must unpack forever.
 */

/** The text itself, in UTF-8. */
const TEXT = 0;
/** Values of JSON, each by a first byte and what follows it. */
const VALUES = 1;

const HEAD_BYTES = 13;
const MAXIMUM_TARGET = 255;

/** First bytes. Smaller ones are the length of a string that follows. */
const CODE = {
  text: 0x80,
  uuid: 0x81,
  sha256: 0x82,
  ipv4: 0x83,
  integer: 0x84,
  number: 0x85,
  null: 0x86,
  true: 0x87,
  false: 0x88,
  object: 0x89,
  array: 0x8a,
  /** What the head or the row says already. */
  instance: 0x8b,
  time: 0x8c,
  action: 0x8d,
  target: 0x8e,
  shape: 0x90,
  word: 0xb0,
} as const;

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const SHA256 = /^[\da-f]{64}$/;
const IPV4 = /^(?:(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])(?:\.|$)){4}(?<!\.)$/;

const wordCodes = new Map(WORDS.map((word, index) => [word, CODE.word + index]));
const shapeCodes = new Map(SHAPES.map((names, index) => [names.join(), CODE.shape + index]));
const actionCodes: ReadonlyMap<unknown, number> = new Map(Object.entries(ACTION_CODES));
const actionNames = new Map(Object.entries(ACTION_CODES).map(([name, code]) => [code, name]));

/** What is at hand when an event is read, and need not be in its body. */
interface Known {
  readonly instance: string;
  readonly time: string | undefined;
  readonly action: string | undefined;
  readonly target: string | undefined;
}

/** @param text what `canonicalAuditEvent` gives; any other that UTF-8 can hold is kept as it is */
export function packAuditEvent(text: string, instanceId: string): Buffer {
  const event = parsed(text);
  const head = headOf(event);
  // Of everything that JSON would write otherwise, and of half surrogate pairs, the text is kept.
  if (event === undefined || JSON.stringify(event) !== text || text.includes(String.raw`\ud`)) {
    return Buffer.concat([head, Buffer.from(text)]);
  }
  head[0] = VALUES;
  const writer = new Writer(head, text.length, knownBy(head, instanceId));
  writer.value(event);
  return writer.written();
}

/** @throws when it was damaged */
export function unpackAuditEvent(packed: Buffer, instanceId: string): string {
  const body = HEAD_BYTES + packed.readUInt8(12);
  switch (packed[0]) {
    case TEXT:
      return packed.toString('utf8', body);
    case VALUES:
      return JSON.stringify(new Reader(packed, body, knownBy(packed, instanceId)).value());
    default:
      throw new Error(`an audit event is packed in form ${String(packed[0])}, which this release does not know`);
  }
}

/** A target as records are searched by it. */
export function packedTarget(id: string): Buffer {
  if (UUID.test(id)) return Buffer.from(id.replaceAll('-', ''), 'hex');
  return Buffer.from(id).subarray(0, MAXIMUM_TARGET);
}

/**
 * What is in every packed event that has this string as a value, in one form or the other; and in few others. Not of
 * strings that the head or the row has besides. @returns nothing when it is too short to tell
 */
export function packedNeedles(text: string): readonly Buffer[] {
  const written = new Writer(Buffer.alloc(0), text.length, { instance: '', time: '', action: '', target: '' });
  written.value(text);
  const packed = written.written();
  return packed.length < 2 ? [] : [packed, Buffer.from(JSON.stringify(text))];
}

interface Found {
  readonly occurredAt?: unknown;
  readonly action?: unknown;
  readonly outcome?: unknown;
  readonly target?: { readonly id?: unknown } | null;
}

function parsed(text: string): Found | undefined {
  try {
    const value = JSON.parse(text) as Found | string | number | boolean | null;
    return typeof value === 'object' ? (value ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

function headOf(event: Found | undefined): Buffer {
  const id = event?.target?.id;
  const target = typeof id === 'string' ? packedTarget(id) : Buffer.alloc(0);
  const head = Buffer.alloc(HEAD_BYTES + target.length);
  const occurredMs = typeof event?.occurredAt === 'string' ? Date.parse(event.occurredAt) : NaN;
  head.writeBigInt64BE(BigInt(Number.isNaN(occurredMs) ? 0 : occurredMs), 1);
  head.writeUInt16BE(actionCodes.get(event?.action) ?? 0, 9);
  head[11] = event?.outcome === 'failure' ? 1 : 0;
  head[12] = target.length;
  target.copy(head, HEAD_BYTES);
  return head;
}

function knownBy(packed: Buffer, instance: string): Known {
  const length = packed.readUInt8(12);
  return {
    instance,
    time: new Date(Number(packed.readBigInt64BE(1))).toISOString(),
    action: actionNames.get(packed.readUInt16BE(9)),
    target: length === 16 ? uuidAt(packed, HEAD_BYTES) : undefined,
  };
}

function uuidAt(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Where nearly every event is packed, one after the other. */
const room = Buffer.alloc(65_536);

class Writer {
  readonly #bytes: Buffer;
  #end: number;
  readonly #known: Known;

  /** @param length of the text. A value takes at most three bytes for each of its units in UTF-16, and a few before it. */
  constructor(head: Buffer, length: number, known: Known) {
    const needed = head.length + 4 * length + 64;
    this.#bytes = needed <= room.length ? room : Buffer.allocUnsafe(needed);
    this.#end = head.copy(this.#bytes);
    this.#known = known;
  }

  written(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#end));
  }

  value(value: unknown): void {
    if (typeof value === 'string') this.#string(value);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'boolean') this.#byte(value ? CODE.true : CODE.false);
    else if (value === null) this.#byte(CODE.null);
    else if (Array.isArray(value)) this.#array(value);
    else this.#object(value as Readonly<Record<string, unknown>>);
  }

  #byte(byte: number): void {
    this.#bytes[this.#end++] = byte;
  }

  #string(text: string): void {
    const code = wordCodes.get(text) ?? this.#reference(text);
    if (code !== undefined) this.#byte(code);
    else if (text.length === 36 && UUID.test(text)) this.#hex(CODE.uuid, text.replaceAll('-', ''));
    else if (text.length === 64 && SHA256.test(text)) this.#hex(CODE.sha256, text);
    else if (text.length <= 15 && IPV4.test(text)) this.#address(text);
    else this.#text(text);
  }

  #reference(text: string): number | undefined {
    const { instance, time, action, target } = this.#known;
    if (text === target) return CODE.target;
    if (text === instance) return CODE.instance;
    if (text === time) return CODE.time;
    return text === action ? CODE.action : undefined;
  }

  #hex(code: number, hex: string): void {
    this.#byte(code);
    this.#end += this.#bytes.write(hex, this.#end, 'hex');
  }

  #address(text: string): void {
    this.#byte(CODE.ipv4);
    for (const part of text.split('.')) this.#byte(Number(part));
  }

  #text(text: string): void {
    // In the room of its length first: nearly every one takes a byte.
    const written = this.#bytes.write(text, this.#end + 1, 'utf8');
    if (written < CODE.text) {
      this.#bytes[this.#end] = written;
      this.#end += 1 + written;
      return;
    }
    this.#byte(CODE.text);
    this.#integer(written);
    this.#end += this.#bytes.write(text, this.#end, 'utf8');
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && value >= 0) {
      this.#byte(CODE.integer);
      this.#integer(value);
    } else {
      this.#byte(CODE.number);
      this.#text(String(value));
    }
  }

  /** Seven bits a byte, the smallest first; the last byte is less than 128. */
  #integer(value: number): void {
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) this.#byte(128 + (left % 128));
    this.#byte(left);
  }

  #array(values: readonly unknown[]): void {
    this.#byte(CODE.array);
    this.#integer(values.length);
    for (const value of values) this.value(value);
  }

  #object(fields: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(fields);
    const shape = shapeCodes.get(names.join());
    if (shape !== undefined && SHAPES[shape - CODE.shape]?.length === names.length) {
      this.#byte(shape);
      for (const name of names) this.value(fields[name]);
      return;
    }
    this.#byte(CODE.object);
    this.#integer(names.length);
    for (const name of names) {
      this.#string(name);
      this.value(fields[name]);
    }
  }
}

class Reader {
  #at: number;

  constructor(
    private readonly bytes: Buffer,
    start: number,
    private readonly known: Known,
  ) {
    this.#at = start;
  }

  value(): unknown {
    const code = this.#byte();
    if (code >= CODE.word) return WORDS[code - CODE.word];
    if (code >= CODE.shape) return this.#object(SHAPES[code - CODE.shape] ?? []);
    if (code < CODE.text) return this.#text(code);
    return this.#coded(code);
  }

  #coded(code: number): unknown {
    switch (code) {
      case CODE.instance:
        return this.known.instance;
      case CODE.time:
        return this.known.time;
      case CODE.action:
        return this.known.action;
      case CODE.target:
        return this.known.target;
      case CODE.null:
        return null;
      case CODE.true:
      case CODE.false:
        return code === CODE.true;
      default:
        return this.#long(code);
    }
  }

  #long(code: number): unknown {
    switch (code) {
      case CODE.text:
        return this.#text(this.#integer());
      case CODE.uuid:
        return uuidAt(this.bytes, this.#skip(16));
      case CODE.sha256:
        return this.bytes.toString('hex', this.#skip(32), this.#at);
      case CODE.ipv4:
        return this.bytes.subarray(this.#skip(4), this.#at).join('.');
      case CODE.integer:
        return this.#integer();
      case CODE.number:
        return Number(this.value());
      case CODE.object:
        return this.#object(undefined, this.#integer());
      case CODE.array:
        return Array.from({ length: this.#integer() }, () => this.value());
      default:
        throw new Error('a packed audit event was damaged');
    }
  }

  #byte(): number {
    return this.bytes.readUInt8(this.#at++);
  }

  /** @returns where it was before */
  #skip(length: number): number {
    this.#at += length;
    return this.#at - length;
  }

  #text(length: number): string {
    const start = this.#skip(length);
    return this.bytes.toString('utf8', start, this.#at);
  }

  #integer(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  }

  #object(names: readonly string[] | undefined, count = names?.length ?? 0): object {
    const fields: Record<string, unknown> = {};
    for (let index = 0; index < count; index += 1) {
      const name = names?.[index] ?? String(this.value());
      const value = this.value();
      // Where it is a name like any other, it must not become the prototype.
      if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true });
      else fields[name] = value;
    }
    return fields;
  }
}
