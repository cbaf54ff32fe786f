import { type Attribute } from './object.types';
import { operationCodecByName } from '../operations/operation-registry';
import { type ProtocolVersion, V1_4, V2_1, versionOf } from '../protocol-version';
import { codecContext } from '../schema/codec';
import { Tag } from '../spec/tag';
import { enumeration, integer, structure, text } from '../ttlv/ttlv-bytes.fixture';
import { TtlvReader } from '../ttlv/ttlv-reader';
import { TtlvWriter } from '../ttlv/ttlv-writer';
import { ATTRIBUTES_TAG, attributesByTag } from './attributes-by-tag';

const uid = text(Tag.UniqueIdentifier, 'a');
const nameValue = (value: string) => [text(Tag.NameValue, value), enumeration(Tag.NameType, 1)] as const;
const custom = (vendor: string, name: string, value: Buffer) =>
  structure(Tag.Attribute, text(Tag.VendorIdentification, vendor), text(Tag.AttributeName, name), value);

const byName = (name: string, ...parts: readonly Buffer[]) =>
  structure(Tag.Attribute, text(Tag.AttributeName, name), ...parts);

const answerByName = structure(
  Tag.ResponsePayload,
  uid,
  byName('Cryptographic Algorithm', enumeration(Tag.AttributeValue, 3)),
  byName('Name', structure(Tag.AttributeValue, ...nameValue('one'))),
  byName('Name', integer(Tag.AttributeIndex, 1), structure(Tag.AttributeValue, ...nameValue('two'))),
  byName('x-Product', text(Tag.AttributeValue, 'vSAN')),
  byName('y-Made-By', text(Tag.AttributeValue, 'us')),
);

const answerByTag = structure(
  Tag.ResponsePayload,
  uid,
  structure(
    ATTRIBUTES_TAG,
    enumeration(Tag.CryptographicAlgorithm, 3),
    structure(Tag.Name, ...nameValue('one')),
    structure(Tag.Name, ...nameValue('two')),
    custom('x', 'Product', text(Tag.AttributeValue, 'vSAN')),
    custom('y', 'Made-By', text(Tag.AttributeValue, 'us')),
  ),
);

const codec = operationCodecByName('GetAttributes').response;

function read(message: Buffer, version: ProtocolVersion) {
  const reader = new TtlvReader(message);
  reader.next();
  return codec.read(reader, codecContext(version));
}

function write(attributes: readonly Attribute[], version: ProtocolVersion): Buffer {
  const writer = new TtlvWriter();
  codec.write(writer, Tag.ResponsePayload, { uniqueIdentifier: 'a', attributes }, codecContext(version));
  return writer.finish();
}

const attributes: readonly Attribute[] = [
  { attributeName: 'Cryptographic Algorithm', attributeValue: { type: 'Enumeration', value: 3 } },
  ...['one', 'two'].map((value, index): Attribute => ({
    attributeName: 'Name',
    ...(index === 0 ? {} : { attributeIndex: index }),
    attributeValue: {
      type: 'Structure',
      value: [
        { tag: Tag.NameValue, type: 'TextString', value },
        { tag: Tag.NameType, type: 'Enumeration', value: 1 },
      ],
    },
  })),
  { attributeName: 'x-Product', attributeValue: { type: 'TextString', value: 'vSAN' } },
  { attributeName: 'y-Made-By', attributeValue: { type: 'TextString', value: 'us' } },
];

describe('attributes', () => {
  it.each([
    ['by name in 1.x', V1_4, answerByName],
    ['by tag in 2.x', V2_1, answerByTag],
  ])('are the same in memory, whether they travel %s', (_form, version, message) => {
    expect(read(message, version)).toEqual({ uniqueIdentifier: 'a', attributes });
    expect(write(attributes, version)).toEqual(message);
  });

  it('that 2.x has no more are not written in it', () => {
    const policy: Attribute = {
      attributeName: 'Operation Policy Name',
      attributeValue: { type: 'TextString', value: 'default' },
    };
    expect(write([policy, ...attributes], V2_1)).toEqual(answerByTag);
    expect(read(write([policy], V1_4), V1_4)).toMatchObject({ attributes: [policy] });
  });

  it('are there in 2.x, as an empty structure at least', () => {
    expect(write([], V2_1)).toEqual(structure(Tag.ResponsePayload, uid, structure(ATTRIBUTES_TAG)));
    expect(() => read(structure(Tag.ResponsePayload, uid), V2_1)).toThrow('is missing');
    expect(read(structure(Tag.ResponsePayload, uid), V1_4)).toMatchObject({ attributes: [] });
  });
});

describe('attributes by tag', () => {
  const parse = (version: ProtocolVersion, ...items: readonly Buffer[]) => {
    const reader = new TtlvReader(structure(ATTRIBUTES_TAG, ...items));
    reader.next();
    return attributesByTag.read(reader, codecContext(version));
  };

  it('refuse what is no attribute, and what 2.x has no more', () => {
    expect(() => parse(V2_1, integer(Tag.BatchCount, 1))).toThrow('Attributes: BatchCount does not belong there');
    expect(() => parse(V2_1, text(Tag.OperationPolicyName, 'default'))).toThrow('does not belong there');
  });

  it('skip what a newer version may have added', () =>
    expect(parse(versionOf(2, 2), integer(0x42ffff, 1), enumeration(Tag.State, 1))).toHaveLength(1));

  it('of other vendors are refused: there is no name for them', () =>
    expect(() => parse(V2_1, custom('Acme', 'Colour', integer(Tag.AttributeValue, 1)))).toThrow(
      'attributes of the vendor Acme are not kept',
    ));

  it.each([
    [{ attributeName: 'Name' }, 'Name has no value'],
    [{ attributeName: 'Colour', attributeValue: { type: 'Integer', value: 1 } }, 'Colour has no tag'],
  ] satisfies [Attribute, string][])('are not written when they cannot be: %j', (attribute, text) =>
    expect(() => write([attribute], V2_1)).toThrow(text),
  );
});
