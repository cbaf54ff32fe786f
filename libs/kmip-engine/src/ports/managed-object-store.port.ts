import { type AuditEvent } from '@lib/audit';
import { type UniqueIdentifier } from '@lib/kernel';
import { type TtlvValue } from '@lib/kmip-protocol';

import { type KeyCustody, type ManagedObject, type StoredState } from './managed-object';

/** The promise to create a key, committed before the key manager is asked for anything. */
export interface CreationIntent {
  readonly uniqueIdentifier: UniqueIdentifier;
  /** Name the key manager will see: `vmware_kmip_<unique identifier>`. */
  readonly storedKeyName: string;
  readonly startedAt: Date;
  readonly createdBy: string;
}

export interface LocateFilter {
  readonly states?: readonly StoredState[];
  readonly objectType?: number;
  readonly cryptographicAlgorithm?: number;
  readonly cryptographicLength?: number;
  /** All bits must be set. */
  readonly cryptographicUsageMask?: number;
  readonly uniqueIdentifier?: string;
  /** Closed ranges on date columns. */
  readonly dates?: readonly { readonly attribute: DateAttribute; readonly from: Date; readonly to: Date }[];
  /** Client attributes that must be present with this value (any index). `fields` match inside structures. */
  readonly attributes?: readonly { readonly name: string; readonly value: TtlvValue }[];
  readonly fresh?: boolean;
  /** Newest first. */
  readonly limit: number;
  readonly offset: number;
}

export type DateAttribute =
  | 'initialDate'
  | 'lastChangeDate'
  | 'activationDate'
  | 'processStartDate'
  | 'protectStopDate'
  | 'deactivationDate'
  | 'destroyDate'
  | 'compromiseDate'
  | 'compromiseOccurrenceDate';

/** What a mutation of one object decided: the new object, and what to answer with. */
export interface Mutation<T> {
  /** The changed object; `undefined` leaves the row as it is. */
  readonly object?: ManagedObject;
  readonly audit: AuditEvent;
  readonly result: T;
}

/**
 * The catalog of one instance. Born scoped: it has no tenant parameter to forget, and a foreign identifier is simply
 * not there. Every write commits its audit event in the same transaction; if that fails nothing is changed.
 */
export interface ManagedObjectStore {
  find(uniqueIdentifier: UniqueIdentifier): Promise<ManagedObject | undefined>;

  /** Number of keys that are not destroyed, for quotas. Open intents count. */
  countLive(): Promise<number>;

  /** @throws ObjectStoreError('quota_exceeded') when `maximumLive` keys exist already. */
  openIntent(intent: CreationIntent, maximumLive: number): Promise<void>;
  /**
   * Object row, attributes, audit event and the end of the intent, in one transaction. Idempotent for one identifier.
   * @throws ObjectStoreError('name_taken') when a Name is already used in this instance; the intent stays open.
   */
  completeIntent(object: ManagedObject, audit: AuditEvent): Promise<void>;
  /** Drops an intent whose key never came to be (or was removed again). */
  abandonIntent(uniqueIdentifier: UniqueIdentifier): Promise<void>;
  /** Intents older than `before`, for the reconciler. */
  staleIntents(before: Date, limit: number): Promise<readonly CreationIntent[]>;

  /**
   * Locks the row, lets `decide` look at the current object and commits what it returns. Two connections changing one
   * object at the same time lose nothing (vCenter tags and activates one key in parallel).
   * `decide` may throw; then nothing is written and the error goes to the caller.
   * @returns undefined when there is no such object.
   * @throws ObjectStoreError('name_taken')
   */
  mutate<T>(
    uniqueIdentifier: UniqueIdentifier,
    decide: (current: ManagedObject) => Mutation<T>,
  ): Promise<{ readonly result: T } | undefined>;

  /**
   * Commits that a key was served (audit event, last fetched, fresh = false) before the secret leaves, provided the
   * object is still servable.
   * @returns false when the object meanwhile left the given state, was suspended or its custody changed; nothing is then recorded.
   */
  recordFetch(object: ManagedObject, audit: AuditEvent): Promise<boolean>;

  /** A newer wrapping of the same key was stored: swaps custody if it is still `from`. @returns false when it was not. */
  replaceCustody(
    uniqueIdentifier: UniqueIdentifier,
    from: KeyCustody,
    to: KeyCustody,
    audit: AuditEvent,
  ): Promise<boolean>;

  /** Destroyed objects whose stored key still has to be deleted at the key manager. */
  pendingDeletions(
    limit: number,
  ): Promise<readonly { readonly uniqueIdentifier: UniqueIdentifier; readonly storedKeyId: string }[]>;
  /** Remembers, inside `mutate`'s transaction semantics, that the stored key is gone. */
  deletionDone(uniqueIdentifier: UniqueIdentifier): Promise<void>;

  locate(
    filter: LocateFilter,
  ): Promise<{ readonly uniqueIdentifiers: readonly UniqueIdentifier[]; readonly total: number }>;

  /** Audit event with no other change (reads of attributes, refusals). Resolves once committed. */
  record(audit: AuditEvent): Promise<void>;
}

export class ObjectStoreError extends Error {
  constructor(readonly fault: 'quota_exceeded' | 'name_taken') {
    super(fault);
    this.name = 'ObjectStoreError';
  }
}
