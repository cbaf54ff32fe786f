import { ItemType } from './item-type';
import { type TtlvItem, type TtlvValue } from './ttlv.types';

/** Holds every message of vCenter's dialogue without growing. */
const INITIAL_BYTES = 512;
const HEADER_BYTES = 8;

const paddedLength = (length: number): number => (length + 7) & ~7;

/**
 * Builds one TTLV message in one buffer (KMIP 1.4 §9.1). The buffer is no slice of Node's pool, and when it grows the
 * outgrown one is zeroed: key bytes lie in the finished message and nowhere else.
 */
export class TtlvWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #at = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** Opens a structure. Hand the mark to `end`, which writes the length. */
  begin(tag: number): number {
    this.#header(tag, ItemType.Structure, 0, 0);
    return this.#at;
  }

  end(mark: number): void {
    this.#bytes.writeUInt32BE(this.#at - mark, mark - 4);
  }

  writeInteger(tag: number, value: number): void {
    this.#header(tag, ItemType.Integer, 4, 8);
    this.#bytes.writeInt32BE(value, this.#at);
    this.#bytes.writeUInt32BE(0, this.#at + 4);
    this.#at += 8;
  }

  writeLongInteger(tag: number, value: bigint): void {
    this.#writeInt64(tag, ItemType.LongInteger, value);
  }

  /** The shortest two's complement form whose length is a multiple of 8. */
  writeBigInteger(tag: number, value: bigint): void {
    let length = 8;
    while (BigInt.asIntN(length * 8, value) !== value) length += 8;
    this.#header(tag, ItemType.BigInteger, length, length);
    const hex = BigInt.asUintN(length * 8, value).toString(16);
    this.#bytes.write(hex.padStart(length * 2, '0'), this.#at, 'hex');
    this.#at += length;
  }

  writeEnumeration(tag: number, value: number): void {
    this.#writeUInt32(tag, ItemType.Enumeration, value);
  }

  writeBoolean(tag: number, value: boolean): void {
    this.#header(tag, ItemType.Boolean, 8, 8);
    this.#bytes.writeUInt32BE(0, this.#at);
    this.#bytes.writeUInt32BE(value ? 1 : 0, this.#at + 4);
    this.#at += 8;
  }

  writeTextString(tag: number, value: string): void {
    const length = Buffer.byteLength(value, 'utf8');
    this.#header(tag, ItemType.TextString, length, paddedLength(length));
    this.#bytes.write(value, this.#at, 'utf8');
    this.#pad(length);
  }

  /** Text that is held as bytes, such as a password. */
  writeTextBytes(tag: number, value: Buffer): void {
    this.#writeBytes(tag, ItemType.TextString, value);
  }

  writeByteString(tag: number, value: Buffer): void {
    this.#writeBytes(tag, ItemType.ByteString, value);
  }

  writeDateTime(tag: number, seconds: bigint): void {
    this.#writeInt64(tag, ItemType.DateTime, seconds);
  }

  writeInterval(tag: number, seconds: number): void {
    this.#writeUInt32(tag, ItemType.Interval, seconds);
  }

  /** An item that was encoded elsewhere, header and padding included. */
  writeEncoded(item: Buffer): void {
    this.#reserve(item.length);
    item.copy(this.#bytes, this.#at);
    this.#at += item.length;
  }

  writeItems(tag: number, items: readonly TtlvItem[]): void {
    const mark = this.begin(tag);
    for (const item of items) this.writeValue(item.tag, item);
    this.end(mark);
  }

  writeValue(tag: number, item: TtlvValue): void {
    switch (item.type) {
      case 'Structure':
        this.writeItems(tag, item.value);
        break;
      case 'Integer':
        this.writeInteger(tag, item.value);
        break;
      case 'LongInteger':
        this.writeLongInteger(tag, item.value);
        break;
      case 'BigInteger':
        this.writeBigInteger(tag, item.value);
        break;
      case 'Enumeration':
        this.writeEnumeration(tag, item.value);
        break;
      case 'Boolean':
        this.writeBoolean(tag, item.value);
        break;
      case 'TextString':
        this.writeTextString(tag, item.value);
        break;
      case 'ByteString':
        this.writeByteString(tag, item.value);
        break;
      case 'DateTime':
        this.writeDateTime(tag, item.value);
        break;
      case 'Interval':
        this.writeInterval(tag, item.value);
        break;
    }
  }

  /** The finished message, not a copy. The writer must not be used again. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Forgets what was written, key bytes included. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#at = 0;
  }

  #header(tag: number, type: ItemType, length: number, valueBytes: number): void {
    this.#reserve(HEADER_BYTES + valueBytes);
    // A tag is unsigned 24 bits: shifting it by 8 would go through a signed 32-bit number.
    this.#bytes.writeUInt32BE(tag * 256 + type, this.#at);
    this.#bytes.writeUInt32BE(length, this.#at + 4);
    this.#at += HEADER_BYTES;
  }

  #writeUInt32(tag: number, type: ItemType, value: number): void {
    this.#header(tag, type, 4, 8);
    this.#bytes.writeUInt32BE(value, this.#at);
    this.#bytes.writeUInt32BE(0, this.#at + 4);
    this.#at += 8;
  }

  #writeInt64(tag: number, type: ItemType, value: bigint): void {
    this.#header(tag, type, 8, 8);
    this.#bytes.writeBigInt64BE(value, this.#at);
    this.#at += 8;
  }

  #writeBytes(tag: number, type: ItemType, value: Buffer): void {
    this.#header(tag, type, value.length, paddedLength(value.length));
    value.copy(this.#bytes, this.#at);
    this.#pad(value.length);
  }

  /** Zeros behind a value of `length` bytes: the buffer was not cleared when it was allocated. */
  #pad(length: number): void {
    const end = this.#at + paddedLength(length);
    for (let i = this.#at + length; i < end; i += 1) this.#bytes[i] = 0;
    this.#at = end;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes.fill(0);
    this.#bytes = grown;
  }
}
