import { toTimestamp } from '@lib/stand-in';
import { type InstanceRow, type KeyRow } from '../journal/rows';
import {
  DESTROYED,
  DELETION_AUTHORIZED_MS,
  isExpired,
  PURGEABLE_AFTER_MS,
  PURGED_AFTER_MS,
  RESTORABLE_MS,
  stateOf,
} from './key-state';

export const KEY_TYPE = 'application/vnd.ibm.kms.key+json';

export const keyCrn = (instance: InstanceRow, keyId: string): string =>
  `crn:v1:bluemix:public:${instance.serviceName}:${instance.region}:a/${instance.accountId}:${instance.id}:key:${keyId}`;

/** A collection; a list without members has no `resources` at all. */
export function collection(collectionType: string, resources: readonly object[], metadata: object = {}): object {
  return {
    metadata: { collectionType, collectionTotal: resources.length, ...metadata },
    ...(resources.length > 0 && { resources }),
  };
}

/** How a key is shown; its material is added by the one call that gives it out. */
export function representKey(instance: InstanceRow, key: KeyRow, now: Date): object {
  const newest = key.versions.at(-1);
  return {
    type: KEY_TYPE,
    id: key.id,
    name: key.name,
    ...(key.aliases.length > 0 && { aliases: key.aliases }),
    ...(key.description !== undefined && { description: key.description }),
    ...(key.tags && { tags: key.tags }),
    state: stateOf(key, now),
    ...(key.expirationDate !== undefined && { expirationDate: key.expirationDate }),
    extractable: key.extractable,
    crn: keyCrn(instance, key.id),
    imported: key.imported,
    keyRingID: key.keyRingId,
    creationDate: key.createdAt,
    createdBy: key.createdBy,
    algorithmType: 'Deprecated',
    algorithmMetadata: { bitLength: String(bitLength(key)), mode: 'Deprecated' },
    algorithmBitSize: bitLength(key),
    algorithmMode: 'Deprecated',
    lastUpdateDate: key.updatedAt,
    ...(key.rotatedAt !== undefined && { lastRotateDate: key.rotatedAt }),
    ...(!key.extractable && newest && { keyVersion: { id: newest.id, creationDate: newest.createdAt } }),
    dualAuthDelete: dualAuth(key),
    ...rotation(key),
    deleted: key.state === DESTROYED,
    ...deletion(key, now),
  };
}

const bitLength = (key: KeyRow): number => Buffer.byteLength(key.versions.at(-1)?.material ?? '', 'base64') * 8;

function dualAuth(key: KeyRow): object {
  if (!key.dualAuthDelete) return { enabled: false };
  if (!key.setForDeletion) return { enabled: true, keySetForDeletion: false };
  const authExpiration = toTimestamp(new Date(Date.parse(key.setForDeletion.at) + DELETION_AUTHORIZED_MS));
  return { enabled: true, keySetForDeletion: true, authExpiration };
}

function rotation(key: KeyRow): object {
  const policy = key.policies.find(({ kind }) => kind === 'rotation');
  return policy ? { rotation: { enabled: policy.enabled, interval_month: policy.intervalMonth } } : {};
}

function deletion(key: KeyRow, now: Date): object {
  if (key.state !== DESTROYED || key.deletedAt === undefined) return {};
  const deletedAt = Date.parse(key.deletedAt);
  const after = (ms: number): string => toTimestamp(new Date(deletedAt + ms));
  return {
    deletionDate: key.deletedAt,
    deletedBy: key.deletedBy,
    restoreExpirationDate: after(RESTORABLE_MS),
    restoreAllowed: now.getTime() < deletedAt + RESTORABLE_MS && !isExpired(key, now),
    purgeAllowed: now.getTime() >= deletedAt + PURGEABLE_AFTER_MS,
    purgeAllowedFrom: after(PURGEABLE_AFTER_MS),
    purgeScheduledOn: after(PURGED_AFTER_MS),
  };
}
