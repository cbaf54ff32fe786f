import { type UniqueIdentifier } from '@lib/kernel';
import { type ManagedObject, stateAt } from '@lib/kmip-engine';

/** What was taken from a key. Of `ended` the larger one counts: 1 deactivated, 2 compromised, 3 destroyed. */
export interface Revocation {
  ended: 0 | 1 | 2 | 3;
  suspended: boolean;
}

/** What is true of a key that was acknowledged, whatever any catalog says. */
export interface Fate {
  readonly id: UniqueIdentifier;
  readonly key: Buffer;
  /** As the catalog that is in force was told. */
  readonly revoked: Revocation;
  /** As anybody was ever told, across restores that left the record beside the catalog. */
  readonly recorded: Revocation;
  /** As the notes in the key manager say, which no restore of a catalog takes back. */
  readonly noted: Revocation;
  /** As the audit trail says that was exported last. */
  readonly exported: Revocation;
  /** Its destruction was ordered: from then on it may be gone at any time. */
  mayGo: boolean;
  destroyed: boolean;
  /** A whole copy of it is where the service cannot know of it: the tenant put it there, or a restore forgot it. */
  replayed: boolean;
  /** A suspension of it was taken back at some time. */
  wasResumed: boolean;
  /** A rebuild found nothing of it but what somebody else stored in its name. */
  supplanted: boolean;
  /** A restored catalog does not have it yet. */
  lost: boolean;
}

const nothing = (): Revocation => ({ ended: 0, suspended: false });

export const newFate = (id: UniqueIdentifier, key: Buffer): Fate => ({
  id,
  key,
  revoked: nothing(),
  recorded: nothing(),
  noted: nothing(),
  exported: nothing(),
  mayGo: false,
  destroyed: false,
  replayed: false,
  supplanted: false,
  wasResumed: false,
  lost: false,
});

export function revocationIn(row: ManagedObject | undefined, now: Date): Revocation {
  if (row === undefined) return nothing();
  return { ended: endedIn(row, now), suspended: row.suspended };
}

function endedIn(row: ManagedObject, now: Date): Revocation['ended'] {
  switch (stateAt(row, now)) {
    case 'Destroyed':
    case 'DestroyedCompromised':
      return 3;
    case 'Compromised':
      return 2;
    case 'Deactivated':
      return 1;
    case 'PreActive':
    case 'Active':
      return 0;
  }
}

/** A key whose destruction is ordered is withheld as if it were destroyed. */
export const withheldBy = (row: ManagedObject, now: Date): Revocation =>
  row.destroyRequestedAt === undefined ? revocationIn(row, now) : { ended: 3, suspended: row.suspended };

/** What the record has of it: nobody orders a destruction by the word of a note. */
export function recordableIn(row: ManagedObject, now: Date): Revocation {
  const found = revocationIn(row, now);
  const isWord = found.ended === 3 && row.recoverableUntil === undefined;
  return isWord ? { ...found, ended: 0 } : found;
}

/** Nothing is taken from a destroyed key any more. */
export const isWeaker = (one: Revocation, other: Revocation): boolean =>
  one.ended < other.ended || (one.ended < 3 && other.suspended && !one.suspended);

/** What either of them has. */
export const both = (one: Revocation, other: Revocation): Revocation => ({
  ended: one.ended > other.ended ? one.ended : other.ended,
  suspended: one.suspended || other.suspended,
});
