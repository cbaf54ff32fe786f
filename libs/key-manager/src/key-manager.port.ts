import { type CorrelationId, type Secret } from '@lib/kernel';

import { type DeletableKeyId, type DeletedKey, type PurgeableKeyId } from './deletion-proof';

/** Travels with every call: joins our audit record with the key manager's own, and bounds the time. */
export interface CallContext {
  readonly correlationId: CorrelationId;
  /** The caller's deadline; an adapter stops trying when it fires and throws KeyManagerError('timeout'). */
  readonly signal?: AbortSignal;
  /** Nobody waits for it: what clients of the instance ask of the key manager meanwhile goes first. */
  readonly givesWay?: true;
}

/**
 * Additional authenticated data, given to wrap and again to unwrap in the same order: a blob that was moved to
 * another row or tenant does not unwrap. Ours is always [instance id, KMIP Unique Identifier].
 */
export type Aad = readonly string[];

export interface WrapResult {
  /** Opaque text as the key manager returned it. */
  readonly ciphertext: string;
  readonly rootKeyVersion: string;
  /** The key in clear, when the key manager made it. The caller wipes it. */
  readonly plaintext?: Secret;
}

export interface UnwrapResult {
  readonly plaintext: Secret;
  /** Of the ciphertext: an older one is told of, and not what it would be under the newest. */
  readonly rootKeyVersion: string;
}

export interface RewrapResult {
  readonly ciphertext: string;
  readonly rootKeyVersion: string;
}

/** A standard key in the tenant's instance: where a wrapped key lies. */
export interface StoredKey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
}

/**
 * A region that failed over lacks what was stored, and has again what was deleted, within the hour before, until it is
 * back (Key Protect, `ha-dr`: recovery point 1 hour, recovery time 9 hours). A key younger than both together that the
 * key manager does not know is therefore not known to be deleted.
 */
export const ROLL_BACK_WINDOW_MS = 10 * 3_600_000;

export const mayBeRolledBack = (since: Date, now: Date): boolean =>
  now.getTime() - since.getTime() < ROLL_BACK_WINDOW_MS;

/** A deleted key can be restored by the tenant for so long (Key Protect, `restore-keys`). */
export const RESTORABLE_FOR_MS = 30 * 24 * 3_600_000;

/** @returns until when what was deleted by `deletedAt` can be restored at the latest */
export const restorableUntil = (deletedAt: Date): Date => new Date(deletedAt.getTime() + RESTORABLE_FOR_MS);

export type RootKeyState = 'pre_activation' | 'active' | 'suspended' | 'deactivated' | 'destroyed';

export interface RootKeyDescription {
  readonly id: string;
  readonly name: string;
  readonly state: RootKeyState;
  /** False for a standard key, which cannot wrap anything. */
  readonly isRootKey: boolean;
  readonly version?: string;
  readonly expiresAt?: Date;
  readonly keyRingId?: string;
}

/** What wraps: one root key, reached with one credential. */
export interface RootKey {
  /**
   * Makes a fresh 32-byte key (no `plaintext`) or wraps the given one; always with the newest root key version. Where
   * the key manager makes no keys, the adapter does.
   */
  wrap(context: CallContext, aad: Aad, plaintext?: Secret): Promise<WrapResult>;
  unwrap(context: CallContext, aad: Aad, ciphertext: string): Promise<UnwrapResult>;
  /** Moves a ciphertext to the newest root key version; where it can, the key never leaves the key manager. */
  rewrap(context: CallContext, aad: Aad, ciphertext: string): Promise<RewrapResult>;
  describeRootKey(context: CallContext): Promise<RootKeyDescription>;
}

/** What stores: wrapped keys, in the tenant's instance. */
export interface StoredKeys {
  /**
   * Stores `payload` (at most 7,500 bytes). Not idempotent: an adapter never repeats it by itself; after a timeout the
   * caller looks the name up first.
   */
  storeKey(context: CallContext, name: string, payload: Buffer): Promise<StoredKey>;
  /**
   * The payload of a stored key.
   * @param storedAt when it was stored, as far as the caller knows: see {@link ROLL_BACK_WINDOW_MS}
   * @throws KeyManagerError `stored_key_missing` when the tenant deleted it, `stored_key_absent` when that is not sure
   */
  fetchKey(context: CallContext, storedKeyId: string, storedAt?: Date): Promise<Buffer>;
  /**
   * Resolves when the key is gone, also when it was gone already: repeating a deletion is harmless.
   * @param storedKeyId the proof that it may be deleted, which only `judgeDeletion` gives
   * @param storedAt as in {@link fetchKey}
   * @returns until when the key manager's administrators can restore it, at the latest
   * @throws KeyManagerError `stored_key_absent` when there is nothing to delete at the moment and it may come back
   */
  deleteKey(context: CallContext, storedKeyId: DeletableKeyId, storedAt?: Date): Promise<Date>;
  /**
   * Exact-name lookup, for settling a create whose answer was lost. Pages past search limits if it must. It may lag:
   * what it does not show may have been stored, or changed by a fail-over, a moment ago.
   */
  findKeysByName(context: CallContext, name: string): Promise<readonly StoredKey[]>;
  /** All stored keys whose name starts with `prefix`, page by page: the catalog can be rebuilt from them. */
  listKeys(context: CallContext, prefix: string): AsyncIterable<StoredKey>;
}

/** Of a key manager that keeps what was deleted for a while. */
export interface DeletedKeys {
  /**
   * What was deleted and could be restored: under this exact name, as far as a search shows it, and each of
   * `storedKeyIds`, whatever its name.
   */
  findDeletedKeys(context: CallContext, name: string, storedKeyIds: readonly string[]): Promise<readonly DeletedKey[]>;
  /**
   * Ends the time in which a deleted key can be restored. Resolves when it is gone for good, also when it was already.
   * @param storedKeyId the proof that it may be, which only `judgePurge` gives
   * @returns `too_early` where the key manager asks for more time since the deletion
   * @throws KeyManagerError `permission_denied` without the right to purge, which no other right includes
   */
  purgeKey(context: CallContext, storedKeyId: PurgeableKeyId): Promise<'purged' | 'too_early'>;
}

/**
 * The tenant's key manager, already bound to one tenant's instance, root key and credential. Whoever needs one part of it
 * asks for that part. Every method throws {@link KeyManagerError} and nothing else.
 */
export interface KeyManager extends RootKey, StoredKeys, Partial<DeletedKeys> {}

/** False where a deletion is final at once. */
export const keepsDeletedKeys = (keyManager: KeyManager): keyManager is KeyManager & DeletedKeys =>
  keyManager.findDeletedKeys !== undefined && keyManager.purgeKey !== undefined;
