import { type UniqueIdentifier } from '@lib/kernel';
import { restorableUntil } from '@lib/key-manager';
import { type TtlvValue } from '@lib/kmip-protocol';

import { type KindFields } from '../kinds';

/** State as last written (KMIP 1.4 §3.22); what a client sees also follows from the dates, see `stateAt`. */
export type StoredState = 'PreActive' | 'Active' | 'Deactivated' | 'Compromised' | 'Destroyed' | 'DestroyedCompromised';

/** An attribute instance set by a client: Name, Object Group, Contact Information, custom `x-…` and so on. */
export interface ClientAttribute {
  readonly name: string;
  readonly index: number;
  readonly value: TtlvValue;
}

/** Where the wrapped key lies and under what it is wrapped. Nothing from which the key follows. */
export interface KeyCustody {
  /** Id of the standard key in the tenant's key-manager instance. */
  readonly storedKeyId: string;
  readonly rootKeyId: string;
  readonly rootKeyVersion: string;
  /** The stored key bears proof of who wrote it, and is not accepted without (docs/adr/0062). */
  readonly authenticated?: true;
  /** When the key manager stored it. Unknown for what a release before stored: see `storedSince`. */
  readonly storedAt?: Date;
}

/** What the catalog knows of every object, whatever its kind. */
export interface CommonFields {
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly state: StoredState;
  /** Management overlay outside KMIP: a suspended key keeps its state but Get is refused. */
  readonly suspended: boolean;
  readonly initialDate: Date;
  readonly lastChangeDate: Date;
  readonly activationDate?: Date;
  readonly processStartDate?: Date;
  readonly protectStopDate?: Date;
  readonly deactivationDate?: Date;
  readonly destroyDate?: Date;
  /** Until when the key manager can restore what Destroy deleted; unknown for keys that a release before destroyed. */
  readonly recoverableUntil?: Date;
  /** Since when nothing of it is left in the key manager that could be restored (docs/adr/0067). */
  readonly purgedAt?: Date;
  /**
   * A Destroy was accepted and the stored key is being deleted at the key manager: the key is no longer served, but
   * not destroyed yet. Cleared again when the key manager certainly refused the deletion (docs/adr: destroy order).
   */
  readonly destroyRequestedAt?: Date;
  readonly compromiseDate?: Date;
  readonly compromiseOccurrenceDate?: Date;
  readonly revocationReason?: { readonly code: number; readonly message?: string };
  /** SHA-256 over the raw key material, for the Digest attribute. */
  readonly digest: Buffer;
  /** Fresh (KMIP 1.1): true until the key was served once. */
  readonly fresh: boolean;
  readonly lastFetchedAt?: Date;
  /** Absent once destroyed. */
  readonly custody?: KeyCustody;
  /** SHA-256 of the certificate that created the key. */
  readonly createdBy: string;
  /** Ordered by name, then index. */
  readonly attributes: readonly ClientAttribute[];
}

/** An object as the catalog knows it. What a later release made has an Object Type that is not listed: see `kindOf`. */
export type ManagedObject = CommonFields & KindFields;

/**
 * What serving an object needs of it. Not what its clients wrote beside the key: that may have megabytes, and this is
 * kept in memory (docs/adr/0090).
 */
export type ServableObject = Omit<CommonFields, 'attributes' | 'revocationReason'> & KindFields;

/**
 * Until when the tenant's administrators can restore a destroyed key in the key manager, at the latest (docs/adr/0066).
 * @returns undefined unless it is destroyed
 */
export function recoverableUntil({
  recoverableUntil: known,
  destroyDate,
}: Pick<ManagedObject, 'recoverableUntil' | 'destroyDate'>): Date | undefined {
  if (destroyDate === undefined) return undefined;
  // The date has whole seconds, and the deletion came before it was written.
  return known ?? restorableUntil(destroyDate);
}

/**
 * Since when the stored key has been there, as far as the catalog knows: one that is too young may not be there for the
 * moment, and is not gone (docs/adr/0064).
 */
export const storedSince = ({ initialDate, custody }: Pick<ManagedObject, 'initialDate' | 'custody'>): Date =>
  custody?.storedAt ?? initialDate;
