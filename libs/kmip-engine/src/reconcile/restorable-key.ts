import { isUuid, STORED_KEY_PREFIX, type UniqueIdentifier } from '@lib/kernel';
import { type StoredKey } from '@lib/key-manager';

import { UNKNOWN_CREATOR } from '../custody/authentic-envelope';
import { ENVELOPE_DATES, type StoredEnvelope, fieldsIn } from '../custody/stored-envelope';
import { wholeSeconds } from '../lifecycle';
import { type ClientAttribute, type KeyCustody, type ManagedObject } from '../ports/managed-object';

const SHA_256 = /^[0-9a-f]{64}$/;
const isFingerprint = (value: string | undefined): value is string => value !== undefined && SHA_256.test(value);

/** Whose stored key this is, by its name. */
export function namedIdentifier({ name }: StoredKey): UniqueIdentifier | undefined {
  const identifier = name.slice(STORED_KEY_PREFIX.length);
  return isUuid(identifier) ? (identifier as UniqueIdentifier) : undefined;
}

export const custodyIn = ({ id, createdAt }: StoredKey, envelope: StoredEnvelope): KeyCustody => ({
  storedKeyId: id,
  storedAt: createdAt,
  rootKeyId: envelope.rootKeyId,
  rootKeyVersion: envelope.rootKeyVersion,
  ...(envelope.mac === undefined ? {} : { authenticated: true }),
});

/**
 * The object as far as its envelope tells. The state is not in there: Pre-Active claims least, is served as well, and
 * clients that use a key activate it themselves. It is not Fresh, because it may have been served.
 */
export function restoredObject(
  stored: StoredKey,
  envelope: StoredEnvelope,
  attributes: readonly ClientAttribute[],
  now: Date,
): ManagedObject {
  const { createdBy } = envelope;
  return {
    uniqueIdentifier: envelope.uniqueIdentifier,
    ...fieldsIn(envelope),
    state: 'PreActive',
    suspended: false,
    initialDate: new Date(envelope.created),
    lastChangeDate: wholeSeconds(now),
    digest: Buffer.from(envelope.digest, 'hex'),
    fresh: false,
    custody: custodyIn(stored, envelope),
    ...datesIn(envelope),
    createdBy: isFingerprint(createdBy) ? createdBy : UNKNOWN_CREATOR,
    attributes,
  };
}

function datesIn({ dates = {} }: StoredEnvelope): Pick<ManagedObject, (typeof ENVELOPE_DATES)[number]> {
  const known = ENVELOPE_DATES.flatMap((name) => {
    const date = dates[name];
    return date === undefined ? [] : [[name, new Date(date)]];
  });
  return Object.fromEntries(known) as Pick<ManagedObject, (typeof ENVELOPE_DATES)[number]>;
}
