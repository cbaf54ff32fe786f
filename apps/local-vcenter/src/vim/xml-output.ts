import { escapeXml, isReference } from '@lib/vi-json';

import { type Member, type Schema } from './type-table';

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
    .membersOf(type, schema.release)
    .map((member) => memberXml(schema, member, given[member.name]))
    .join('');
}

function memberXml(schema: Schema, { array, name, type }: Member, value: unknown): string {
  if (value === undefined) return '';
  const values = array ? (value as readonly unknown[]) : [value];
  return values.map((one) => toXml(schema, name, type, one)).join('');
}
