import {
  type Attribute,
  isClientCustomAttribute,
  type ProtocolVersion,
  type TemplateAttribute,
  type TtlvValue,
} from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { type ObjectKind } from '../kinds/object-kind';
import { type ClientAttribute, type ManagedObject } from '../ports/managed-object';
import { type DateAttribute } from '../ports/managed-object-store.port';
import { requireClientValue, dateFrom, requireDatesInOrder, withInstance } from './attribute-changes';
import { definitionFor } from './attribute-registry';
import { sameValue } from './ttlv-values';
import { requireCustomShape, requireStandardShape, requireWithinLimits } from './value-rules';

type DraftDates = Pick<ManagedObject, 'activationDate' | 'processStartDate' | 'protectStopDate' | 'deactivationDate'>;

/** What a Create asked for, checked and complete. */
export interface KeyDraft extends DraftDates {
  readonly objectType: number;
  readonly cryptographicAlgorithm: number;
  readonly cryptographicLength: number;
  readonly cryptographicUsageMask: number;
  readonly attributes: readonly ClientAttribute[];
}

interface DraftParts {
  algorithm?: number;
  length?: number;
  usageMask?: number;
  dates: Partial<Record<DateAttribute, Date>>;
  attributes: readonly ClientAttribute[];
}

function single<T>(current: T | undefined, next: T): T {
  return current === undefined ? next : fail('attribute_twice');
}

function number(name: string, type: 'Enumeration' | 'Integer', value: TtlvValue): number {
  return value.type === type && value.value >= 0 ? value.value : fail('attribute_value_invalid', { detail: name });
}

function takeStandard(parts: DraftParts, name: string, value: TtlvValue, version: ProtocolVersion): void {
  const definition = definitionFor(name, version) ?? fail('attribute_not_for_create');
  const { rule, source } = definition;
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
  switch (name) {
    case 'Cryptographic Algorithm':
      parts.algorithm = single(parts.algorithm, number(name, 'Enumeration', value));
      return;
    case 'Cryptographic Length':
      parts.length = single(parts.length, number(name, 'Integer', value));
      return;
    case 'Cryptographic Usage Mask':
      parts.usageMask = single(parts.usageMask, number(name, 'Integer', value));
      return;
  }
  if (isClientCustomAttribute(name)) {
    requireCustomShape(value);
    parts.attributes = withInstance(parts.attributes, name, value).attributes;
    return;
  }
  takeStandard(parts, name, value, version);
}

/** Reads a Create's Template-Attribute (KMIP 1.4 §4.1). @throws OperationFailure before anything was done */
export function readKeyDraft(kind: ObjectKind, template: TemplateAttribute, version: ProtocolVersion): KeyDraft {
  if ((template.names ?? []).length > 0) fail('template_unknown');
  const parts: DraftParts = { dates: {}, attributes: [] };
  for (const attribute of template.attributes ?? []) take(parts, attribute, version);
  const { algorithm, length } = kind.completed(parts);
  requireDatesInOrder(parts.dates);
  return {
    ...parts.dates,
    objectType: kind.objectType,
    cryptographicAlgorithm: algorithm,
    cryptographicLength: length,
    cryptographicUsageMask: parts.usageMask ?? fail('usage_mask_missing'),
    attributes: parts.attributes,
  };
}
