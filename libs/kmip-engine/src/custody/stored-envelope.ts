import { type InstanceId, STORED_KEY_PREFIX, type UniqueIdentifier } from '@lib/kernel';

import { fail } from '../failures/operation-failure';
import { type KindFields, type KindNumbers, kindOf, kindOfEnvelopes, namedFieldsOf } from '../kinds';

export const storedKeyName = (uniqueIdentifier: UniqueIdentifier): string => STORED_KEY_PREFIX + uniqueIdentifier;

/**
 * What lies in the tenant's key manager as the payload of a stored key: the wrapped key, and enough beside it to
 * rebuild the catalog from the key manager alone. The fields of its kind lie among the others, see {@link fieldsIn}.
 */
export interface StoredEnvelope {
  /** By it follows which fields there are. */
  readonly v: number;
  readonly instanceId: InstanceId;
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly objectType: number;
  /** ISO 8601. */
  readonly created: string;
  /** SHA-256 of the key material, hex. */
  readonly digest: string;
  readonly rootKeyId: string;
  readonly rootKeyVersion: string;
  /** As the key manager returned it. */
  readonly ciphertext: string;
  // Optional: releases that do not know them read the key all the same, and carry them along (docs/adr/0062).
  /** SHA-256 of the certificate that created the key, hex. */
  readonly createdBy?: string;
  readonly dates?: EnvelopeDates;
  /** Attributes that clients set, encrypted: they hold names of virtual machines. */
  readonly attributes?: string;
  /** Over all the rest but what a move changes, with a key that only an unwrap reveals. */
  readonly mac?: string;
}

/** As they were when the envelope was written, ISO 8601. */
export type EnvelopeDates = Readonly<Partial<Record<EnvelopeDate, string>>>;

export const ENVELOPE_DATES = ['activationDate', 'processStartDate', 'protectStopDate', 'deactivationDate'] as const;
type EnvelopeDate = (typeof ENVELOPE_DATES)[number];

export const serializeEnvelope = (envelope: StoredEnvelope): Buffer => Buffer.from(JSON.stringify(envelope), 'utf8');

const texts = [
  'instanceId',
  'uniqueIdentifier',
  'created',
  'digest',
  'rootKeyId',
  'rootKeyVersion',
  'ciphertext',
] as const satisfies (keyof StoredEnvelope)[];

const optionalTexts = ['createdBy', 'attributes', 'mac'] as const satisfies (keyof StoredEnvelope)[];

const isAbsentOr = (type: 'string' | 'object', value: unknown): boolean =>
  value === undefined || (typeof value === type && value !== null);

function isDates(value: unknown): boolean {
  if (!isAbsentOr('object', value)) return false;
  const dates = new Map<string, unknown>(Object.entries(value ?? {}));
  return ENVELOPE_DATES.every((name) => {
    const date = dates.get(name);
    return date === undefined || (typeof date === 'string' && !Number.isNaN(Date.parse(date)));
  });
}

/** @returns undefined for a version that no kind has */
function numbersBeside(version: unknown): readonly string[] | undefined {
  const kind = kindOfEnvelopes(version);
  return kind && ['objectType', ...namedFieldsOf(kind).map(([, name]) => name)];
}

function isEnvelope(value: unknown): value is StoredEnvelope {
  if (typeof value !== 'object' || value === null) return false;
  // Any object is a record of unknown values; none of these names is one that objects have by themselves.
  const fields = value as Readonly<Record<string, unknown>>;
  const numbers = numbersBeside(fields['v']);
  return (
    numbers !== undefined &&
    texts.every((name) => typeof fields[name] === 'string') &&
    numbers.every((name) => Number.isInteger(fields[name])) &&
    optionalTexts.every((name) => isAbsentOr('string', fields[name])) &&
    isDates(fields['dates'])
  );
}

/** @throws OperationFailure `stored_key_altered` when the payload is not one of ours */
export function parseEnvelope(payload: Buffer): StoredEnvelope {
  const parsed = jsonObject(payload);
  return isEnvelope(parsed) ? parsed : fail('stored_key_altered');
}

/** The fields of its object, as far as they are its kind's. */
export function fieldsIn(envelope: StoredEnvelope): KindFields {
  const { v, objectType } = envelope;
  const kind = kindOfEnvelopes(v) ?? fail('stored_key_altered');
  // It was parsed: they are there, and numbers.
  const values = envelope as unknown as Readonly<Record<string, number>>;
  const fields: Record<string, number | undefined> = { objectType };
  for (const [field, name] of namedFieldsOf(kind)) fields[field] = values[name];
  return fields as unknown as KindFields;
}

/** Whose key an envelope has to be. */
export type EnvelopeOwner = Pick<StoredEnvelope, 'instanceId' | 'uniqueIdentifier'>;

const KNOWN_FIELDS: ReadonlySet<string> = new Set(['v', ...texts, ...optionalTexts, 'dates']);
const SHA_256 = /^[0-9a-f]{64}$/;

/**
 * Reads a payload for a decision that cannot be taken back: what a later release may have written is told apart from
 * what is broken, and a field that is not known here counts as something that would be lost.
 */
export function readStoredEnvelope(
  payload: Buffer,
  { instanceId, uniqueIdentifier }: EnvelopeOwner,
): StoredEnvelope | 'withheld' | 'damaged' | 'unknown_format' | 'foreign' {
  if (payload.length === 0) return 'withheld';
  const fields = jsonObject(payload);
  if (fields === undefined) return 'damaged';
  if ('v' in fields && numbersBeside(fields['v']) === undefined) return 'unknown_format';
  if (!isEnvelope(fields)) return 'damaged';
  if (fields.instanceId !== instanceId) return 'foreign';
  if (!hasKnownFieldsOnly(fields) || !isKnownKind(fields)) return 'unknown_format';
  const sound = fields.uniqueIdentifier === uniqueIdentifier && isPlausible(fields);
  return sound ? fields : 'damaged';
}

function hasKnownFieldsOnly(envelope: StoredEnvelope): boolean {
  const numbers = numbersBeside(envelope.v) ?? [];
  return Object.keys(envelope).every((name) => KNOWN_FIELDS.has(name) || numbers.includes(name));
}

function isKnownKind(envelope: StoredEnvelope): boolean {
  const kind = kindOf(envelope.objectType);
  return kind?.envelopeVersion === envelope.v && kind.isMaterial(fieldsIn(envelope));
}

function isPlausible(envelope: StoredEnvelope): boolean {
  const { created, digest } = envelope;
  const numbers: KindNumbers = fieldsIn(envelope);
  const mask = numbers.cryptographicUsageMask ?? 0;
  return mask === (mask | 0) && !Number.isNaN(Date.parse(created)) && SHA_256.test(digest);
}

/** What the catalog takes over has to make sense: the tenant can write anything into their key manager. */
export const isSound = (envelope: StoredEnvelope): boolean => isKnownKind(envelope) && isPlausible(envelope);

function jsonObject(payload: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    // Any object is a record of unknown values.
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
