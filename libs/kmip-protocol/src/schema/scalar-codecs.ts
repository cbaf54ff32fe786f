import { Secret } from '@lib/kernel';

import { KmipError } from '../errors';
import { ResultReason } from '../spec/enumerations';
import { type TtlvItem, type TtlvValue } from '../ttlv/ttlv.types';
import { type TtlvReader } from '../ttlv/ttlv-reader';
import { type TtlvWriter } from '../ttlv/ttlv-writer';
import { type Codec } from './codec';

/** What a field can be besides a structure, and how it looks in our objects. */
export interface ScalarTypes {
  Integer: number;
  LongInteger: bigint;
  BigInteger: bigint;
  Enumeration: number;
  Boolean: boolean;
  TextString: string;
  ByteString: Buffer;
  DateTime: Date;
  Interval: number;
  /** A Byte String that must not be printed. */
  SecretBytes: Secret;
  /** A Text String that must not be printed. */
  SecretText: Secret;
  /** A structure that nobody here interprets. */
  Items: readonly TtlvItem[];
  /** An item of any type; the type stays with the value. */
  Any: TtlvValue;
}

/** Largest number of seconds a Date can hold (ECMA-262 §21.4.1.1). */
const DATE_RANGE_SECONDS = 8_640_000_000_000n;

function readDate(reader: TtlvReader): Date {
  const seconds = reader.readDateTime();
  if (seconds > DATE_RANGE_SECONDS || seconds < -DATE_RANGE_SECONDS) {
    throw new KmipError(ResultReason.InvalidField, 'a date is further away than any calendar reaches');
  }
  return new Date(Number(seconds) * 1000);
}

const writeDate = (writer: TtlvWriter, tag: number, value: Date): void =>
  writer.writeDateTime(tag, BigInt(Math.floor(value.getTime() / 1000)));

/** One codec per scalar type. */
export const scalarCodecs: { readonly [K in keyof ScalarTypes]: Codec<ScalarTypes[K]> } = {
  Integer: { read: (r) => r.readInteger(), write: (w, tag, value) => w.writeInteger(tag, value) },
  LongInteger: { read: (r) => r.readLongInteger(), write: (w, tag, value) => w.writeLongInteger(tag, value) },
  BigInteger: { read: (r) => r.readBigInteger(), write: (w, tag, value) => w.writeBigInteger(tag, value) },
  Enumeration: { read: (r) => r.readEnumeration(), write: (w, tag, value) => w.writeEnumeration(tag, value) },
  Boolean: { read: (r) => r.readBoolean(), write: (w, tag, value) => w.writeBoolean(tag, value) },
  TextString: { read: (r) => r.readTextString(), write: (w, tag, value) => w.writeTextString(tag, value) },
  ByteString: { read: (r) => r.readByteString(), write: (w, tag, value) => w.writeByteString(tag, value) },
  DateTime: { read: readDate, write: writeDate },
  Interval: { read: (r) => r.readInterval(), write: (w, tag, value) => w.writeInterval(tag, value) },
  SecretBytes: {
    read: (r) => Secret.of(r.readByteString()),
    write: (w, tag, value) => w.writeByteString(tag, value.expose()),
  },
  SecretText: {
    read: (r) => Secret.of(r.readTextBytes()),
    write: (w, tag, value) => w.writeTextBytes(tag, value.expose()),
  },
  Items: { read: (r) => r.readItems(), write: (w, tag, value) => w.writeItems(tag, value) },
  Any: { read: (r) => r.readValue(), write: (w, tag, value) => w.writeValue(tag, value) },
};
