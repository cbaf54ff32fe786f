import { isUuid, type UniqueIdentifier } from '@lib/kernel';
import { type StoredKey } from '@lib/key-manager';

import { STORED_KEY_PREFIX, type StoredEnvelope } from '../custody/stored-envelope';
import { wholeSeconds } from '../lifecycle';
import { type KeyCustody, type ManagedObject } from '../ports/managed-object';

/** Stands where the fingerprint of the creating certificate belongs when nobody knows it any more. */
const UNKNOWN_CREATOR = '0'.repeat(64);

/** Whose stored key this is, by its name. */
export function namedIdentifier({ name }: StoredKey): UniqueIdentifier | undefined {
  const identifier = name.slice(STORED_KEY_PREFIX.length);
  return isUuid(identifier) ? (identifier as UniqueIdentifier) : undefined;
}

export const custodyIn = ({ id }: StoredKey, { rootKeyId, rootKeyVersion }: StoredEnvelope): KeyCustody => ({
  storedKeyId: id,
  rootKeyId,
  rootKeyVersion,
});

/**
 * The object as far as its envelope tells. The state is not in there: Pre-Active claims least, is served as well, and
 * clients that use a key activate it themselves. It is not Fresh, because it may have been served.
 */
export function restoredObject(stored: StoredKey, envelope: StoredEnvelope, now: Date): ManagedObject {
  return {
    uniqueIdentifier: envelope.uniqueIdentifier,
    objectType: envelope.objectType,
    state: 'PreActive',
    suspended: false,
    cryptographicAlgorithm: envelope.algorithm,
    cryptographicLength: envelope.length,
    cryptographicUsageMask: envelope.usageMask,
    initialDate: new Date(envelope.created),
    lastChangeDate: wholeSeconds(now),
    digest: Buffer.from(envelope.digest, 'hex'),
    fresh: false,
    custody: custodyIn(stored, envelope),
    createdBy: UNKNOWN_CREATOR,
    attributes: [],
  };
}
