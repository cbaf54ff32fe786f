import { type InstanceId, type Secret } from '@lib/kernel';
import { type EnumValue } from '@lib/kmip-protocol';

import { namesFirst } from '../attributes/recorded-attributes';
import { fromText, toText } from '../attributes/ttlv-text';
import { type Owner, isSameMac, macOf, openText, sealText } from '../crypto/derived-keys';
import { fail } from '../failures/operation-failure';
import { KIND_FIELDS, type KindFields, type KindNumbers, namedFieldsOf, requireKind } from '../kinds';
import { type ClientAttribute, type CommonFields, type ServableObject } from '../ports/managed-object';
import { ENVELOPE_DATES, type EnvelopeDates, type StoredEnvelope, fieldsIn } from './stored-envelope';

/** What a move changes; everything else is authenticated, fields of later releases included. */
const MOVABLE: ReadonlySet<string> = new Set(['ciphertext', 'rootKeyId', 'rootKeyVersion', 'mac']);

/** Stands where the fingerprint of the creating certificate belongs when nobody knows it any more. */
export const UNKNOWN_CREATOR = '0'.repeat(64);

/** Key managers take 7,500 bytes; the rest of an envelope takes a quarter of them. */
const MAXIMUM_ATTRIBUTE_BYTES = 3_000;

export type Wrapping = Pick<StoredEnvelope, 'rootKeyId' | 'rootKeyVersion' | 'ciphertext'>;

export type EnvelopeFacts = Omit<CommonFields, 'custody'> & KindFields;

type Named = Pick<StoredEnvelope, 'instanceId' | 'uniqueIdentifier'>;

const ownerOf = ({ instanceId, uniqueIdentifier }: Named): Owner => [instanceId, uniqueIdentifier];

/**
 * The envelope of a key as the catalog has it, authenticated by the key itself. A move writes it anew from the catalog
 * and not from the envelope before, which may be an old one that anybody could have changed.
 */
export function envelopeOf(
  instanceId: InstanceId,
  object: EnvelopeFacts,
  wrapping: Wrapping,
  material: Secret,
): StoredEnvelope {
  const { uniqueIdentifier, objectType, createdBy } = object;
  const kind = requireKind(objectType);
  const numbers: KindNumbers = object;
  const dates = datesOf(object);
  const { rootKeyId, rootKeyVersion, ciphertext } = wrapping;
  const envelope: StoredEnvelope = {
    v: kind.envelopeVersion,
    instanceId,
    uniqueIdentifier,
    objectType,
    ...Object.fromEntries(namedFieldsOf(kind).map(([field, name]) => [name, numbers[field]])),
    created: object.initialDate.toISOString(),
    digest: object.digest.toString('hex'),
    rootKeyId,
    rootKeyVersion,
    ciphertext,
    ...(createdBy === UNKNOWN_CREATOR ? {} : { createdBy }),
    ...(Object.keys(dates).length === 0 ? {} : { dates }),
    ...(object.attributes.length === 0 ? {} : { attributes: sealedAttributes(instanceId, object, material) }),
  };
  return { ...envelope, mac: envelopeMac(envelope, material) };
}

/** What no move and no operation ever changes: by it two stored keys that claim to be one key are told apart. */
export interface BirthFacts {
  readonly fields: KindNumbers & { readonly objectType: EnumValue };
  readonly created: string;
  readonly digest: string;
}

export const birthFactsOf = (object: Pick<CommonFields, 'initialDate' | 'digest'> & KindFields): BirthFacts => ({
  fields: object,
  created: object.initialDate.toISOString(),
  digest: object.digest.toString('hex'),
});

export const birthFactsIn = (envelope: StoredEnvelope): BirthFacts => ({
  fields: fieldsIn(envelope),
  created: envelope.created,
  digest: envelope.digest,
});

export const isSameBirth = (one: BirthFacts, other: BirthFacts): boolean =>
  one.created === other.created &&
  one.digest === other.digest &&
  one.fields.objectType === other.fields.objectType &&
  KIND_FIELDS.every((field) => one.fields[field] === other.fields[field]);

/** `none`: of a release that did not authenticate; it is read for ever, and written anew with its next move. */
export function authenticityOf(envelope: StoredEnvelope, material: Secret): 'genuine' | 'forged' | 'none' {
  if (envelope.mac === undefined) return 'none';
  return isSameMac(envelope.mac, envelopeMac(envelope, material)) ? 'genuine' : 'forged';
}

/**
 * What a stored key says of itself must be what this server wrote, and what the catalog says. The catalog knows whether
 * it was authenticated, so that leaving that out is no way around it.
 * @throws OperationFailure `stored_key_forged`
 */
export function requireAuthentic(object: ServableObject, envelope: StoredEnvelope, material: Secret): void {
  const found = authenticityOf(envelope, material);
  if (found === 'forged') fail('stored_key_forged', { detail: 'changed' });
  if (found === 'none') {
    if (object.custody?.authenticated === true) fail('stored_key_forged', { detail: 'not authenticated' });
    return;
  }
  if (!isSameBirth(birthFactsIn(envelope), birthFactsOf(object)))
    fail('stored_key_forged', { detail: 'contradicts the catalog' });
}

/** @returns nothing when there are none, or when they cannot be read with this key */
export function attributesIn(envelope: StoredEnvelope, material: Secret): readonly ClientAttribute[] {
  if (envelope.attributes === undefined) return [];
  const text = openText(material, ownerOf(envelope), envelope.attributes);
  if (text === undefined) return [];
  // Authenticated: it is what sealedAttributes wrote.
  const rows = JSON.parse(text) as readonly [name: string, index: number, value: string][];
  return rows.map(([name, index, value]) => ({ name, index, value: fromText(value) }));
}

const envelopeMac = (envelope: StoredEnvelope, material: Secret): string => {
  const covered = Object.fromEntries(Object.entries(envelope).filter(([name]) => !MOVABLE.has(name)));
  return macOf(material, 'envelope mac', ownerOf(envelope), canonicalText(covered));
};

/** JSON with the fields in order, so that a key manager or a tool that writes them in another changes nothing. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalText(field)}`).join(',')}}`;
}

function datesOf(object: EnvelopeFacts): EnvelopeDates {
  const known = ENVELOPE_DATES.map((name) => [name, object[name]?.toISOString()] as const);
  return Object.fromEntries(known.filter(([, date]) => date !== undefined));
}

/** Names first: what does not fit is left out, and a rebuild that misses it finds it in the audit trail. */
function sealedAttributes(instanceId: InstanceId, object: EnvelopeFacts, material: Secret): string {
  const { attributes, uniqueIdentifier } = object;
  const rows: string[] = [];
  let room = MAXIMUM_ATTRIBUTE_BYTES;
  for (const { name, index, value } of namesFirst(attributes)) {
    const row = JSON.stringify([name, index, toText(value)]);
    room -= Buffer.byteLength(row) + 1;
    if (room < 0) break;
    rows.push(row);
  }
  return sealText(material, ownerOf({ instanceId, uniqueIdentifier }), `[${rows.join(',')}]`);
}
