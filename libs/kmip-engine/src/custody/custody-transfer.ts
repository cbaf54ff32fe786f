import { type AuditEvent } from '@lib/audit';
import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type KeyManager, type StoredKey, judgeDeletion } from '@lib/key-manager';

import { isDestroyedByOrder } from '../lifecycle';
import { type CustodyMove } from '../ports/custody-moves.port';
import { type EngineDependencies, type StayReason } from '../ports/engine-ports';
import { type KeyCustody } from '../ports/managed-object';
import { type ManagedObjectStore } from '../ports/managed-object-store.port';
import { type KeptKeyReports, reportKept } from './kept-key';
import { certainlyNotDone, mayNotDelete } from './key-manager-failure';
import { type BoundRootKey } from './root-key-binding';
import { causeOf, type Examination, type ExaminationScope, examineStoredKey } from './stored-key-examination';
import { type StoredEnvelope, serializeEnvelope, storedKeyName } from './stored-envelope';

/** Open moves of one instance: many more than are ever under way, and so many stored keys it may have too much at most. */
export const MAXIMUM_OPEN_MOVES = 50;

/** One key that goes from one stored key to another, in the same key manager or between two. */
export interface Transfer {
  readonly store: Pick<ManagedObjectStore, 'find' | 'moves'>;
  readonly instanceId: InstanceId;
  /** Of the former stored key, where that is another's: the instance is gone, and this one takes its keys over. */
  readonly formerInstanceId?: InstanceId;
  readonly uniqueIdentifier: UniqueIdentifier;
  /** SHA-256 of the key material. */
  readonly digest: Buffer;
  readonly from: KeyCustody;
  readonly source: KeyManager;
  readonly target: BoundRootKey;
  /** The key as it will be stored. Called when the move is open; has no effect that stays. */
  readonly wrap: () => Promise<StoredEnvelope>;
  readonly audit: (to: KeyCustody) => AuditEvent;
}

export type TransferResult =
  | { readonly outcome: 'moved'; readonly custody: KeyCustody }
  /** `overtaken`: the key was moved or destroyed meanwhile. `busy`, `full`: see `CustodyMoves`. */
  | { readonly outcome: 'overtaken' | 'busy' | 'full' };

type ExaminedDeletion =
  | { readonly why: 'superseded'; readonly key: Examination; readonly named: Examination }
  | { readonly why: 'copy_under_order'; readonly key: Examination };

type Dependencies = Pick<EngineDependencies, 'clock' | 'newUniqueIdentifier' | 'deletionRights'> & KeptKeyReports;

/**
 * The order of a move (docs/adr/0022): note, new stored key, look at it, swap in the catalog, deletion of the former,
 * end of the note. Whatever falls out in between, the catalog names a stored key that is there, and the note finds the other one.
 */
export class CustodyTransfer {
  /** @throws when the key manager or the catalog fails before the swap is known to have happened */
  async run(dependencies: Dependencies, transfer: Transfer, call: CallContext): Promise<TransferResult> {
    const { from, target } = transfer;
    const { moves } = transfer.store;
    const move = noteOf(dependencies, transfer);
    const opened = await moves.open(move, MAXIMUM_OPEN_MOVES);
    if (opened !== 'opened') return { outcome: opened };
    const { stored, rootKeyVersion } = await this.#store(transfer, move, call);
    const named = await examineNew(transfer, move, stored, call);
    // Every envelope that is written bears its proof, whatever the one before did.
    const to: KeyCustody = {
      storedKeyId: stored.id,
      storedAt: stored.createdAt,
      rootKeyId: target.rootKeyId,
      rootKeyVersion,
      authenticated: true,
    };
    if (!(await moves.commit(move, from, to, transfer.audit(to)))) {
      await this.#giveUp(dependencies, transfer, move, named, call);
      return { outcome: 'overtaken' };
    }
    const { storedKeyId, storedAt } = from;
    const place = { claim: move, storedKeyId, keyManager: transfer.source, digest: transfer.digest };
    const former = storedAt === undefined ? place : { ...place, storedAt };
    const { instanceId, formerInstanceId = instanceId } = transfer;
    const key = await examineStoredKey({ ...bindingsOf(transfer), instanceId: formerInstanceId }, former, call);
    const deletion = { why: 'superseded', key, named } as const;
    if (await this.#delete(dependencies, transfer.source, deletion, call)) await moves.close(move);
    return { outcome: 'moved', custody: to };
  }

  async #store(
    { store: { moves }, target, uniqueIdentifier, wrap }: Transfer,
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

  /**
   * The swap was refused. Of a key whose destruction is ordered the new stored key goes too; else which one is needed is
   * the reconciler's to find out, by this note or, if it settled that one already, by another.
   */
  async #giveUp(
    dependencies: Dependencies,
    transfer: Transfer,
    move: CustodyMove,
    key: Examination,
    call: CallContext,
  ): Promise<void> {
    const { store, uniqueIdentifier, target } = transfer;
    const object = await store.find(uniqueIdentifier);
    const ordered = object !== undefined && (isDestroyedByOrder(object) || object.destroyRequestedAt !== undefined);
    const deletion = { why: 'copy_under_order', key } as const;
    if (ordered && (await this.#delete(dependencies, target.keyManager, deletion, call))) {
      await store.moves.close(move);
    } else {
      await store.moves.open(noteOf(dependencies, transfer), MAXIMUM_OPEN_MOVES);
    }
  }

  /** The move is done either way; the note stays until the reconciler has deleted what could not be deleted here. */
  async #delete(
    dependencies: Dependencies,
    keyManager: KeyManager,
    deletion: ExaminedDeletion,
    call: CallContext,
  ): Promise<boolean> {
    const { storedKeyId, claim, cause } = deletion.key;
    const stays = (why: StayReason, error: unknown): false => {
      reportKept(dependencies, { uniqueIdentifier: claim.uniqueIdentifier, storedKeyId, why, cause: error });
      return false;
    };
    const judged = judgeDeletion(deletion);
    if (judged.verdict === 'keep') return stays(judged.why, cause);
    try {
      await keyManager.deleteKey(call, judged.proof);
      return true;
    } catch (error) {
      if (!mayNotDelete(error)) return stays('error', error);
      dependencies.deletionRights.refused(dependencies, keyManager);
      return stays('may_not_delete', error);
    }
  }
}

const noteOf = (
  { newUniqueIdentifier, clock }: Dependencies,
  { uniqueIdentifier, from, target }: Transfer,
): CustodyMove => ({
  uniqueIdentifier,
  moveId: newUniqueIdentifier(),
  fromRootKeyId: from.rootKeyId,
  toRootKeyId: target.rootKeyId,
  startedAt: clock.now(),
});

/** The two root keys a move is between: no other has to be known to judge its stored keys. */
const bindingsOf = ({ instanceId, from, source, target }: Transfer): ExaminationScope => ({
  instanceId,
  ...target,
  keyManagerOf: (rootKeyId) => (rootKeyId === from.rootKeyId ? source : undefined),
});

/** Under the note as claim: the former stored key is deleted for good, so first the new one must give the same key. */
async function examineNew(
  transfer: Transfer,
  claim: CustodyMove,
  { id: storedKeyId, createdAt: storedAt }: StoredKey,
  call: CallContext,
): Promise<Examination> {
  const { target, digest } = transfer;
  const place = { claim, storedKeyId, storedAt, keyManager: target.keyManager, digest, authenticated: true };
  const examined = await examineStoredKey(bindingsOf(transfer), place, call);
  if (examined.finding === 'whole') return examined;
  // It stays, and the note with it: the reconciler looks again.
  throw causeOf(examined);
}
