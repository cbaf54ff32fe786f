import { type AuditEvent } from '@lib/audit';
import { type InstanceId, newCorrelationId, newUniqueIdentifier, toFingerprint } from '@lib/kernel';
import {
  type ClientAttribute,
  type CreationIntent,
  type CustodyMove,
  type CommonFields,
  type ManagedObject,
  type ManagedObjectStore,
  storedKeyName,
  type SymmetricKeyFields,
} from '@lib/kmip-engine';
import { CryptographicAlgorithm, NameType, ObjectType, Tag, type TtlvValue } from '@lib/kmip-protocol';
import { randomBytes, randomUUID } from 'node:crypto';

const EPOCH = new Date('2026-11-24T12:00:00.000Z');

/** What a test wants otherwise of a symmetric key. */
export type SymmetricKeyChanges = Partial<CommonFields & SymmetricKeyFields>;

/** A Pre-Active AES-256 key as Create leaves it. */
export function aManagedObject(changes: SymmetricKeyChanges = {}): ManagedObject {
  return {
    uniqueIdentifier: newUniqueIdentifier(),
    objectType: ObjectType.SymmetricKey,
    state: 'PreActive',
    suspended: false,
    cryptographicAlgorithm: CryptographicAlgorithm.AES,
    cryptographicLength: 256,
    cryptographicUsageMask: 12,
    initialDate: EPOCH,
    lastChangeDate: EPOCH,
    digest: randomBytes(32),
    fresh: true,
    custody: { storedKeyId: randomUUID(), rootKeyId: 'root-key', rootKeyVersion: 'version-1' },
    createdBy: 'ab'.repeat(32),
    attributes: [],
    ...changes,
  };
}

export function anIntent({ uniqueIdentifier, createdBy }: ManagedObject, startedAt: Date = EPOCH): CreationIntent {
  return { uniqueIdentifier, storedKeyName: storedKeyName(uniqueIdentifier), startedAt, createdBy };
}

export function anAuditEvent(instanceId: InstanceId, changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    instanceId,
    action: 'vmware-solutions.kmip-key.create',
    occurredAt: EPOCH,
    initiator: { kind: 'certificate', fingerprint: toFingerprint('ab'.repeat(32)) },
    outcome: 'success',
    correlationId: newCorrelationId(),
    observer: 'test',
    ...changes,
  };
}

export const nameValue = (text: string, type: number = NameType.UninterpretedTextString): TtlvValue => ({
  type: 'Structure',
  value: [
    { tag: Tag.NameValue, type: 'TextString', value: text },
    { tag: Tag.NameType, type: 'Enumeration', value: type },
  ],
});

export const aName = (text: string): ClientAttribute => ({ name: 'Name', index: 0, value: nameValue(text) });

export const aText = (name: string, value: string, index = 0): ClientAttribute => ({
  name,
  index,
  value: { type: 'TextString', value },
});

/** Puts an object into the catalog the way Create does. */
export async function putObject(
  store: ManagedObjectStore,
  instanceId: InstanceId,
  object: ManagedObject,
): Promise<ManagedObject> {
  await store.openIntent(anIntent(object), 1000);
  await store.completeIntent(object, anAuditEvent(instanceId));
  return object;
}

export function aMove({ uniqueIdentifier, custody }: ManagedObject, changes: Partial<CustodyMove> = {}): CustodyMove {
  return {
    uniqueIdentifier,
    moveId: randomUUID(),
    fromRootKeyId: custody?.rootKeyId ?? '',
    toRootKeyId: 'root-key',
    startedAt: EPOCH,
    ...changes,
  };
}
