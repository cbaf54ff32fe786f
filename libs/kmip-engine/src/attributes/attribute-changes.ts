import {
  type Attribute,
  isClientCustomAttribute,
  isServerCustomAttribute,
  type ProtocolVersion,
  type TtlvValue,
} from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { isDestroyed } from '../lifecycle';
import { type ClientAttribute, type CommonFields, type ManagedObject } from '../ports/managed-object';
import { type DateAttribute } from '../ports/managed-object-store.port';
import { type AttributeDefinition, definitionFor, isStandardAttribute } from './attribute-registry';
import { sameValue, toDate } from './ttlv-values';
import { MAXIMUM_ATTRIBUTES, requireCustomShape, requireStandardShape, requireWithinLimits } from './value-rules';

const byNameThenIndex = (a: ClientAttribute, b: ClientAttribute): number =>
  a.name === b.name ? a.index - b.index : a.name < b.name ? -1 : 1;

/** Appends one instance under the next free index. */
export function withInstance(
  attributes: readonly ClientAttribute[],
  name: string,
  value: TtlvValue,
): { readonly attributes: readonly ClientAttribute[]; readonly index: number } {
  if (attributes.length >= MAXIMUM_ATTRIBUTES) fail('attribute_limit');
  const used = attributes.filter((attribute) => attribute.name === name).map(({ index }) => index);
  const index = used.length === 0 ? 0 : Math.max(...used) + 1;
  return { attributes: [...attributes, { name, index, value }].sort(byNameThenIndex), index };
}

/** Checks a client-kept attribute of the standard against its rule. */
export function requireClientValue({ rule, source }: AttributeDefinition, value: TtlvValue): void {
  requireStandardShape(rule.name, rule.type, value);
  if (source.kind === 'client' && source.onlyValue !== undefined && !sameValue(source.onlyValue, value)) {
    fail('attribute_value_invalid', { detail: rule.name });
  }
}

/** Dates that only move while the key has not lived through them (KMIP 1.4 §3.24 to §3.27). */
function requireDateOpen(object: ManagedObject, field: DateAttribute): void {
  const open = object.state === 'PreActive' || (object.state === 'Active' && field !== 'activationDate');
  if (!open) fail('date_frozen');
}

/** Activation, process start, protect stop and deactivation in this order, as far as they are set. */
export function requireDatesInOrder(object: Partial<CommonFields>): void {
  const given = [object.activationDate, object.processStartDate, object.protectStopDate, object.deactivationDate];
  const times = given.filter((date) => date !== undefined).map((date) => date.getTime());
  if (times.some((time, index) => index > 0 && time < (times[index - 1] ?? time))) fail('dates_out_of_order');
}

export function dateFrom(name: string, value: TtlvValue): Date {
  const date = value.type === 'DateTime' ? toDate(value.value) : undefined;
  return date ?? fail('attribute_value_invalid', { detail: name });
}

function withDate(object: ManagedObject, name: string, field: DateAttribute, value: TtlvValue): ManagedObject {
  if (object[field] !== undefined) fail('attribute_present', { detail: name });
  requireDateOpen(object, field);
  const changed = { ...object, [field]: dateFrom(name, value) };
  requireDatesInOrder(changed);
  return changed;
}

function writableDefinition(name: string, version: ProtocolVersion): AttributeDefinition {
  if (isServerCustomAttribute(name)) fail('attribute_read_only');
  const definition = definitionFor(name, version);
  if (definition !== undefined) return definition;
  return fail(isStandardAttribute(name, version) ? 'attribute_not_supported' : 'attribute_unknown');
}

export interface AddedAttribute {
  readonly object: ManagedObject;
  readonly index: number;
}

function requireAddable(
  object: ManagedObject,
  { attributeIndex, attributeValue, attributeName }: Attribute,
): TtlvValue {
  if (isDestroyed(object.state)) fail('object_is_destroyed');
  if (attributeValue === undefined) return fail('attribute_value_missing');
  // Some clients spell out the index the first instance has anyway.
  if (attributeIndex !== undefined && attributeIndex !== 0) fail('attribute_index_given');
  requireWithinLimits(attributeName, attributeValue);
  return attributeValue;
}

function addInstance(object: ManagedObject, name: string, value: TtlvValue): AddedAttribute {
  const { attributes, index } = withInstance(object.attributes, name, value);
  return { object: { ...object, attributes }, index };
}

/**
 * Add Attribute (KMIP 1.4 §4.14) on an object whose dates are settled. Does not touch Last Change Date.
 * @throws OperationFailure with the reasons of KMIP 1.4 §11.13
 */
export function addAttribute(object: ManagedObject, attribute: Attribute, version: ProtocolVersion): AddedAttribute {
  const { attributeName: name } = attribute;
  const value = requireAddable(object, attribute);
  if (isClientCustomAttribute(name)) {
    requireCustomShape(value);
    return addInstance(object, name, value);
  }
  const definition = writableDefinition(name, version);
  const { rule, source } = definition;
  if (source.kind === 'date' && source.clientMaySet) {
    return { object: withDate(object, rule.name, source.field, value), index: 0 };
  }
  if (source.kind !== 'client') fail('attribute_read_only', { detail: rule.name });
  requireClientValue(definition, value);
  const present = object.attributes.filter((existing) => existing.name === name);
  if (!rule.multiple && present.length > 0) fail('attribute_present', { detail: rule.name });
  if (name === 'Name' && present.some((existing) => sameValue(existing.value, value))) fail('name_taken');
  return addInstance(object, name, value);
}
