import {
  type Attribute,
  type AttributeRule,
  isClientCustomAttribute,
  type ProtocolVersion,
  type TemplateAttribute,
  type TtlvValue,
} from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { type KindField, type KindFields } from '../kinds';
import { type ObjectKind } from '../kinds/object-kind';
import { type ClientAttribute, type CommonFields } from '../ports/managed-object';
import { type DateAttribute } from '../ports/managed-object-store.port';
import { requireClientValue, dateFrom, requireDatesInOrder, withInstance } from './attribute-changes';
import { definitionFor } from './attribute-registry';
import { sameValue } from './ttlv-values';
import { requireCustomShape, requireStandardShape, requireWithinLimits } from './value-rules';

type DraftDates = Pick<CommonFields, 'activationDate' | 'processStartDate' | 'protectStopDate' | 'deactivationDate'>;

/** What a Create asked for, checked and complete. */
export type KeyDraft = DraftDates & KindFields & { readonly attributes: readonly ClientAttribute[] };

interface DraftParts {
  fields: Partial<Record<KindField, number>>;
  dates: Partial<Record<DateAttribute, Date>>;
  attributes: readonly ClientAttribute[];
}

function single<T>(current: T | undefined, next: T): T {
  return current === undefined ? next : fail('attribute_twice');
}

function number({ name, type }: AttributeRule, value: TtlvValue): number {
  const isNumber = value.type === 'Enumeration' || value.type === 'Integer';
  return isNumber && value.type === type && value.value >= 0
    ? value.value
    : fail('attribute_value_invalid', { detail: name });
}

function takeStandard(parts: DraftParts, name: string, value: TtlvValue, version: ProtocolVersion): void {
  const definition = definitionFor(name, version) ?? fail('attribute_not_for_create');
  const { rule, source } = definition;
  if (source.kind === 'field') {
    parts.fields[source.field] = single(parts.fields[source.field], number(rule, value));
    return;
  }
  requireStandardShape(rule.name, rule.type, value);
  if (source.kind === 'client') {
    requireClientValue(definition, value);
    const present = parts.attributes.filter((attribute) => attribute.name === name);
    if (!rule.multiple && present.length > 0) fail('attribute_twice', { detail: rule.name });
    if (name === 'Name' && present.some((existing) => sameValue(existing.value, value))) fail('create_name_taken');
    parts.attributes = withInstance(parts.attributes, name, value).attributes;
    return;
  }
  if (source.kind === 'date' && source.clientMaySet) {
    parts.dates[source.field] = single(parts.dates[source.field], dateFrom(rule.name, value));
    return;
  }
  if (source.kind !== 'fixed' || !sameValue(source.value, value))
    fail('attribute_not_for_create', { detail: rule.name });
}

function take(parts: DraftParts, attribute: Attribute, version: ProtocolVersion): void {
  // The index is tolerated and not used: instances are numbered in the order they come.
  const { attributeName: name, attributeValue: value } = attribute;
  if (value === undefined) fail('attribute_value_missing');
  requireWithinLimits(name, value);
  if (isClientCustomAttribute(name)) {
    requireCustomShape(value);
    parts.attributes = withInstance(parts.attributes, name, value).attributes;
    return;
  }
  takeStandard(parts, name, value, version);
}

/** Reads a Create's Template-Attribute (KMIP 1.4 §4.1). @throws OperationFailure before anything was done */
export function readKeyDraft(
  { fields, creation = fail('object_type_not_supported') }: ObjectKind<KindFields>,
  template: TemplateAttribute,
  version: ProtocolVersion,
): KeyDraft {
  if ((template.names ?? []).length > 0) fail('template_unknown');
  const parts: DraftParts = { fields: {}, dates: {}, attributes: [] };
  for (const attribute of template.attributes ?? []) take(parts, attribute, version);
  if (Object.keys(parts.fields).some((field) => !(field in fields))) fail('attribute_not_for_create');
  const completed = creation.completed(parts.fields);
  requireDatesInOrder(parts.dates);
  return { ...parts.dates, ...completed, attributes: parts.attributes };
}
