import {
  type AttributeRule,
  isAtLeast,
  HashingAlgorithm,
  KeyFormatType,
  type ProtocolVersion,
  RNGAlgorithm,
  Tag,
  type TtlvValue,
  attributeRules,
  V1_1,
} from '@lib/kmip-protocol';

import { stateNumbers } from '../lifecycle';
import { type KindField } from '../kinds';
import { type ManagedObject } from '../ports/managed-object';
import { type DateAttribute } from '../ports/managed-object-store.port';
import { boolean, bytes, dateTime, enumeration, interval, item, structure, text } from './ttlv-values';

/** Seconds a client may use a key it holds before it asks again; advice only, as no operation renews it. */
const LEASE_SECONDS = 3600;

/** How a standard attribute comes to be. */
export type AttributeSource =
  /** Follows from the object's own fields; no client sets it by Add Attribute. */
  | { readonly kind: 'computed'; read(object: ManagedObject, version: ProtocolVersion): TtlvValue | undefined }
  /** A number that objects of some kinds have. A client may say it at Create, and only so. */
  | { readonly kind: 'field'; readonly field: KindField }
  /** The same for every key there is. A client may say so at Create, and only so. */
  | { readonly kind: 'fixed'; readonly value: TtlvValue }
  /** A date field: computed to read, and some may be set by a client while the state allows. */
  | { readonly kind: 'date'; readonly field: DateAttribute; readonly clientMaySet: boolean }
  /** Kept as a client gave it. */
  | { readonly kind: 'client'; readonly onlyValue?: TtlvValue };

export interface AttributeDefinition {
  readonly rule: AttributeRule;
  readonly source: AttributeSource;
}

const computed = (
  read: (object: ManagedObject, version: ProtocolVersion) => TtlvValue | undefined,
): AttributeSource => ({
  kind: 'computed',
  read,
});
const fixed = (value: TtlvValue): AttributeSource => ({ kind: 'fixed', value });
const ofKind = (field: KindField): AttributeSource => ({ kind: 'field', field });
const serverDate = (field: DateAttribute): AttributeSource => ({ kind: 'date', field, clientMaySet: false });
const clientDate = (field: DateAttribute): AttributeSource => ({ kind: 'date', field, clientMaySet: true });
const client: AttributeSource = { kind: 'client' };

function digestValue({ digest }: ManagedObject, version: ProtocolVersion): TtlvValue {
  const items = [
    item(Tag.HashingAlgorithm, enumeration(HashingAlgorithm.SHA_256)),
    item(Tag.DigestValue, bytes(digest)),
  ];
  // Key Format Type joined the Digest structure in KMIP 1.1 (§3.17).
  return isAtLeast(version, V1_1)
    ? structure(...items, item(Tag.KeyFormatType, enumeration(KeyFormatType.Raw)))
    : structure(...items);
}

function revocationReasonValue({ revocationReason }: ManagedObject): TtlvValue | undefined {
  if (revocationReason === undefined) return undefined;
  const code = item(Tag.RevocationReasonCode, enumeration(revocationReason.code));
  if (revocationReason.message === undefined) return structure(code);
  return structure(code, item(Tag.RevocationMessage, text(revocationReason.message)));
}

/** Which generator made a key is the key manager's affair. */
const unspecifiedGenerator = structure(item(Tag.RNGAlgorithm, enumeration(RNGAlgorithm.Unspecified)));

/** In the order of the official attribute lists: identity first, the rest by name. */
const sources: readonly (readonly [string, AttributeSource])[] = [
  ['Unique Identifier', computed((object) => text(object.uniqueIdentifier))],
  ['Object Type', computed((object) => enumeration(object.objectType))],
  ['Cryptographic Algorithm', ofKind('cryptographicAlgorithm')],
  ['Cryptographic Length', ofKind('cryptographicLength')],
  ['Activation Date', clientDate('activationDate')],
  ['Alternative Name', client],
  ['Always Sensitive', fixed(boolean(false))],
  ['Application Specific Information', client],
  ['Comment', client],
  ['Compromise Date', serverDate('compromiseDate')],
  ['Compromise Occurrence Date', serverDate('compromiseOccurrenceDate')],
  ['Contact Information', client],
  ['Cryptographic Parameters', client],
  ['Cryptographic Usage Mask', ofKind('cryptographicUsageMask')],
  ['Deactivation Date', clientDate('deactivationDate')],
  ['Description', client],
  ['Destroy Date', serverDate('destroyDate')],
  ['Digest', computed(digestValue)],
  ['Extractable', fixed(boolean(true))],
  ['Fresh', computed((object) => boolean(object.fresh))],
  ['Initial Date', serverDate('initialDate')],
  ['Last Change Date', serverDate('lastChangeDate')],
  ['Lease Time', fixed(interval(LEASE_SECONDS))],
  ['Link', client],
  ['Name', client],
  ['Never Extractable', fixed(boolean(false))],
  ['Object Group', client],
  // Every object is governed by the one policy there is.
  ['Operation Policy Name', { kind: 'client', onlyValue: text('default') }],
  ['Original Creation Date', computed((object) => dateTime(object.initialDate))],
  ['PKCS#12 Friendly Name', client],
  ['Process Start Date', clientDate('processStartDate')],
  ['Protect Stop Date', clientDate('protectStopDate')],
  ['Random Number Generator', fixed(unspecifiedGenerator)],
  ['Revocation Reason', computed(revocationReasonValue)],
  ['Sensitive', fixed(boolean(false))],
  ['State', computed((object) => enumeration(stateNumbers[object.state]))],
];

function define([name, source]: readonly [string, AttributeSource]): AttributeDefinition {
  const rule = attributeRules.get(name);
  if (rule === undefined) throw new Error(`the specification knows no attribute ${name}`);
  return { rule, source };
}

/** The standard attributes our objects can have. A Map, because names come from clients. */
export const attributeRegistry: ReadonlyMap<string, AttributeDefinition> = new Map(
  sources.map((entry) => [entry[0], define(entry)]),
);

/** The definition, if a message of `version` may speak of it (KMIP 1.4 §3). */
export function definitionFor(name: string, version: ProtocolVersion): AttributeDefinition | undefined {
  const definition = attributeRegistry.get(name);
  return definition !== undefined && isAtLeast(version, definition.rule.since) ? definition : undefined;
}

/** True for an attribute of the standard that exists in `version`, whether our objects have it or not. */
export function isStandardAttribute(name: string, version: ProtocolVersion): boolean {
  const rule = attributeRules.get(name);
  return rule !== undefined && isAtLeast(version, rule.since);
}
