/** Item Type codes of a TTLV header (KMIP 1.4 §9.1.1.2). */
export const ItemType = {
  Structure: 1,
  Integer: 2,
  LongInteger: 3,
  BigInteger: 4,
  Enumeration: 5,
  Boolean: 6,
  TextString: 7,
  ByteString: 8,
  DateTime: 9,
  Interval: 10,
} as const;
export type ItemType = (typeof ItemType)[keyof typeof ItemType];
export type ItemTypeName = keyof typeof ItemType;

/** Names by code; index 0 is no type. */
export const itemTypeNames: readonly (ItemTypeName | undefined)[] = [
  undefined,
  'Structure',
  'Integer',
  'LongInteger',
  'BigInteger',
  'Enumeration',
  'Boolean',
  'TextString',
  'ByteString',
  'DateTime',
  'Interval',
];
