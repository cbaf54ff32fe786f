import { escapeXml, isReference } from '@lib/vi-json';

import { type Member, type TypeTable } from './type-table';

/** By which types a message is written, and of which release its reader is: what is newer it would not understand. */
export interface Schema {
  readonly types: TypeTable;
  readonly release: string;
}

/** A value of a declared type as an element of SOAP. */
export function toXml(schema: Schema, name: string, declared: string, value: unknown): string {
  if (isReference(value)) return `<${name} type="${escapeXml(value.type)}">${escapeXml(value.value)}</${name}>`;
  if (typeof value === 'string') return `<${name}>${escapeXml(value)}</${name}>`;
  if (typeof value !== 'object' || value === null) return `<${name}>${JSON.stringify(value)}</${name}>`;
  const { _typeName: said } = value as { readonly _typeName?: string };
  const type = said ?? declared;
  // Where another type may stand than the declared one, it has to be said.
  const shown = type !== declared || schema.types.isPolymorphic(declared) ? ` xsi:type="${type}"` : '';
  return `<${name}${shown}>${membersXml(schema, type, value)}</${name}>`;
}

/** Its members, in the order of their declaration. */
export function membersXml(schema: Schema, type: string, value: object): string {
  const given = value as Readonly<Record<string, unknown>>;
  return schema.types
    .membersOf(type)
    .filter(({ since }) => since === undefined || !isNewer(since, schema.release))
    .map((member) => memberXml(schema, member, given[member.name]))
    .join('');
}

function memberXml(schema: Schema, { array, name, type }: Member, value: unknown): string {
  if (value === undefined) return '';
  const values = array ? (value as readonly unknown[]) : [value];
  return values.map((one) => toXml(schema, name, type, one)).join('');
}

function isNewer(one: string, other: string): boolean {
  const [ours, theirs] = [one, other].map((release) => release.split('.').map(Number));
  const at = (ours ?? []).findIndex((part, index) => part !== (theirs?.[index] ?? 0));
  return at !== -1 && (ours?.[at] ?? 0) > (theirs?.[at] ?? 0);
}
