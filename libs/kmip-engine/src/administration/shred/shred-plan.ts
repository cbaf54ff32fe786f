import { createHash } from 'node:crypto';

import { DomainError, type InstanceId, type UniqueIdentifier } from '@lib/kernel';

import { keyName } from '../../ports/key-catalog.port';
import { type ManagedObject, type StoredState } from '../../ports/managed-object';
import { stateAt } from '../../lifecycle';
import { type KeyOwner, keyVersion, ownerOf, shortened } from '../key-description';

/** What is to be shredded. */
export type ShredScope =
  | { readonly kind: 'keys'; readonly keyIds: readonly UniqueIdentifier[] }
  | { readonly kind: 'instance' }
  /** All keys under it, and then the root key itself, which its owner alone can delete. */
  | { readonly kind: 'root_key'; readonly rootKeyId: string };

/**
 * `executing`: an order was given to keys of it; from then on it can only be carried on. `keys_destroyed`: all that is
 * ours is done, and the root key still unwraps.
 */
export const SHRED_STATES = ['draft', 'confirmed', 'executing', 'keys_destroyed', 'completed'] as const;
export type ShredState = (typeof SHRED_STATES)[number];

/** A key as it was when the plan was made. */
export interface PlannedKey {
  readonly id: UniqueIdentifier;
  readonly name: string;
  readonly owner?: KeyOwner;
  readonly state: StoredState;
  /** Of the certificate that created it, SHA-256. */
  readonly createdBy: string;
  /** ISO 8601, as all dates here: this is stored and hashed as it is. */
  readonly lastFetchedAt?: string;
  readonly storedKeyId?: string;
  readonly rootKeyId?: string;
  /** Of all that a change of the key can depend on. */
  readonly version: string;
}

/** Where the stored key of a key lies. */
export type KeyPlace = Pick<PlannedKey, 'storedKeyId' | 'rootKeyId'>;

/**
 * What was seen of a key in the end, and where it was looked for: a rotation may have moved it since the plan. `destroyed`
 * by the plan; `gone` from the catalog before, by whatever hand; or `spared`, since it was changed after the plan was made.
 */
export type ShownKey = DestroyedKey | GoneKey | SparedKey;

interface SparedKey {
  readonly catalog: 'spared';
  readonly checkedAt: string;
}

interface GoneKey extends KeyPlace {
  readonly catalog: 'gone';
  /** Until when the key manager's administrators can restore what was deleted, at the latest. */
  readonly restorableUntil: string;
  /**
   * What the key manager said when it was asked for the stored key: that it is deleted, that it does not know it, which
   * a fail-over may cause too, or nothing, because we are not bound there any more.
   */
  readonly storedKey: 'deleted' | 'absent' | 'not_asked';
  /** Stored keys of this name that are there still: of other bytes, or somebody else's writing (docs/adr/0060). */
  readonly othersOfTheName: number;
  readonly checkedAt: string;
}

interface DestroyedKey extends Omit<GoneKey, 'catalog'> {
  /** Absent in what a release before has written. */
  readonly catalog?: 'destroyed';
  readonly destroyedAt: string;
}

/** Wrapped before the first key is destroyed, to ask afterwards whether its root key still unwraps. */
export interface ShredProbe {
  readonly rootKeyId: string;
  /** Absent where the root key did not wrap any more. */
  readonly ciphertext?: string;
}

export interface ShownRootKey {
  readonly rootKeyId: string;
  readonly unwrap: 'refused' | 'succeeded' | 'not_asked';
  /** The key manager's word, by the name of ours. */
  readonly because?: string;
  readonly checkedAt: string;
}

export interface ShredFailure {
  readonly keyId: UniqueIdentifier;
  readonly code: string;
  readonly message: string;
}

/** What is issued in the end: `content` is JSON, `jws` the same signed by the audit key. */
export interface ShredRecord {
  readonly content: string;
  readonly jws?: string;
  readonly keyId?: string;
}

export interface ShredPlan {
  readonly id: string;
  readonly state: ShredState;
  readonly scope: ShredScope;
  /** Over everything that the plan says of its keys: who confirms it has seen them. */
  readonly hash: string;
  readonly secondPerson: boolean;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly confirmedBy?: string;
  readonly confirmedAt?: string;
  readonly executedBy?: string;
  readonly executedAt?: string;
  readonly finishedAt?: string;
  readonly probes: readonly ShredProbe[];
  readonly rootKeys: readonly ShownRootKey[];
  /** What the last attempt could not do, the first few. */
  readonly failures: readonly ShredFailure[];
}

/** A plan with the lists that may be long. */
export interface WholeShredPlan extends ShredPlan {
  readonly keys: readonly PlannedKey[];
  readonly shown: Readonly<Record<string, ShownKey>>;
  readonly record?: ShredRecord;
}

/** A plan as lists show it. */
export interface CountedShredPlan extends ShredPlan {
  readonly keyCount: number;
  readonly shownCount: number;
}

export type ShredErrorCode =
  | 'shred_plan_not_found'
  | 'shred_plan_empty'
  | 'shred_plan_too_large'
  | 'shred_plan_quota_exceeded'
  | 'shred_plan_state_conflict'
  | 'shred_plan_other_hash'
  | 'shred_plan_not_confirmed'
  | 'shred_plan_same_person'
  | 'shred_plan_outdated';

export class ShredError extends DomainError {
  constructor(
    readonly code: ShredErrorCode,
    message: string,
  ) {
    super(message);
  }
}

export function plannedKey(object: ManagedObject, now: Date): PlannedKey {
  const { uniqueIdentifier: id, lastFetchedAt, custody, createdBy } = object;
  const owner = ownerOf(object);
  return {
    id,
    name: shortened(keyName(object)),
    ...(owner && { owner }),
    state: stateAt(object, now),
    createdBy,
    ...(lastFetchedAt && { lastFetchedAt: lastFetchedAt.toISOString() }),
    ...(custody && { storedKeyId: custody.storedKeyId, rootKeyId: custody.rootKeyId }),
    version: keyVersion(object),
  };
}

/**
 * Where a stored key lies is left out: a rotation moves it, and it stays the same key. A fetch is not: whoever still
 * fetches a key is a reason to look again.
 */
export function shredHash(instanceId: InstanceId, scope: ShredScope, keys: readonly PlannedKey[]): string {
  const facts = keys.map(({ id, name, owner, state, version, lastFetchedAt }) => [
    id,
    name,
    owner?.name,
    owner?.component,
    owner?.identifier,
    state,
    version,
    lastFetchedAt,
  ]);
  return createHash('sha256')
    .update(JSON.stringify([instanceId, scope, facts]))
    .digest('hex');
}
