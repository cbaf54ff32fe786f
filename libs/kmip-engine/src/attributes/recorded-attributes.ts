import { type AuditEvent } from '@lib/audit';

import { type ClientAttribute } from '../ports/managed-object';
import { fromText, toText } from './ttlv-text';

/** More than the largest attribute takes with all of its characters escaped, so that only a Create can go beyond. */
export const MAXIMUM_RECORDED_BYTES = 32_768;

/**
 * What an audit record says of attributes that a client set: an exported trail is where they are found after a loss of
 * the catalog. They hold names of virtual machines, and are in clear in catalog and trail alone. Names first; what does
 * not fit is left out and counted.
 */
export function recordedAttributes(attributes: readonly ClientAttribute[]): NonNullable<AuditEvent['details']> {
  if (attributes.length === 0) return {};
  const rows = namesFirst(attributes).map(({ name, index, value }) => JSON.stringify([name, index, toText(value)]));
  const kept: string[] = [];
  let room = MAXIMUM_RECORDED_BYTES - 2;
  for (const row of rows) {
    room -= Buffer.byteLength(row) + 1;
    if (room < 0) break;
    kept.push(row);
  }
  const leftOut = rows.length - kept.length;
  return { attributes: `[${kept.join(',')}]`, ...(leftOut === 0 ? {} : { attributesLeftOut: leftOut }) };
}

/** @returns nothing for records of a release that did not say, and for what no release wrote */
export function attributesRecorded(details: AuditEvent['details']): readonly ClientAttribute[] {
  const text = details?.['attributes'];
  if (typeof text !== 'string') return [];
  try {
    const rows = JSON.parse(text) as readonly (readonly [name: string, index: number, value: string])[];
    return rows.map(([name, index, value]) => ({ name, index, value: fromText(value) }));
  } catch {
    return [];
  }
}

const isName = ({ name }: ClientAttribute): boolean => name === 'Name';

/** What is needed most comes first where there may not be room for all. */
export const namesFirst = (attributes: readonly ClientAttribute[]): readonly ClientAttribute[] => [
  ...attributes.filter(isName),
  ...withoutNames(attributes),
];

export const withoutNames = (attributes: readonly ClientAttribute[]): readonly ClientAttribute[] =>
  attributes.filter((attribute) => !isName(attribute));

const placeOf = ({ name, index }: ClientAttribute): string => `${index} ${name}`;

/** What a place holds never changes: clients only add. So those that are missing are added, and nothing is replaced. */
export function withMissing(
  attributes: readonly ClientAttribute[],
  others: readonly ClientAttribute[],
): readonly ClientAttribute[] {
  const places = new Set(attributes.map(placeOf));
  const missing = others.filter((attribute) => !places.has(placeOf(attribute)));
  return missing.length === 0 ? attributes : [...attributes, ...missing];
}
