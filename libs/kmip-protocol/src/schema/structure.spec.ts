import { type Secret } from '@lib/kernel';

import { KmipError } from '../errors';
import { V1_0, V1_1, V1_4, V2_0, versionOf } from '../protocol-version';
import { ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { type TtlvItem } from '../ttlv/ttlv.types';
import { bytes, enumeration, integer, structure, text } from '../ttlv/ttlv-bytes.fixture';
import { TtlvReader } from '../ttlv/ttlv-reader';
import { TtlvWriter } from '../ttlv/ttlv-writer';
import { type Codec, codecContext, mapped } from './codec';
import { scalarCodecs } from './scalar-codecs';
import { Structure } from './structure';

interface Sample {
  readonly uniqueIdentifier: string;
  readonly keyFormatType?: number;
  readonly keyWrapType?: number;
  readonly attributeNames: readonly string[];
  readonly functions?: readonly number[];
  readonly password?: Secret;
  readonly since?: Date;
  readonly other?: readonly TtlvItem[];
}

const sample = new Structure<Sample>(
  'Sample',
  [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
    { name: 'keyFormatType', tag: Tag.KeyFormatType, type: 'Enumeration', presence: 'optional' },
    { name: 'keyWrapType', tag: Tag.KeyWrapType, type: 'Enumeration', presence: 'optional', since: V1_4 },
    { name: 'attributeNames', tag: Tag.AttributeName, type: 'TextString', presence: 'many' },
    { name: 'functions', tag: Tag.QueryFunction, type: 'Enumeration', presence: 'optionalMany', since: V1_1 },
    { name: 'password', tag: Tag.Password, type: 'SecretText', presence: 'optional' },
    { name: 'since', tag: Tag.ActivationDate, type: 'DateTime', presence: 'optional' },
  ],
  { rest: { name: 'other', tags: [Tag.Certificate] } },
);

function read(message: Buffer, version = V1_4): Sample {
  const reader = new TtlvReader(message);
  reader.next();
  return sample.read(reader, codecContext(version));
}

function write(value: Sample, version = V1_4): Buffer {
  const writer = new TtlvWriter();
  sample.write(writer, Tag.RequestPayload, value, codecContext(version));
  return writer.finish();
}

const payload = (...children: Buffer[]): Buffer => structure(Tag.RequestPayload, ...children);
const uid = text(Tag.UniqueIdentifier, 'a');

const oneText: Codec<readonly string[]> = mapped(
  scalarCodecs.TextString,
  (wire) => wire.split(' '),
  (value) => value.join(' '),
);

function errorOf(attempt: () => unknown): KmipError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof KmipError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('Structure, reading', () => {
  it('leaves absent fields out, except lists that are always there', () => {
    expect(read(payload(uid))).toEqual({ uniqueIdentifier: 'a', attributeNames: [] });
  });

  it('takes fields in any order', () => {
    const message = payload(
      text(Tag.AttributeName, 'x'),
      enumeration(Tag.KeyFormatType, 1),
      uid,
      text(Tag.AttributeName, 'y'),
    );
    expect(read(message)).toEqual({ uniqueIdentifier: 'a', keyFormatType: 1, attributeNames: ['x', 'y'] });
  });

  it('takes a field that is newer than the message', () => {
    expect(read(payload(uid, enumeration(Tag.KeyWrapType, 1)), V1_0)).toMatchObject({ keyWrapType: 1 });
  });

  it('refuses a field that stands twice', () => {
    const error = errorOf(() => read(payload(uid, uid)));
    expect(error.reason).toBe(ResultReason.InvalidMessage);
    expect(error.message).toBe('Sample: uniqueIdentifier stands twice');
  });

  it('refuses a field that does not belong there, by name or number', () => {
    const named = errorOf(() => read(payload(uid, integer(Tag.BatchCount, 1))));
    expect(named.reason).toBe(ResultReason.InvalidField);
    expect(named.message).toBe('Sample: BatchCount does not belong there');
    expect(errorOf(() => read(payload(uid, integer(0x540001, 1)))).message).toContain('0x540001');
  });

  it('skips unknown fields of a minor version that is newer than ours', () => {
    expect(read(payload(uid, integer(0x42ffff, 1)), versionOf(1, 5))).toEqual({
      uniqueIdentifier: 'a',
      attributeNames: [],
    });
  });

  it('says which required field is missing', () => {
    const error = errorOf(() => read(payload(enumeration(Tag.KeyFormatType, 1))));
    expect(error.reason).toBe(ResultReason.MissingData);
    expect(error.message).toBe('Sample: UniqueIdentifier is missing');
  });

  it('refuses a field of another type', () => {
    expect(errorOf(() => read(payload(bytes(Tag.UniqueIdentifier, Buffer.from('a'))))).reason).toBe(
      ResultReason.InvalidMessage,
    );
  });

  it('refuses a date that no calendar has', () => {
    const writer = new TtlvWriter();
    writer.writeDateTime(Tag.ActivationDate, 2n ** 62n);
    expect(errorOf(() => read(payload(uid, writer.finish()))).reason).toBe(ResultReason.InvalidField);
  });

  it('never prints a password', () => {
    const { password } = read(payload(uid, text(Tag.Password, 'hunter2')));
    expect(String(password)).not.toContain('hunter2');
    expect(password?.exposeText()).toBe('hunter2');
  });

  it('keeps foreign items as they are', () => {
    const certificate = structure(Tag.Certificate, bytes(Tag.CertificateValue, Buffer.from([1])));
    const message = payload(uid, certificate);
    const value = read(message);
    expect(value.other).toHaveLength(1);
    expect(write(value)).toEqual(message);
  });
});

describe('Structure, writing', () => {
  it('writes in the order of the table, whatever the order of the properties', () => {
    expect(write({ attributeNames: ['x'], keyFormatType: 1, uniqueIdentifier: 'a' })).toEqual(
      payload(uid, enumeration(Tag.KeyFormatType, 1), text(Tag.AttributeName, 'x')),
    );
  });

  it('leaves out what the version of the message does not know', () => {
    const value: Sample = { uniqueIdentifier: 'a', keyWrapType: 1, attributeNames: [], functions: [1] };
    expect(write(value, V1_0)).toEqual(payload(uid));
    expect(write(value, V1_1)).toEqual(payload(uid, enumeration(Tag.QueryFunction, 1)));
    expect(write(value, V1_4)).toEqual(
      payload(uid, enumeration(Tag.KeyWrapType, 1), enumeration(Tag.QueryFunction, 1)),
    );
  });

  it('gives one property the form of the version: read and written from a row for each', () => {
    const changed = new Structure<{ readonly names: readonly string[] }>('Changed', [
      { name: 'names', tag: Tag.AttributeName, type: 'TextString', presence: 'many', until: V2_0 },
      { name: 'names', tag: Tag.NameValue, type: oneText, presence: 'required', since: V2_0 },
    ]);
    for (const [version, message] of [
      [V1_4, payload(text(Tag.AttributeName, 'x'), text(Tag.AttributeName, 'y'))],
      [V2_0, payload(text(Tag.NameValue, 'x y'))],
    ] as const) {
      const reader = new TtlvReader(message);
      reader.next();
      const value = changed.read(reader, codecContext(version));
      expect(value).toEqual({ names: ['x', 'y'] });
      const writer = new TtlvWriter();
      changed.write(writer, Tag.RequestPayload, value, codecContext(version));
      expect(writer.finish()).toEqual(message);
    }
  });

  it('writes no list that is empty and drops parts of seconds', () => {
    const value = { uniqueIdentifier: 'a', attributeNames: [], since: new Date(1_999) };
    expect(read(write(value)).since).toEqual(new Date(1_000));
    expect(read(write({ ...value, since: new Date(-1) })).since).toEqual(new Date(-1_000));
  });
});

describe('a descriptor', () => {
  it('cannot have more fields than there are bits to tick them off', () => {
    const field = { name: 'value', tag: Tag.NameValue, type: 'TextString', presence: 'optional' } as const;
    const fields = Array.from({ length: 32 }, () => field);
    expect(() => new Structure<{ value?: string }>('Long', fields)).toThrow('more than 31 fields');
  });
});
