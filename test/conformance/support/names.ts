import { enumerations, Tag } from '@lib/kmip-protocol';

type Numbers = Readonly<Record<string, number>>;

/** A name the tables of KMIP 1.0 to 1.4 do not have: the message cannot be expressed. */
export class UnknownNameError extends Error {}

/** Spelling differs between the sources: XML names, JSON names, SCREAMING_SNAKE of one recording. */
const normal = (name: string): string => name.replace(/[^A-Za-z0-9]/g, '').toLowerCase();

const lookups = new WeakMap<Numbers, ReadonlyMap<string, number>>();

function find(table: Numbers, name: string): number | undefined {
  let lookup = lookups.get(table);
  if (lookup === undefined) {
    lookup = new Map(Object.entries(table).map(([key, value]) => [normal(key), value]));
    lookups.set(table, lookup);
  }
  return Object.hasOwn(table, name) ? table[name] : lookup.get(normal(name));
}

export function tagNumber(name: string): number {
  const tag = /^0x[0-9a-f]+$/i.test(name) ? Number(name) : find(Tag, name);
  if (tag === undefined) throw new UnknownNameError(`tag ${name}`);
  return tag;
}

/** Tags whose values come from the enumeration of another name. */
const ENUMERATION_OF_TAG: Readonly<Record<string, keyof typeof enumerations>> = {
  MaskGeneratorHashingAlgorithm: 'HashingAlgorithm',
};

/** The table of a tag, or for an Attribute Value that of the attribute: "Cryptographic Usage Mask". */
export function enumerationOf(name: string): Numbers | undefined {
  const wanted = normal(ENUMERATION_OF_TAG[name] ?? name);
  const found = Object.entries(enumerations).find(([title]) => normal(title) === wanted);
  return found?.[1];
}

export function enumerationNumber(tag: string, name: string): number {
  if (/^(0x[0-9a-f]+|[0-9]+)$/i.test(name)) return Number(name);
  const table = enumerationOf(tag);
  const value = table && find(table, name);
  if (value === undefined) throw new UnknownNameError(`value ${name} of ${tag}`);
  return value;
}

/** An Integer, or a mask written as names that are set apart by spaces or bars. */
export function integerOrMask(tag: string, text: string): number {
  if (/^-?[0-9]+$/.test(text)) return Number(text);
  if (/^0x[0-9a-f]+$/i.test(text)) return Number(text) | 0;
  return text
    .split(/[\s|]+/)
    .filter((name) => name !== '')
    .reduce((mask, name) => mask | enumerationNumber(tag, name), 0);
}
