import { type CallContext, KeyManagerError, type KeyManagerFault } from '@lib/key-manager';

import { isFault } from '../custody/key-manager-failure';
import { type BoundRootKey } from '../custody/root-key-binding';
import { type KeyNote } from '../ports/key-notes.port';
import { type BackgroundDependencies, type ReconcileScope, backgroundCall } from '../reconcile/background';
import { noteName, parseNote, sealNote, unwrapNote } from './stored-note';

export interface NoteWriterOptions {
  /** Notes written in one turn, so that one tenant's do not make others wait. Default 50. */
  readonly notesPerTurn?: number;
}

export interface NotesWritten {
  readonly written: number;
  /** Those that are left. The facts they tell of are in force all the same. */
  readonly unwritten: number;
  readonly hindrance?: KeyManagerFault;
}

/**
 * Brings the notes that were entered with a change into the key manager. Each step can be cut off and repeated: a note is
 * looked up by its name first, and counts as written only once it was read back.
 */
export class NoteWriter {
  readonly #notesPerTurn: number;

  constructor(
    private readonly dependencies: BackgroundDependencies,
    { notesPerTurn = 50 }: NoteWriterOptions = {},
  ) {
    this.#notesPerTurn = notesPerTurn;
  }

  /** One turn. @throws when the catalog fails */
  async run(scope: ReconcileScope): Promise<NotesWritten> {
    const { keyManager, rootKeyId, store, signal } = scope;
    const { notes } = store;
    if (keyManager === undefined || rootKeyId === undefined) {
      return { written: 0, unwritten: await notes.countUnwritten() };
    }
    const binding = { keyManager, rootKeyId };
    let written = 0;
    let hindrance: KeyManagerFault | undefined;
    try {
      for (const note of await notes.unwritten(rootKeyId, this.#notesPerTurn)) {
        if (signal?.aborted === true) break;
        if (!(await this.#write(scope, binding, note))) continue;
        await notes.markWritten(note, rootKeyId);
        written += 1;
      }
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      hindrance = error.fault;
    }
    const unwritten = await notes.countUnwritten(rootKeyId);
    return { written, unwritten, ...(hindrance === undefined ? {} : { hindrance }) };
  }

  /** @returns whether it is there and reads as it was written; @throws KeyManagerError */
  async #write(scope: ReconcileScope, binding: BoundRootKey, note: KeyNote): Promise<boolean> {
    const call = backgroundCall(this.dependencies, scope);
    if (await this.#isThere(scope, binding, note, call)) return true;
    const payload = await sealNote(binding, scope.instanceId, note, call);
    const name = noteName(note);
    const { id, createdAt } = await binding.keyManager.storeKey(call, name, payload);
    const stored = await binding.keyManager.fetchKey(call, id, createdAt);
    if (stored.equals(payload)) return true;
    this.dependencies.logger.error(
      { storedKeyId: id, name },
      'the key manager gave back another note than it was given',
    );
    return false;
  }

  /** An answer may have been lost. Somebody else's of that name does not count. */
  async #isThere(
    scope: ReconcileScope,
    { keyManager, rootKeyId }: BoundRootKey,
    note: KeyNote,
    call: CallContext,
  ): Promise<boolean> {
    for (const { id, createdAt } of await keyManager.findKeysByName(call, noteName(note))) {
      try {
        const stored = parseNote(await keyManager.fetchKey(call, id, createdAt));
        if (stored?.instanceId !== scope.instanceId || stored.rootKeyId !== rootKeyId) continue;
        const found = await unwrapNote(keyManager, stored, call);
        if (found !== undefined && isSameNote(found, note)) return true;
      } catch (error) {
        if (!isFault(error, 'stored_key_missing') && !isFault(error, 'ciphertext_rejected')) throw error;
      }
    }
    return false;
  }
}

const isSameNote = (one: KeyNote, other: KeyNote): boolean =>
  one.uniqueIdentifier === other.uniqueIdentifier &&
  one.number === other.number &&
  one.previous === other.previous &&
  one.fact === other.fact &&
  one.effectiveAt.getTime() === other.effectiveAt.getTime();
