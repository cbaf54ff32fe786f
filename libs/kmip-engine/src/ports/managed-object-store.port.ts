import { type AuditEvent } from '@lib/audit';
import { DomainError, type UniqueIdentifier } from '@lib/kernel';
import { type TtlvValue } from '@lib/kmip-protocol';

import { type KindNumbers } from '../kinds';
import { type CustodyMoves } from './custody-moves.port';
import { type LaterLooks } from './later-looks.port';
import { type LostKeys } from './lost-keys.port';
import { type KeyNotes, type AdoptedNote } from './key-notes.port';
import { type ManagedObject, type ServableObject, type StoredState } from './managed-object';
import { type NoteOfWork } from './note-of-work';

/** The promise to create a key, committed before the key manager is asked for anything. */
export interface CreationIntent extends NoteOfWork {
  readonly uniqueIdentifier: UniqueIdentifier;
  /** Name the key manager will see: `vmware_kmip_<unique identifier>`. */
  readonly storedKeyName: string;
  readonly createdBy: string;
  /** The Create was refused for good and its key was never acknowledged: see `refuseIntent`. */
  readonly refused?: boolean;
}

/** The fields of a kind must be equal, all bits of a mask be set. */
export interface LocateFilter extends KindNumbers {
  /**
   * States as a client sees them at `asOf`: a stored PreActive with a past Activation Date counts as Active, and a
   * PreActive (so activated) or Active object with a past Deactivation Date as Deactivated. `stateAt` is the reference.
   */
  readonly states?: readonly StoredState[];
  readonly asOf: Date;
  readonly objectType?: number;
  readonly uniqueIdentifier?: string;
  /** Closed ranges on date columns. */
  readonly dates?: readonly { readonly attribute: DateAttribute; readonly from: Date; readonly to: Date }[];
  /**
   * Client attributes that must be present with this value (any index). A Structure matches when each of its items is
   * found, equal, in the stored structure: a Name given without Name Type matches by value alone.
   */
  readonly attributes?: readonly { readonly name: string; readonly value: TtlvValue }[];
  readonly fresh?: boolean;
  /** Whether all hits are counted: a page alone costs the same in a large instance as in a small one. */
  readonly count?: boolean;
  /** Newest Initial Date first; among equal ones in any order that stays the same from page to page. */
  readonly limit: number;
  readonly offset: number;
}

export interface LocatedObjects {
  /** The page. */
  readonly uniqueIdentifiers: readonly UniqueIdentifier[];
  /** All hits, where they were to be counted. */
  readonly total?: number;
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
  /** The change follows from notes in the key manager: they are entered as written, and no other is made. */
  readonly adopted?: readonly AdoptedNote[];
}

/**
 * The catalog of one instance. Born scoped: it has no tenant parameter to forget, and a foreign identifier is simply
 * not there. Every write commits its audit event in the same transaction; if that fails nothing is changed.
 *
 * One that is made for a client judges its certificate in the very statement that commits an event of success, and
 * throws {@link AccessWithdrawn} when it is not served any more. Failures are recorded all the same.
 */
export interface ManagedObjectStore {
  readonly moves: CustodyMoves;
  readonly laterLooks: LaterLooks;
  readonly lost: LostKeys;
  /** Entered by {@link mutate}: see `notesOf`. */
  readonly notes: KeyNotes;

  find(uniqueIdentifier: UniqueIdentifier): Promise<ManagedObject | undefined>;

  /** Number of keys that are not in a destroyed state, for quotas. Open intents count. */
  countLive(): Promise<number>;

  /** @throws ObjectStoreError('quota_exceeded') when `maximumLive` keys exist already. */
  openIntent(intent: CreationIntent, maximumLive: number): Promise<void>;
  /**
   * Object row, attributes, audit event and the end of the intent, in one transaction. Idempotent for one identifier:
   * when the object is already there nothing is changed and nothing is recorded twice.
   * @throws ObjectStoreError('name_taken') when a Name is already used by an object of this instance that is not
   *   destroyed (a destroyed object gives its Names free); the intent stays open.
   * @throws ObjectStoreError('digest_repeated') when an object of this instance, destroyed or not, has this digest.
   * @throws ObjectStoreError('intent_closed') when there is no open, unclaimed intent: a reconciler took it over.
   */
  completeIntent(object: ManagedObject, audit: AuditEvent): Promise<void>;
  /**
   * Takes an intent over for settling: from here on completeIntent fails, so that a creator that slept through the
   * deadline cannot bring a key into the catalog whose stored key is being removed. Idempotent.
   * @returns false when the intent is gone (completed or abandoned).
   */
  claimIntent(uniqueIdentifier: UniqueIdentifier): Promise<boolean>;
  /**
   * Claims an intent and commits that its Create is refused: from here on no one takes the key into the catalog, and
   * its stored key may be deleted. Idempotent.
   * @returns false when the intent is gone; then the object may be in the catalog, and its stored key stays.
   */
  refuseIntent(uniqueIdentifier: UniqueIdentifier): Promise<boolean>;
  /** Drops an intent whose key never came to be (or was removed again). */
  abandonIntent(uniqueIdentifier: UniqueIdentifier): Promise<void>;
  /** Remembers when a look found nothing left of an intent, or forgets it. Harmless when the intent is gone. */
  noteClear(uniqueIdentifier: UniqueIdentifier, since: Date | undefined): Promise<void>;
  /**
   * Intents older than `before`, claimed ones included, oldest first; none that was found clear since `before`. For the
   * reconciler.
   */
  staleIntents(before: Date, limit: number): Promise<readonly CreationIntent[]>;

  /**
   * Puts a key back that lies in the key manager and is missing here. It counts for the quota, and is not held up by it.
   * An intent begun before `interruptedBefore` gives way to the key, claimed or not, unless its Create was refused.
   * @returns `present` when the object is there, destroyed or not; `busy` when a Create of it is under way, or was
   *   refused, which ends with its stored key removed. Nothing is changed or recorded then.
   * @param adopted the notes that the object was made from
   */
  restore(
    object: ManagedObject,
    audit: AuditEvent,
    interruptedBefore: Date,
    adopted?: readonly AdoptedNote[],
  ): Promise<'restored' | 'present' | 'busy'>;

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
   * object may still be served as it was seen: see `servableAs`.
   * @returns false when it may not; nothing is then recorded. Whoever asks may have read the object a while ago.
   */
  recordFetch(object: ServableObject, audit: AuditEvent): Promise<boolean>;

  /** Objects with `destroyRequestedAt` that are not in a destroyed state yet, oldest request first. */
  pendingDeletions(
    limit: number,
  ): Promise<readonly { readonly uniqueIdentifier: UniqueIdentifier; readonly storedKeyId: string }[]>;

  locate(filter: LocateFilter): Promise<LocatedObjects>;

  /** Audit event with no other change (reads of attributes, refusals). Resolves once committed. */
  record(audit: AuditEvent): Promise<void>;
}

/** Why a client is not served any more; codes of the failures it is told (docs/errors.md). */
export const ACCESS_REFUSALS = [
  'certificate_removed',
  'certificate_expired',
  'instance_disabled',
  'instance_removing',
  'certificate_displaced',
] as const;
export type AccessRefusal = (typeof ACCESS_REFUSALS)[number];

/**
 * The client lost its access before its operation could be committed. Nothing was: neither a change nor the record
 * without which no key is given out.
 */
export class AccessWithdrawn extends DomainError {
  constructor(readonly code: AccessRefusal) {
    super('the client is not served any more');
  }
}

export class ObjectStoreError extends Error {
  constructor(readonly fault: 'quota_exceeded' | 'name_taken' | 'intent_closed' | 'digest_repeated') {
    super(fault);
    this.name = 'ObjectStoreError';
  }
}
