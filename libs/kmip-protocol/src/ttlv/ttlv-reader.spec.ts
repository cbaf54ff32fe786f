import * as fc from 'fast-check';

import { KmipError } from '../errors';
import { ResultReason } from '../spec/enumerations';
import { anyItem, textWithoutZero } from './ttlv.fixture';
import { type TtlvItem } from './ttlv.types';
import { bytes, enumeration, hex, integer, structure, text, ttlv } from './ttlv-bytes.fixture';
import { MAXIMUM_DEPTH, MAXIMUM_ITEMS, TtlvReader } from './ttlv-reader';
import { TtlvWriter } from './ttlv-writer';

function readOne(message: Buffer): TtlvItem {
  const reader = new TtlvReader(message);
  expect(reader.next()).toBe(true);
  const item = reader.readItem();
  expect(reader.next()).toBe(false);
  return item;
}

function writeOne(item: TtlvItem): Buffer {
  const writer = new TtlvWriter();
  writer.writeValue(item.tag, item);
  return writer.finish();
}

/** The worked examples of KMIP 1.4 §9.1.2, and the ends of the ranges. */
const vectors: readonly [string, string, TtlvItem][] = [
  ['Integer 8', '42 00 20 | 02 | 00 00 00 04 | 00 00 00 08 00 00 00 00', { tag: 0x420020, type: 'Integer', value: 8 }],
  [
    'the smallest Integer',
    '42 00 20 | 02 | 00 00 00 04 | 80 00 00 00 00 00 00 00',
    { tag: 0x420020, type: 'Integer', value: -2147483648 },
  ],
  [
    'Long Integer 123456789000000000',
    '42 00 20 | 03 | 00 00 00 08 | 01 B6 9B 4B A5 74 92 00',
    { tag: 0x420020, type: 'LongInteger', value: 123456789000000000n },
  ],
  [
    'Big Integer 1234567890000000000000000000',
    '42 00 20 | 04 | 00 00 00 10 | 00 00 00 00 03 FD 35 EB 6B C2 DF 46 18 08 00 00',
    { tag: 0x420020, type: 'BigInteger', value: 1234567890000000000000000000n },
  ],
  [
    'a negative Big Integer',
    '42 00 20 | 04 | 00 00 00 08 | FF FF FF FF FF FF FF FF',
    { tag: 0x420020, type: 'BigInteger', value: -1n },
  ],
  [
    'a Big Integer whose top bit is no sign',
    '42 00 20 | 04 | 00 00 00 10 | 00 00 00 00 00 00 00 00 80 00 00 00 00 00 00 00',
    { tag: 0x420020, type: 'BigInteger', value: 2n ** 63n },
  ],
  [
    'Enumeration 255',
    '42 00 20 | 05 | 00 00 00 04 | 00 00 00 FF 00 00 00 00',
    { tag: 0x420020, type: 'Enumeration', value: 255 },
  ],
  [
    'an Enumeration of an extension',
    '54 00 01 | 05 | 00 00 00 04 | 80 00 00 01 00 00 00 00',
    { tag: 0x540001, type: 'Enumeration', value: 0x80000001 },
  ],
  [
    'Boolean True',
    '42 00 20 | 06 | 00 00 00 08 | 00 00 00 00 00 00 00 01',
    { tag: 0x420020, type: 'Boolean', value: true },
  ],
  [
    'Text String "Hello World"',
    '42 00 20 | 07 | 00 00 00 0B | 48 65 6C 6C 6F 20 57 6F 72 6C 64 00 00 00 00 00',
    { tag: 0x420020, type: 'TextString', value: 'Hello World' },
  ],
  ['an empty Text String', '42 00 20 | 07 | 00 00 00 00', { tag: 0x420020, type: 'TextString', value: '' }],
  [
    'Byte String 01 02 03',
    '42 00 20 | 08 | 00 00 00 03 | 01 02 03 00 00 00 00 00',
    { tag: 0x420020, type: 'ByteString', value: Buffer.from([1, 2, 3]) },
  ],
  [
    'Date-Time 14 March 2008 11:56:40',
    '42 00 20 | 09 | 00 00 00 08 | 00 00 00 00 47 DA 67 F8',
    { tag: 0x420020, type: 'DateTime', value: 1205495800n },
  ],
  [
    'Interval of 10 days',
    '42 00 20 | 0A | 00 00 00 04 | 00 0D 2F 00 00 00 00 00',
    { tag: 0x420020, type: 'Interval', value: 864000 },
  ],
  [
    'a Structure of two items',
    `42 00 20 | 01 | 00 00 00 20 | 42 00 04 | 05 | 00 00 00 04 | 00 00 00 FE 00 00 00 00
     42 00 05 | 02 | 00 00 00 04 | 00 00 00 FF 00 00 00 00`,
    {
      tag: 0x420020,
      type: 'Structure',
      value: [
        { tag: 0x420004, type: 'Enumeration', value: 254 },
        { tag: 0x420005, type: 'Integer', value: 255 },
      ],
    },
  ],
];

describe('TTLV vectors', () => {
  it.each(vectors)('reads %s', (_name, spaced, item) => expect(readOne(hex(spaced))).toEqual(item));
  it.each(vectors)('writes %s', (_name, spaced, item) => expect(writeOne(item)).toEqual(hex(spaced)));
});

/** A structure around one item whose header claims more than its parent holds, inside a longer buffer. */
const tooLongForItsParent = structure(
  0x420020,
  structure(0x420021, ttlv(0x420022, 8, Buffer.alloc(8), 24)),
  bytes(0x420023, Buffer.alloc(32)),
);

const nested = (depth: number): Buffer => (depth === 0 ? Buffer.alloc(0) : structure(0x420020, nested(depth - 1)));

const refusals: readonly [string, Buffer, RegExp][] = [
  ['a header that is cut off', hex('42 00 20 02 00 00'), /cut off/],
  ['a value that is cut off', integer(0x420020, 1).subarray(0, 12), /longer than what holds it/],
  ['padding that is cut off', text(0x420020, 'x').subarray(0, 10), /longer than what holds it/],
  ['an item longer than its parent, though not than the buffer', tooLongForItsParent, /longer than what holds it/],
  ['a length of 4 GiB', hex('42 00 20 08 ff ff ff ff'), /longer than what holds it/],
  ['an unknown type', ttlv(0x420020, 0x0b, Buffer.alloc(8)), /unknown type 11/],
  ['type 0', ttlv(0x420020, 0, Buffer.alloc(8)), /unknown type 0/],
  ['an Integer of 8 bytes', ttlv(0x420020, 2, Buffer.alloc(8)), /length 8, not 4/],
  ['a Long Integer of 4 bytes', ttlv(0x420020, 3, Buffer.alloc(4)), /length 4, not 8/],
  ['an Enumeration of 0 bytes', ttlv(0x420020, 5, Buffer.alloc(0)), /length 0, not 4/],
  ['a Boolean of 1 byte', ttlv(0x420020, 6, Buffer.from([1])), /length 1, not 8/],
  ['a Date-Time of 4 bytes', ttlv(0x420020, 9, Buffer.alloc(4)), /length 4, not 8/],
  ['an Interval of 8 bytes', ttlv(0x420020, 10, Buffer.alloc(8)), /length 8, not 4/],
  ['a Big Integer of 4 bytes', ttlv(0x420020, 4, Buffer.alloc(4)), /multiple of 8/],
  ['an empty Big Integer', ttlv(0x420020, 4, Buffer.alloc(0)), /multiple of 8/],
  ['a Structure whose length is no multiple of 8', ttlv(0x420020, 1, Buffer.alloc(4)), /multiple of 8/],
  ['a Boolean 2', ttlv(0x420020, 6, hex('00 00 00 00 00 00 00 02')), /other than 0 and 1/],
  ['a Boolean with a high bit', ttlv(0x420020, 6, hex('01 00 00 00 00 00 00 01')), /other than 0 and 1/],
  ['dirty padding behind an Integer', hex('42 00 20 02 00 00 00 04 00 00 00 08 00 00 00 01'), /padded/],
  ['dirty padding behind text', hex('42 00 20 07 00 00 00 01 41 00 00 00 00 00 80 00'), /padded/],
  ['text that is not UTF-8', ttlv(0x420020, 7, hex('c3 28')), /not UTF-8/],
  ['text with a surrogate', ttlv(0x420020, 7, hex('ed a0 80')), /not UTF-8/],
  ['text in an overlong form', ttlv(0x420020, 7, hex('c0 af')), /not UTF-8/],
  ['text with a zero character', ttlv(0x420020, 7, hex('41 00 42')), /zero character/],
  ['structures nested too deep', nested(MAXIMUM_DEPTH + 1), /nested deeper/],
];

function reasonOf(attempt: () => unknown): number | undefined {
  try {
    attempt();
  } catch (error) {
    return error instanceof KmipError ? error.reason : undefined;
  }
  return undefined;
}

describe('text whose length counts its padding', () => {
  const readText = (value: Buffer): unknown => readOne(ttlv(0x420020, 7, value)).value;
  const padding = (count: number): Buffer => Buffer.alloc(count);

  it('reads as the text without it, whatever the text', () => {
    fc.assert(
      fc.property(textWithoutZero, (value) => {
        const plain = Buffer.from(value);
        expect(readText(Buffer.concat([plain, padding((8 - (plain.length % 8)) % 8)]))).toBe(value);
      }),
    );
  });

  it('is refused with any other number of zeros behind the text', () => {
    fc.assert(
      fc.property(textWithoutZero, fc.integer({ min: 1, max: 24 }), (value, zeros) => {
        const plain = Buffer.from(value);
        fc.pre(zeros !== (8 - (plain.length % 8)) % 8);
        expect(() => readText(Buffer.concat([plain, padding(zeros)]))).toThrow(/zero character/);
      }),
    );
  });

  it('is refused when a zero stands before the padding', () => {
    expect(() => readText(Buffer.from('a\0bcde\0\0'))).toThrow(/zero character/);
  });

  it('counts in no password either', () => {
    const reader = new TtlvReader(ttlv(0x420020, 7, Buffer.from('hunter2\0')));
    reader.next();
    expect(reader.readTextBytes().toString()).toBe('hunter2');
  });
});

describe('refused TTLV', () => {
  it.each(refusals)('%s', (_name, message, expected) => {
    const attempt = (): TtlvItem => readOne(message);
    expect(attempt).toThrow(KmipError);
    expect(attempt).toThrow(expected);
    expect(reasonOf(attempt)).toBe(ResultReason.InvalidMessage);
  });

  it('reads the deepest nesting that is allowed', () => {
    expect(readOne(nested(MAXIMUM_DEPTH))).toMatchObject({ type: 'Structure' });
  });

  it('counts the items of the whole message', () => {
    const empty = ttlv(0x420021, 7, Buffer.alloc(0));
    const full = Buffer.concat(Array.from({ length: MAXIMUM_ITEMS - 1 }, () => empty));
    expect(readOne(ttlv(0x420020, 1, full)).value).toHaveLength(MAXIMUM_ITEMS - 1);
    expect(() => readOne(ttlv(0x420020, 1, Buffer.concat([full, empty])))).toThrow(/more than 20000 items/);
  });

  it.each([
    ['readInteger', enumeration(0x420020, 1)],
    ['readEnumeration', integer(0x420020, 1)],
    ['readTextString', bytes(0x420020, Buffer.from('x'))],
    ['readTextBytes', bytes(0x420020, Buffer.from('x'))],
    ['readByteString', text(0x420020, 'x')],
    ['readBoolean', integer(0x420020, 1)],
    ['readLongInteger', integer(0x420020, 1)],
    ['readBigInteger', integer(0x420020, 1)],
    ['readDateTime', integer(0x420020, 1)],
    ['readInterval', integer(0x420020, 1)],
    ['enter', integer(0x420020, 1)],
  ] as const)('%s refuses an item of another type', (method, message) => {
    const reader = new TtlvReader(message);
    reader.next();
    expect(() => reader[method]()).toThrow(/is of type/);
  });
});

describe('TtlvReader', () => {
  it('gives copies, so that a reused receive buffer cannot change what was read', () => {
    const message = structure(0x420020, bytes(0x420021, Buffer.from('secret')), text(0x420022, 'text'));
    const item = readOne(message);
    const before = structuredClone(JSON.stringify(item));
    message.fill(0xff);
    expect(JSON.stringify(item)).toBe(before);
  });

  it('skips what was not read inside a structure', () => {
    const reader = new TtlvReader(
      Buffer.concat([structure(0x420020, integer(0x420021, 1), integer(0x420022, 2)), integer(0x420023, 3)]),
    );
    reader.next();
    const outer = reader.enter();
    reader.next();
    reader.leave(outer);
    expect(reader.next()).toBe(true);
    expect([reader.tag, reader.readInteger()]).toEqual([0x420023, 3]);
  });

  it('round-trips every item', () => {
    fc.assert(fc.property(anyItem, (item) => expect(readOne(writeOne(item))).toEqual(item)));
  });

  it('refuses every cut', () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        const whole = writeOne(item);
        for (let cut = 1; cut < whole.length; cut += 1) {
          expect(() => readOne(whole.subarray(0, cut))).toThrow(KmipError);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('answers any change of bytes with a value or a KmipError, and what it reads it can write again', () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(anyItem, fc.array(change, { minLength: 1, maxLength: 3 }), (item, changes) => {
        const message = Buffer.from(writeOne(item));
        for (const [at, value] of changes) message[at % message.length] = value;
        let again: Buffer;
        try {
          again = writeOne(readOneQuietly(message));
        } catch (error) {
          expect(error).toBeInstanceOf(KmipError);
          return;
        }
        expect(readOne(again)).toEqual(readOneQuietly(message));
        // A Big Integer may come with more sign bytes than needed.
        if (again.length !== message.length) return;
        // A text's length may count its padding; everything else is canonical.
        const changed = [...message.keys()].filter((at) => message[at] !== again[at]);
        for (const at of changed) {
          expect(message.readUInt8(at) % 8).toBe(0);
          expect(message.readUInt8(at) - again.readUInt8(at)).toBeGreaterThan(0);
          expect(message.readUInt8(at) - again.readUInt8(at)).toBeLessThan(8);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function readOneQuietly(message: Buffer): TtlvItem {
  const reader = new TtlvReader(message);
  reader.next();
  return reader.readItem();
}
