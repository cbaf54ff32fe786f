import {
  type Attribute,
  ObjectType,
  type OperationRequest,
  Tag,
  type TtlvItem,
  type TtlvValue,
} from '@lib/kmip-protocol';
import fc from 'fast-check';

import { anyCharacter } from './any-character';
import { vcenterKey } from './engine-harness';

/** The edges of what the wire can carry (KMIP 1.4 §9.1.1.3), which are wider than what a database or a date can. */
const integer = fc.oneof(
  fc.constantFrom(-1, 0, 1, -0x8000_0000, 0x7fff_ffff),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);
const unsigned = fc.oneof(
  fc.constantFrom(0, 1, 2, 0x8000_0000, 0xffff_ffff),
  fc.nat({ max: 12 }),
  fc.nat({ max: 0xffff_ffff }),
);
const long = fc.oneof(
  fc.constantFrom(-1n, 0n, -(2n ** 63n), 2n ** 63n - 1n, 253_402_300_799n, 253_402_300_800n, -62_135_596_800n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const big = fc.oneof(fc.constantFrom(0n, -1n, 2n ** 64n, -(2n ** 1024n)), fc.bigInt());
const text = fc.oneof(
  fc.constantFrom('', '\0', 'a\0b', '\uFFFD', '\u{10FFFF}', '\ud800', "'; --", '%_\\', 'web-01'),
  fc.string({ unit: anyCharacter, maxLength: 40 }),
);
const bytes = fc.uint8Array({ maxLength: 40 }).map((given) => Buffer.from(given));

const scalar: fc.Arbitrary<TtlvValue> = fc.oneof(
  integer.map((value): TtlvValue => ({ type: 'Integer', value })),
  long.map((value): TtlvValue => ({ type: 'LongInteger', value })),
  big.map((value): TtlvValue => ({ type: 'BigInteger', value })),
  unsigned.map((value): TtlvValue => ({ type: 'Enumeration', value })),
  fc.boolean().map((value): TtlvValue => ({ type: 'Boolean', value })),
  text.map((value): TtlvValue => ({ type: 'TextString', value })),
  bytes.map((value): TtlvValue => ({ type: 'ByteString', value })),
  long.map((value): TtlvValue => ({ type: 'DateTime', value })),
  unsigned.map((value): TtlvValue => ({ type: 'Interval', value })),
);

const item: fc.Arbitrary<TtlvItem> = fc
  .tuple(fc.constantFrom(Tag.NameValue, Tag.NameType, Tag.ApplicationNamespace, Tag.ApplicationData), scalar)
  .map(([tag, value]) => ({ tag, ...value }));

/** As a client writes it, so that some requests come to be carried out. */
const name = text.map((value): TtlvValue => ({
  type: 'Structure',
  value: [
    { tag: Tag.NameValue, type: 'TextString', value },
    { tag: Tag.NameType, type: 'Enumeration', value: 1 },
  ],
}));
const date = long.map((value): TtlvValue => ({ type: 'DateTime', value }));
const named = (attributeName: string, value: fc.Arbitrary<TtlvValue>): fc.Arbitrary<Attribute> =>
  value.map((attributeValue) => ({ attributeName, attributeValue }));

const ATTRIBUTES = [
  'Name',
  'Object Type',
  'Cryptographic Algorithm',
  'Cryptographic Length',
  'Cryptographic Usage Mask',
  'Unique Identifier',
  'State',
  'Initial Date',
  'Activation Date',
  'Process Start Date',
  'Protect Stop Date',
  'Deactivation Date',
  'Compromise Date',
  'Last Change Date',
  'Original Creation Date',
  'Digest',
  'Fresh',
  'Lease Time',
  'Contact Information',
  'Object Group',
  'Application Specific Information',
];

const attributeName = fc.oneof(
  fc.constantFrom(...ATTRIBUTES),
  text.map((suffix) => `x-${suffix}`),
  text,
);
const structure = fc.array(item, { maxLength: 4 }).map((value): TtlvValue => ({ type: 'Structure', value }));

/** Any attribute that can be written on the wire; about half of them make sense. */
export const anyAttribute: fc.Arbitrary<Attribute> = fc.oneof(
  named('Name', name),
  named('Activation Date', date),
  named('Deactivation Date', date),
  named('x-note', scalar),
  fc.record(
    { attributeName, attributeIndex: integer, attributeValue: fc.oneof(scalar, structure) },
    { requiredKeys: ['attributeName', 'attributeValue'] },
  ),
);

/** Whole seconds that both the wire and a Date can hold. */
const instant = fc.oneof(
  fc.constantFrom(new Date(-8.64e15), new Date(8.64e15), new Date(-1000), new Date(0)),
  fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 }).map((seconds) => new Date(seconds * 1000)),
);

/**
 * Any request that can be written on the wire.
 * @param known identifiers of keys that exist, so that requests come to do something
 */
export function anyOperationRequest(known: readonly string[]): fc.Arbitrary<OperationRequest> {
  const id = fc.record(
    { uniqueIdentifier: known.length === 0 ? text : fc.oneof(fc.constantFrom(...known), text) },
    { requiredKeys: [] },
  );
  const attributes = fc.array(anyAttribute, { maxLength: 4 });
  const revocation = fc.record(
    { revocationReasonCode: fc.oneof(fc.nat({ max: 3 }), unsigned), revocationMessage: text },
    { requiredKeys: ['revocationReasonCode'] },
  );
  const locating = fc.record(
    {
      maximumItems: integer,
      offsetItems: integer,
      storageStatusMask: integer,
      objectGroupMember: unsigned,
      attributes,
    },
    { requiredKeys: ['attributes'] },
  );
  return fc.oneof(
    locating.map((payload): OperationRequest => ({ name: 'Locate', payload })),
    fc
      .tuple(fc.oneof(fc.constant(ObjectType.SymmetricKey), unsigned), fc.constantFrom([], vcenterKey), attributes)
      .map(([objectType, usual, given]): OperationRequest => ({
        name: 'Create',
        payload: { objectType, templateAttribute: { attributes: [...usual, ...given] } },
      })),
    fc
      .tuple(id, anyAttribute)
      .map(([target, attribute]): OperationRequest => ({ name: 'AddAttribute', payload: { ...target, attribute } })),
    fc
      .tuple(id, revocation, fc.option(instant, { nil: undefined }))
      .map(([target, revocationReason, compromiseOccurrenceDate]): OperationRequest => ({
        name: 'Revoke',
        payload: {
          ...target,
          revocationReason,
          ...(compromiseOccurrenceDate && { compromiseOccurrenceDate }),
        },
      })),
    fc.tuple(id, fc.array(attributeName, { maxLength: 3 })).map(([target, attributeNames]): OperationRequest => ({
      name: 'GetAttributes',
      payload: { ...target, attributeNames },
    })),
    fc
      .tuple(id, fc.constantFrom('Activate' as const, 'GetAttributeList' as const, 'Get' as const, 'Destroy' as const))
      .map(([payload, operation]): OperationRequest => ({ name: operation, payload })),
    fc.array(unsigned, { maxLength: 4 }).map((queryFunctions): OperationRequest => ({
      name: 'Query',
      payload: { queryFunctions },
    })),
  );
}
