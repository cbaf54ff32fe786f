import { isUtf8 } from 'node:buffer';

import { KmipError } from '../errors';
import { ResultReason } from '../spec/enumerations';
import { tagName } from '../spec/tag-name';
import { ItemType, type ItemTypeName, itemTypeNames } from './item-type';
import { type TtlvItem, type TtlvValue } from './ttlv.types';

/** Deepest nesting accepted; the deepest message of KMIP 1.4 has 9 levels. Hostile nesting must not blow the stack. */
export const MAXIMUM_DEPTH = 32;
/** Most items of one message, whatever its length: bounds the objects that a message of 1 MiB can make us build. */
export const MAXIMUM_ITEMS = 20_000;

const HEADER_BYTES = 8;
/** Value length each type must have; 0 where the length is free. Indexed by type code. */
const FIXED_LENGTHS = [0, 0, 4, 8, 0, 4, 8, 0, 0, 8, 4] as const;

/** Where a reader stands between two items. */
export interface ReaderMark {
  readonly end: number;
  readonly next: number;
  readonly depth: number;
}

/**
 * Strict cursor over one TTLV message (KMIP 1.4 §9.1). `next` judges the header of an item against the structure that
 * holds it, never against the buffer, then the typed `read…` methods give its value. Everything returned is a copy.
 */
export class TtlvReader {
  readonly #bytes: Buffer;
  #end: number;
  #next = 0;
  #value = 0;
  #length = 0;
  #depth = 0;
  #items = 0;
  #tag = 0;
  #type = 0;

  constructor(
    bytes: Buffer,
    private readonly maximumItems = MAXIMUM_ITEMS,
  ) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Tag of the current item. */
  get tag(): number {
    return this.#tag;
  }

  /** Type code of the current item. */
  get type(): number {
    return this.#type;
  }

  /** Moves to the next item of the current structure; false at its end. */
  next(): boolean {
    const at = this.#next;
    if (at === this.#end) return false;
    if (this.#end - at < HEADER_BYTES) throw invalid('an item header is cut off');
    const head = this.#bytes.readUInt32BE(at);
    const length = this.#bytes.readUInt32BE(at + 4);
    this.#tag = head >>> 8;
    this.#type = head & 0xff;
    this.#value = at + HEADER_BYTES;
    this.#length = length;
    // Rounded up to the padded length; lengths are below 2^32, so this arithmetic is exact.
    const padded = Math.ceil(length / 8) * 8;
    if (padded > this.#end - this.#value) throw invalid(`item ${this.#name()} is longer than what holds it`);
    this.#items += 1;
    if (this.#items > this.maximumItems) throw invalid(`more than ${this.maximumItems} items in one message`);
    this.#checkLength(length);
    this.#checkPadding(this.#value + length, this.#value + padded);
    this.#next = this.#value + padded;
    return true;
  }

  /** Steps into the current structure. Hand the mark back to `leave`. */
  enter(): ReaderMark {
    this.#expect(ItemType.Structure);
    if (this.#depth >= MAXIMUM_DEPTH) throw invalid(`structures nested deeper than ${MAXIMUM_DEPTH}`);
    const outer = this.mark();
    this.#depth += 1;
    this.#end = this.#next;
    this.#next = this.#value;
    return outer;
  }

  /** The place behind the current item. Reading can go on from there even after an error inside that item. */
  mark(): ReaderMark {
    return { end: this.#end, next: this.#next, depth: this.#depth };
  }

  /** Steps out to a mark, such as that of `enter`; what was not read inside is skipped. */
  leave(outer: ReaderMark): void {
    this.#depth = outer.depth;
    this.#end = outer.end;
    this.#next = outer.next;
  }

  readInteger(): number {
    this.#expect(ItemType.Integer);
    return this.#bytes.readInt32BE(this.#value);
  }

  readLongInteger(): bigint {
    this.#expect(ItemType.LongInteger);
    return this.#bytes.readBigInt64BE(this.#value);
  }

  readBigInteger(): bigint {
    this.#expect(ItemType.BigInteger);
    const hex = this.#bytes.toString('hex', this.#value, this.#value + this.#length);
    return BigInt.asIntN(this.#length * 8, BigInt(`0x${hex}`));
  }

  readEnumeration(): number {
    this.#expect(ItemType.Enumeration);
    return this.#bytes.readUInt32BE(this.#value);
  }

  readBoolean(): boolean {
    this.#expect(ItemType.Boolean);
    const high = this.#bytes.readUInt32BE(this.#value);
    const low = this.#bytes.readUInt32BE(this.#value + 4);
    if (high !== 0 || low > 1) throw invalid(`item ${this.#name()} is a Boolean other than 0 and 1`);
    return low === 1;
  }

  /** Text is checked UTF-8 without U+0000: a zero would end the text in C clients and cannot be stored in Postgres. */
  readTextString(): string {
    const text = this.#text();
    if (text.includes(0)) throw invalid(`item ${this.#name()} holds a zero character`);
    return text.toString('utf8');
  }

  /** The bytes of a Text String, checked like text but never turned into an immutable string: for passwords. */
  readTextBytes(): Buffer {
    return Buffer.from(this.#text());
  }

  readByteString(): Buffer {
    this.#expect(ItemType.ByteString);
    return Buffer.from(this.#bytes.subarray(this.#value, this.#value + this.#length));
  }

  readDateTime(): bigint {
    this.#expect(ItemType.DateTime);
    return this.#bytes.readBigInt64BE(this.#value);
  }

  readInterval(): number {
    this.#expect(ItemType.Interval);
    return this.#bytes.readUInt32BE(this.#value);
  }

  /** The whole current item as it travels, unread inside: header, value, padding. */
  readEncoded(): Buffer {
    return Buffer.from(this.#bytes.subarray(this.#value - HEADER_BYTES, this.#next));
  }

  /** The current item whatever its type, with everything inside it. */
  readValue(): TtlvValue {
    switch (this.#type) {
      case ItemType.Structure:
        return { type: 'Structure', value: this.readItems() };
      case ItemType.Integer:
        return { type: 'Integer', value: this.readInteger() };
      case ItemType.LongInteger:
        return { type: 'LongInteger', value: this.readLongInteger() };
      case ItemType.BigInteger:
        return { type: 'BigInteger', value: this.readBigInteger() };
      case ItemType.Enumeration:
        return { type: 'Enumeration', value: this.readEnumeration() };
      case ItemType.Boolean:
        return { type: 'Boolean', value: this.readBoolean() };
      case ItemType.TextString:
        return { type: 'TextString', value: this.readTextString() };
      case ItemType.ByteString:
        return { type: 'ByteString', value: this.readByteString() };
      case ItemType.DateTime:
        return { type: 'DateTime', value: this.readDateTime() };
      default:
        return { type: 'Interval', value: this.readInterval() };
    }
  }

  readItem(): TtlvItem {
    const tag = this.#tag;
    return { tag, ...this.readValue() };
  }

  /** The items inside the current structure. */
  readItems(): readonly TtlvItem[] {
    const outer = this.enter();
    const items: TtlvItem[] = [];
    while (this.next()) items.push(this.readItem());
    this.leave(outer);
    return items;
  }

  /** The value of a Text String, a view into the message; padding that the length counts (Db2 11.1) is left out. */
  #text(): Buffer {
    this.#expect(ItemType.TextString);
    const text = this.#bytes.subarray(this.#value, this.#value + this.#length);
    if (!isUtf8(text)) throw invalid(`item ${this.#name()} is not UTF-8 text`);
    return text.subarray(0, text.length - countedPadding(text));
  }

  #expect(type: ItemType): void {
    if (this.#type !== type) {
      throw invalid(`item ${this.#name()} is of type ${typeName(this.#type)}, not ${typeName(type)}`);
    }
  }

  #checkLength(length: number): void {
    const fixed = FIXED_LENGTHS[this.#type];
    if (fixed === undefined || this.#type === 0) throw invalid(`item ${this.#name()} has unknown type ${this.#type}`);
    if (fixed !== 0 && fixed !== length) {
      throw invalid(`item ${this.#name()} of type ${typeName(this.#type)} has length ${length}, not ${fixed}`);
    }
    const inEights = this.#type === ItemType.Structure || this.#type === ItemType.BigInteger;
    if (inEights && (length % 8 !== 0 || (length === 0 && this.#type === ItemType.BigInteger))) {
      throw invalid(`item ${this.#name()} of type ${typeName(this.#type)} has length ${length}, no multiple of 8`);
    }
  }

  #checkPadding(from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      if (this.#bytes[i] !== 0) throw invalid(`item ${this.#name()} is padded with something other than zeros`);
    }
  }

  #name(): string {
    return tagName(this.#tag);
  }
}

/**
 * How many zeros at the end of a text are its own padding: as many as its characters need to fill up eight bytes, with
 * a length that counts them. Any other zero belongs to the text.
 */
function countedPadding(text: Buffer): number {
  if (text.length % 8 !== 0) return 0;
  let zeros = 0;
  while (zeros < 8 && zeros < text.length && text[text.length - 1 - zeros] === 0) zeros += 1;
  return zeros < 8 ? zeros : 0;
}

const typeName = (type: number): ItemTypeName | number => itemTypeNames[type] ?? type;

const invalid = (message: string): KmipError => new KmipError(ResultReason.InvalidMessage, message);
