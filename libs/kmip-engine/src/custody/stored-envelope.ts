import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';

import { fail } from '../failures/operation-failure';

/** Names of stored keys, as the tenant sees them in their key manager; the original service used the same prefix. */
export const STORED_KEY_PREFIX = 'vmware_kmip_';
export const storedKeyName = (uniqueIdentifier: UniqueIdentifier): string => STORED_KEY_PREFIX + uniqueIdentifier;

/**
 * What lies in the tenant's key manager as the payload of a stored key: the wrapped key, and enough beside it to
 * rebuild the catalog from the key manager alone.
 */
export interface StoredEnvelope {
  readonly v: 1;
  readonly instanceId: InstanceId;
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly objectType: number;
  readonly algorithm: number;
  readonly length: number;
  readonly usageMask: number;
  /** ISO 8601. */
  readonly created: string;
  /** SHA-256 of the key material, hex. */
  readonly digest: string;
  readonly rootKeyId: string;
  readonly rootKeyVersion: string;
  /** As the key manager returned it. */
  readonly ciphertext: string;
}

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
const numbers = ['objectType', 'algorithm', 'length', 'usageMask'] as const satisfies (keyof StoredEnvelope)[];

function isEnvelope(value: unknown): value is StoredEnvelope {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map(Object.entries(value));
  return (
    fields.get('v') === 1 &&
    texts.every((name) => typeof fields.get(name) === 'string') &&
    numbers.every((name) => Number.isInteger(fields.get(name)))
  );
}

/** @throws OperationFailure `stored_key_altered` when the payload is not one of ours */
export function parseEnvelope(payload: Buffer): StoredEnvelope {
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    return fail('stored_key_altered', { cause });
  }
  return isEnvelope(parsed) ? parsed : fail('stored_key_altered');
}
