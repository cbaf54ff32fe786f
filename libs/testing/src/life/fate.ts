import { type UniqueIdentifier } from '@lib/kernel';
import { type ManagedObject, stateAt } from '@lib/kmip-engine';

/** What was taken from a key. Of `ended` the larger one counts: 1 deactivated, 2 compromised. */
export interface Revocation {
  ended: 0 | 1 | 2;
  suspended: boolean;
}

/** What is true of a key that was acknowledged, whatever any catalog says. */
export interface Fate {
  readonly id: UniqueIdentifier;
  readonly key: Buffer;
  /** As the catalog that is in force was told. */
  readonly revoked: Revocation;
  /** As anybody was ever told, across restores. */
  readonly recorded: Revocation;
  /** As the notes in the key manager say, which no restore of a catalog takes back. */
  readonly noted: Revocation;
  /** Its destruction was ordered: from then on it may be gone at any time. */
  mayGo: boolean;
  destroyed: boolean;
  /** The tenant itself put a whole copy of it somewhere, which it alone can keep from coming back. */
  replayed: boolean;
  /** A suspension of it was taken back at some time. */
  wasResumed: boolean;
  /** A rebuild found nothing of it but what somebody else stored in its name. */
  supplanted: boolean;
  /** A restored catalog does not have it yet. */
  lost: boolean;
}

export function revocationIn(row: ManagedObject | undefined, now: Date): Revocation {
  if (row === undefined) return { ended: 0, suspended: false };
  const state = stateAt(row, now);
  const isCompromised = state === 'Compromised' || state === 'DestroyedCompromised';
  const isUsable = state === 'PreActive' || state === 'Active';
  return { ended: isCompromised ? 2 : isUsable ? 0 : 1, suspended: row.suspended };
}

export const isWeaker = (one: Revocation, other: Revocation): boolean =>
  one.ended < other.ended || (other.suspended && !one.suspended);
