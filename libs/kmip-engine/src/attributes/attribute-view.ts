import { type Attribute, type AttributeRule, type ProtocolVersion, type TtlvValue } from '@lib/kmip-protocol';

import { type KindField, type KindNumbers } from '../kinds';
import { type ManagedObject } from '../ports/managed-object';
import { type DateAttribute } from '../ports/managed-object-store.port';
import { type AttributeDefinition, attributeRegistry, definitionFor } from './attribute-registry';
import { dateTime, enumeration, integer } from './ttlv-values';

const isCustom = (name: string): boolean => name.startsWith('x-') || name.startsWith('y-');

function kept(object: ManagedObject, name: string): Attribute[] {
  return object.attributes
    .filter((attribute) => attribute.name === name)
    .map(({ index, value }) => ({
      attributeName: name,
      // Left out when 0, as vCenter's recorded dialogue has it (KMIP 1.1 §2.1.1).
      ...(index === 0 ? {} : { attributeIndex: index }),
      attributeValue: value,
    }));
}

function numberIn(object: KindNumbers, field: KindField, { type }: AttributeRule): TtlvValue | undefined {
  const value = object[field];
  if (value === undefined) return undefined;
  return type === 'Enumeration' ? enumeration(value) : integer(value);
}

function dateIn(object: ManagedObject, field: DateAttribute): TtlvValue | undefined {
  const date = object[field];
  return date && dateTime(date);
}

function standard(object: ManagedObject, { rule, source }: AttributeDefinition, version: ProtocolVersion): Attribute[] {
  const only = (value: TtlvValue | undefined): Attribute[] =>
    value === undefined ? [] : [{ attributeName: rule.name, attributeValue: value }];
  switch (source.kind) {
    case 'client':
      return kept(object, rule.name);
    case 'fixed':
      return only(source.value);
    case 'computed':
      return only(source.read(object, version));
    case 'field':
      return only(numberIn(object, source.field, rule));
    case 'date':
      return only(dateIn(object, source.field));
  }
}

/**
 * The instances of one attribute as a client of `version` may see them; none when it is absent or newer than
 * that client. The object must have its dates settled.
 */
export function attributesNamed(object: ManagedObject, name: string, version: ProtocolVersion): Attribute[] {
  if (isCustom(name)) return kept(object, name);
  const definition = definitionFor(name, version);
  return definition === undefined ? [] : standard(object, definition, version);
}

/** Names of everything the object has, standard attributes first, each name once. */
export function attributeNames(object: ManagedObject, version: ProtocolVersion): string[] {
  const present = [...attributeRegistry.keys()].filter((name) => attributesNamed(object, name, version).length > 0);
  const custom = object.attributes.map(({ name }) => name).filter(isCustom);
  return [...present, ...new Set(custom)];
}

export const allAttributes = (object: ManagedObject, version: ProtocolVersion): Attribute[] =>
  attributeNames(object, version).flatMap((name) => attributesNamed(object, name, version));
