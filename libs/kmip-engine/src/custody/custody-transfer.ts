import { type AuditEvent } from '@lib/audit';
import { type Aad, type CallContext, type KeyManager, type StoredKey } from '@lib/key-manager';
import { type UniqueIdentifier } from '@lib/kernel';

import { type CustodyMove, type CustodyMoves } from '../ports/custody-moves.port';
import { type EngineDependencies } from '../ports/engine-ports';
import { type KeyCustody } from '../ports/managed-object';
import { type DeletionRights } from './deletion-rights';
import { certainlyNotDone, mayNotDelete } from './key-manager-failure';
import { type RootKeyBinding } from './root-key-binding';
import { openStoredKey } from './stored-key';
import { type StoredEnvelope, serializeEnvelope, storedKeyName } from './stored-envelope';

/** Open moves of one instance: many more than are ever under way, and so many stored keys it may have too much at most. */
const MAXIMUM_OPEN = 50;

/** One key that goes from one stored key to another, in the same key manager or between two. */
export interface Transfer {
  readonly moves: CustodyMoves;
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly aad: Aad;
  /** SHA-256 of the key material. */
  readonly digest: Buffer;
  readonly from: KeyCustody;
  readonly source: KeyManager;
  readonly target: RootKeyBinding;
  /** The key as it will be stored. Called when the move is open; has no effect that stays. */
  readonly wrap: () => Promise<StoredEnvelope>;
  readonly audit: (to: KeyCustody) => AuditEvent;
}

export type TransferResult =
  | { readonly outcome: 'moved'; readonly custody: KeyCustody }
  /** `overtaken`: the key was moved or destroyed meanwhile. `busy`, `full`: see {@link CustodyMoves}. */
  | { readonly outcome: 'overtaken' | 'busy' | 'full' };

type Dependencies = Pick<EngineDependencies, 'clock' | 'newUniqueIdentifier' | 'logger'>;

/**
 * The order of a move (docs/adr/0022): note, new stored key, look at it, swap in the catalog, deletion of the former,
 * end of the note. Whatever falls out in between, the catalog names a stored key that is there, and the note finds the other one.
 */
export class CustodyTransfer {
  constructor(private readonly rights: DeletionRights) {}

  /** @throws when the key manager or the catalog fails before the swap is known to have happened */
  async run(dependencies: Dependencies, transfer: Transfer, call: CallContext): Promise<TransferResult> {
    const { moves, uniqueIdentifier, from, source, target } = transfer;
    const move: CustodyMove = {
      uniqueIdentifier,
      moveId: dependencies.newUniqueIdentifier(),
      fromRootKeyId: from.rootKeyId,
      toRootKeyId: target.rootKeyId,
      startedAt: dependencies.clock.now(),
    };
    const opened = await moves.open(move, MAXIMUM_OPEN);
    if (opened !== 'opened') return { outcome: opened };
    const { stored, rootKeyVersion } = await this.#store(transfer, move, call);
    await this.#verify(dependencies, transfer, move, stored, call);
    const to: KeyCustody = { storedKeyId: stored.id, rootKeyId: target.rootKeyId, rootKeyVersion };
    const swapped = await moves.commit(move, from, to, transfer.audit(to));
    const keyManager = swapped ? source : target.keyManager;
    const deleted = await this.#delete(dependencies, keyManager, swapped ? from.storedKeyId : stored.id, call);
    if (deleted) await moves.close(move);
    return swapped ? { outcome: 'moved', custody: to } : { outcome: 'overtaken' };
  }

  async #store(
    { moves, target, uniqueIdentifier, wrap }: Transfer,
    move: CustodyMove,
    call: CallContext,
  ): Promise<{ readonly stored: StoredKey; readonly rootKeyVersion: string }> {
    let nothingStored = true;
    try {
      const envelope = await wrap();
      nothingStored = false;
      const payload = serializeEnvelope(envelope);
      const stored = await target.keyManager.storeKey(call, storedKeyName(uniqueIdentifier), payload);
      return { stored, rootKeyVersion: envelope.rootKeyVersion };
    } catch (error) {
      // A note that cannot be closed is found by the reconciler.
      if (nothingStored || certainlyNotDone(error)) await moves.close(move).catch(() => undefined);
      throw error;
    }
  }

  /** The former stored key is deleted for good: first the new one must give the same key. */
  async #verify(
    dependencies: Dependencies,
    { moves, target, aad, digest }: Transfer,
    move: CustodyMove,
    { id: storedKeyId }: StoredKey,
    call: CallContext,
  ): Promise<void> {
    try {
      (await openStoredKey(target.keyManager, { storedKeyId, aad, digest }, call)).secret.wipe();
    } catch (error) {
      if (await this.#delete(dependencies, target.keyManager, storedKeyId, call)) await moves.close(move);
      throw error;
    }
  }

  /** The move is done either way; the note stays until the reconciler has deleted what could not be deleted here. */
  async #delete(
    { clock, logger }: Dependencies,
    keyManager: KeyManager,
    storedKeyId: string,
    call: CallContext,
  ): Promise<boolean> {
    try {
      await keyManager.deleteKey(call, storedKeyId);
      return true;
    } catch (error) {
      if (mayNotDelete(error)) this.rights.refused({ clock }, keyManager);
      const { correlationId } = call;
      logger.warn(
        { err: error, correlationId, storedKeyId },
        'a stored key that was replaced could not be deleted yet',
      );
      return false;
    }
  }
}
