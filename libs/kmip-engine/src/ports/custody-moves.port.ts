import { type AuditEvent } from '@lib/audit';
import { type UniqueIdentifier } from '@lib/kernel';

import { type KeyCustody } from './managed-object';
import { type NoteOfWork } from './note-of-work';

/**
 * The promise to leave one stored key of an object and no second one, committed before a second one is made. It ends
 * when the former stored key is gone; one that was interrupted is settled by the reconciler.
 */
export interface CustodyMove extends NoteOfWork {
  readonly uniqueIdentifier: UniqueIdentifier;
  /** A UUID that tells this move from later ones of the same object. */
  readonly moveId: string;
  readonly fromRootKeyId: string;
  readonly toRootKeyId: string;
}

export interface KeysUnderRootKey {
  /** Keys wrapped by another version than this; all when absent. */
  readonly exceptVersion?: string;
  /** Last key of the page before. */
  readonly after?: UniqueIdentifier;
  readonly limit: number;
}

/** Changes of where the keys of one instance lie. An object has one open move at most. */
export interface CustodyMoves {
  /**
   * `busy` while another move of the object is open, `full` while `maximumOpen` moves of the instance are: where moves
   * cannot be brought to an end, no more of them begin. Idempotent for one move.
   */
  open(move: CustodyMove, maximumOpen: number): Promise<'opened' | 'busy' | 'full'>;
  find(uniqueIdentifier: UniqueIdentifier): Promise<CustodyMove | undefined>;
  /**
   * Swaps custody, remembers `from` as a former place and commits the audit event, if the object lies at `from` still, is not being destroyed, and the move
   * is open and nobody claimed it. @returns false when it was not so; nothing is changed then.
   */
  commit(move: CustodyMove, from: KeyCustody, to: KeyCustody, audit: AuditEvent): Promise<boolean>;
  /**
   * Takes a move over for settling: from here on `commit` fails, so that a mover that slept through the deadline cannot
   * name a stored key that is being removed. Idempotent. @returns false when the move is closed.
   */
  claim(move: CustodyMove): Promise<boolean>;
  /** One stored key is left. Harmless when the move is closed already. */
  close(move: CustodyMove): Promise<void>;
  /** Remembers when a look found nothing left, or forgets it. Harmless when the move is closed. */
  noteClear(move: CustodyMove, since: Date | undefined): Promise<void>;
  /** Open moves older than `before`, claimed ones included, oldest first; none that was found clear since `before`. */
  stale(before: Date, limit: number): Promise<readonly CustodyMove[]>;
  /** Keys under a root key that are not being destroyed, in the order of their identifiers. */
  keysUnder(rootKeyId: string, page: KeysUnderRootKey): Promise<readonly UniqueIdentifier[]>;
}
