import { NameType, Tag, type TtlvItem, type TtlvValue } from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';

export const MAXIMUM_NAME_LENGTH = 255;
export const MAXIMUM_VALUE_BYTES = 4096;
export const MAXIMUM_ATTRIBUTES = 1000;

function sizeOf(value: TtlvValue): number {
  switch (value.type) {
    case 'TextString':
      return Buffer.byteLength(value.value, 'utf8');
    case 'ByteString':
      return value.value.length;
    case 'BigInteger':
      return Math.ceil(value.value.toString(16).length / 2);
    case 'Structure':
      return value.value.reduce((sum, item) => sum + 8 + sizeOf(item), 0);
    default:
      return 8;
  }
}

/** Limits that hold for every attribute a client sets. */
export function requireWithinLimits(name: string, value: TtlvValue): void {
  if (name.length > MAXIMUM_NAME_LENGTH || sizeOf(value) > MAXIMUM_VALUE_BYTES) fail('attribute_too_long');
}

/** A custom attribute may have any type, but no structure within a structure (KMIP 1.4 §3.39). */
export function requireCustomShape(value: TtlvValue): void {
  if (value.type === 'Structure' && value.value.some(({ type }) => type === 'Structure')) fail('attribute_nested');
}

const nameTypes: ReadonlySet<number> = new Set(Object.values(NameType));

function textOf(items: readonly TtlvItem[], tag: number): string | undefined {
  const found = items.find((item) => item.tag === tag);
  return found?.type === 'TextString' ? found.value : undefined;
}

/** Structures we give a meaning to are checked; the others are kept as they come. */
const structureRules: ReadonlyMap<string, (items: readonly TtlvItem[]) => boolean> = new Map([
  [
    'Name',
    (items) => {
      const type = items.find(({ tag }) => tag === Tag.NameType);
      const value = textOf(items, Tag.NameValue);
      return value !== undefined && value !== '' && type?.type === 'Enumeration' && nameTypes.has(type.value);
    },
  ],
  ['Application Specific Information', (items) => textOf(items, Tag.ApplicationNamespace) !== undefined],
]);

/** The value of a standard attribute has the type its rule names and, where we know better, the right shape. */
export function requireStandardShape(name: string, type: TtlvValue['type'], value: TtlvValue): void {
  if (value.type !== type) fail('attribute_value_invalid', { detail: name });
  const rule = structureRules.get(name);
  if (rule !== undefined && value.type === 'Structure' && !rule(value.value)) {
    fail('attribute_value_invalid', { detail: name });
  }
}
