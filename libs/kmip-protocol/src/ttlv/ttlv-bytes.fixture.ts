/** Bytes from spaced hex, as the specification prints them: "42 00 20 | 02 | …". */
export const hex = (spaced: string): Buffer => Buffer.from(spaced.replace(/[\s|]+/g, ''), 'hex');

/** An item built without the code under test: header, value, zero padding. `length` may lie. */
export function ttlv(tag: number, type: number, value: Buffer | readonly Buffer[], length?: number): Buffer {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.concat(value);
  const header = Buffer.alloc(8);
  header.writeUIntBE(tag, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt32BE(length ?? bytes.length, 4);
  return Buffer.concat([header, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const structure = (tag: number, ...children: Buffer[]): Buffer => ttlv(tag, 1, children);
export const integer = (tag: number, value: number): Buffer => ttlv(tag, 2, int32(value));
export const enumeration = (tag: number, value: number): Buffer => ttlv(tag, 5, int32(value));
export const text = (tag: number, value: string): Buffer => ttlv(tag, 7, Buffer.from(value));
export const bytes = (tag: number, value: Buffer): Buffer => ttlv(tag, 8, value);
