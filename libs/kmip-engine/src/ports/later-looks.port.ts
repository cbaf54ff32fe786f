import { type UniqueIdentifier } from '@lib/kernel';

/** Recorded by the transaction of the move that left it (`CustodyMoves.commit`). */
export interface FormerStoredKey {
  readonly storedKeyId: string;
  readonly rootKeyId: string;
  readonly leftAt: Date;
}

/** A destroyed key that is looked for again: a fail-over of the key manager, or a roll-back, can undo its deletion. */
export interface LaterLook {
  readonly uniqueIdentifier: UniqueIdentifier;
  /** Where it lay when it was destroyed. */
  readonly storedKeyId?: string;
  readonly rootKeyId?: string;
  /** Where it lay before: each stored key that the committed row of the object has named and a move has left. */
  readonly formerly?: readonly FormerStoredKey[];
  readonly destroyedAt: Date;
  /** How many looks in a row have found nothing. */
  readonly looks: number;
}

/** The first look; those that follow are the reconciler's to set. */
export const FIRST_LOOK_AFTER_MS = 600_000;

/**
 * Looks that are owed for destroyed keys of one instance. The transaction that commits that a key is destroyed adds one,
 * due {@link FIRST_LOOK_AFTER_MS} after the Destroy Date.
 */
export interface LaterLooks {
  /** Those that are due at `now`, the longest first. */
  due(now: Date, limit: number): Promise<readonly LaterLook[]>;
  /** Where a destroyed key lay, as long as a look is owed. */
  find(uniqueIdentifier: UniqueIdentifier): Promise<Pick<LaterLook, 'storedKeyId' | 'rootKeyId'> | undefined>;
  postpone(uniqueIdentifier: UniqueIdentifier, looks: number, dueAt: Date): Promise<void>;
  /** No look is owed any more, and where the key lay is forgotten. Harmless when that was so already. */
  end(uniqueIdentifier: UniqueIdentifier): Promise<void>;
}
