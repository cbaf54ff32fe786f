import { type UniqueIdentifier } from '@lib/kernel';

export const NOTED_FACTS = ['deactivated', 'compromised', 'destroyed', 'suspended', 'resumed'] as const;

/** What must not come back with a catalog that was lost or restored, and what takes a suspension back (docs/adr/0063). */
export type NotedFact = (typeof NOTED_FACTS)[number];

/** One fact about one key. Only added to: it is never changed and never taken back. */
export interface KeyNote {
  readonly uniqueIdentifier: UniqueIdentifier;
  /** Milliseconds since 1970, or one more than the one before if that is larger. */
  readonly number: number;
  /** Number of the key's note before, which shows a gap. Absent on the first. */
  readonly previous?: number;
  readonly fact: NotedFact;
  /** May lie in the future: a Deactivation Date. */
  readonly effectiveAt: Date;
}

/** A note that lies in a key manager, under this root key. */
export interface WrittenNote extends KeyNote {
  readonly rootKeyId: string;
}

/** One that is entered as it was told elsewhere. */
export interface AdoptedNote extends KeyNote {
  /** Absent: an exported audit trail tells it, and no key manager remembers it yet. */
  readonly rootKeyId?: string;
}

/**
 * The notes of one instance's keys. They are entered by the store with the change they tell of, and written to the key
 * manager afterwards, so that one that is away delays no revocation.
 */
export interface KeyNotes {
  /** All of one key, in order. */
  of(uniqueIdentifier: UniqueIdentifier): Promise<readonly KeyNote[]>;
  /** Those that do not lie under this root key, the lowest numbers first: after a change of the root key, all. */
  unwritten(rootKeyId: string, limit: number): Promise<readonly KeyNote[]>;
  /** @param rootKeyId absent while none is bound: those that were never written */
  countUnwritten(rootKeyId?: string): Promise<number>;
  /** The note lies in the key manager and can be read there. */
  markWritten(note: KeyNote, rootKeyId: string): Promise<void>;
}
