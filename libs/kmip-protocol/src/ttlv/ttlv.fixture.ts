import * as fc from 'fast-check';

import { type TtlvItem, type TtlvValue } from './ttlv.types';

const tag = fc.integer({ min: 0x420001, max: 0x42ffff });
/** Any text a reader accepts: no U+0000, no lone surrogate. */
export const textWithoutZero = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''));

const scalar: fc.Arbitrary<TtlvValue> = fc.oneof(
  fc.integer().map((value): TtlvValue => ({ type: 'Integer', value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): TtlvValue => ({ type: 'LongInteger', value })),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }).map((value): TtlvValue => ({ type: 'BigInteger', value })),
  fc.nat({ max: 0xffffffff }).map((value): TtlvValue => ({ type: 'Enumeration', value })),
  fc.boolean().map((value): TtlvValue => ({ type: 'Boolean', value })),
  textWithoutZero.map((value): TtlvValue => ({ type: 'TextString', value })),
  fc.uint8Array({ maxLength: 40 }).map((value): TtlvValue => ({ type: 'ByteString', value: Buffer.from(value) })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): TtlvValue => ({ type: 'DateTime', value })),
  fc.nat({ max: 0xffffffff }).map((value): TtlvValue => ({ type: 'Interval', value })),
);

const { value: anyValue } = fc.letrec<{ value: TtlvValue; item: TtlvItem }>((tie) => ({
  item: fc.tuple(tag, tie('value')).map(([itemTag, value]) => ({ tag: itemTag, ...value })),
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('item'), { maxLength: 4 }).map((value): TtlvValue => ({ type: 'Structure', value })),
  ),
}));

/** Any item, nested ones included. */
export const anyItem: fc.Arbitrary<TtlvItem> = fc
  .tuple(tag, anyValue)
  .map(([itemTag, value]) => ({ tag: itemTag, ...value }));
export { anyValue };
