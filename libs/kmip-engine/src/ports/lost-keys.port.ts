import { type AuditEvent } from '@lib/audit';
import { type UniqueIdentifier } from '@lib/kernel';

/** A key whose stored key is gone from the key manager, by its own word: shredded, unless it is restored there. */
export interface LostKey {
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly storedKeyId: string;
  /** Since when it is known. */
  readonly since: Date;
  /** Until when the key manager's administrators can restore it; absent where it does not tell. */
  readonly restorableUntil?: Date;
}

/** How many keys under one root key are lost. */
export interface LostUnder {
  readonly rootKeyId: string;
  readonly keys: number;
  /** All that lie under it, lost or not. */
  readonly keysUnder: number;
  /** Since when it is known of the first of them. */
  readonly since: Date;
}

/** A key of the catalog, and where it should lie. */
export interface PlacedKey {
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly storedKeyId: string;
  readonly storedAt: Date;
  /** It is noted as lost. */
  readonly lost: boolean;
}

/**
 * Keys of one instance that cannot be served because nothing is left of them. A note is of one stored key: with a key
 * that lies elsewhere by now it has nothing to do.
 */
export interface LostKeys {
  /**
   * Nothing is noted of a key that lies elsewhere by now, or is being destroyed: who looked for it had an older row.
   * Of one that is noted already, only what can be restored until when is new, and nothing is recorded.
   */
  note(lost: LostKey, audit: AuditEvent): Promise<void>;
  /** The stored key is there again. Where nothing is noted, nothing is recorded. */
  forget(uniqueIdentifier: UniqueIdentifier, audit: AuditEvent): Promise<void>;
  /** Those of these keys that are lost. */
  among(uniqueIdentifiers: readonly UniqueIdentifier[]): Promise<readonly LostKey[]>;
  /** Those that nobody has ordered to be destroyed: whoever does settles it. In the order of the root keys' identifiers. */
  byRootKey(): Promise<readonly LostUnder[]>;
  /** Keys under a root key that are not being destroyed, in the order of their identifiers. */
  placed(
    rootKeyId: string,
    page: { readonly after?: UniqueIdentifier; readonly limit: number },
  ): Promise<readonly PlacedKey[]>;
}
