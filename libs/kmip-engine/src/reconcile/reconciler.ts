import { type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type KeyManager } from '@lib/key-manager';

import { MAXIMUM_OPEN_MOVES } from '../custody/custody-transfer';
import { KeyDestruction } from '../custody/key-destruction';
import { reportKept } from '../custody/kept-key';
import { boundKeyManager } from '../custody/root-key-binding';
import { storedKeyName } from '../custody/stored-envelope';
import { causeOf, examineStoredKey } from '../custody/stored-key-examination';
import { OperationFailure } from '../failures/operation-failure';
import { isDestroyed, isDestroyedByOrder } from '../lifecycle';
import { type CustodyMove } from '../ports/custody-moves.port';
import { type ManagedObject, storedSince } from '../ports/managed-object';
import { type CreationIntent } from '../ports/managed-object-store.port';
import { type NoteOfWork } from '../ports/note-of-work';
import {
  type BackgroundDependencies,
  type ReconcileScope,
  backgroundCall,
  backgroundEvent,
  keyManagersOf,
} from './background';
import { CatalogRebuild } from './catalog-rebuild';
import { DestructionReview } from './destruction-review';
import { type Look, judgeNote } from './settle-rule';
import { type RemovalTask, StoredKeyRemoval } from './stored-key-removal';

export interface ReconcilerOptions {
  /** Age at which nobody works on an intent or a move any more. Default 10 minutes, far beyond any operation's deadline. */
  readonly staleAfterMs?: number;
}

/** Intents, moves and deletions taken in one run, each. */
const BATCH_SIZE = 100;

type Outcome =
  'abandoned' | 'adopted' | 'kept' | 'settled' | 'destroyed' | 'withdrawn' | 'clear' | 'returned' | 'purged' | 'failed';

/**
 * - `adopted`: intents whose key came to be; the catalog has it now
 * - `abandoned`: intents whose key never came to be, or came to be only in part
 * - `kept`: intents and moves whose stored key may not be deleted: the tenant sees them, intents count for the quota;
 *   and destructions that wait for the release of a restored catalog
 * - `settled`: moves; one stored key is left
 * - `clear`: intents and moves of which nothing is left; a second look closes them
 * - `destroyed`: destructions that were completed
 * - `withdrawn`: destructions the key manager refused; the key is served again
 * - `returned`: destroyed keys that had come back in the key manager, and were deleted again
 * - `purged`: destroyed keys that were purged in the key manager, at the instance's wish
 * - `failed`: left for the next run, because the key manager or the catalog failed
 */
export type ReconcileReport = Readonly<Record<Outcome, readonly UniqueIdentifier[]>>;

/**
 * Settles what an interrupted Create, Destroy or move of a key left behind. Each step can be cut off and repeated: an
 * intent or a move is claimed before its stored keys are touched, and given up only after they are gone.
 */
export class Reconciler {
  readonly #destruction: KeyDestruction;
  readonly #review: DestructionReview;
  readonly #removal: StoredKeyRemoval;
  readonly #rebuild: CatalogRebuild;
  readonly #staleAfterMs: number;

  constructor(
    private readonly dependencies: BackgroundDependencies,
    options: ReconcilerOptions = {},
  ) {
    this.#destruction = new KeyDestruction(dependencies);
    this.#review = new DestructionReview(dependencies);
    this.#removal = new StoredKeyRemoval(dependencies);
    this.#rebuild = new CatalogRebuild(dependencies);
    this.#staleAfterMs = options.staleAfterMs ?? 600_000;
  }

  async run(scope: ReconcileScope): Promise<ReconcileReport> {
    const report = {
      abandoned: [],
      adopted: [],
      kept: [],
      settled: [],
      clear: [],
      destroyed: [],
      withdrawn: [],
      returned: [],
      purged: [],
      failed: [],
    } as Record<Outcome, UniqueIdentifier[]>;
    const { store } = scope;
    const before = new Date(this.dependencies.clock.now().getTime() - this.#staleAfterMs);
    const each = async <T extends { readonly uniqueIdentifier: UniqueIdentifier }>(
      items: readonly T[],
      settle: (item: T) => Promise<Outcome | undefined>,
    ): Promise<void> => {
      for (const item of items) {
        const outcome = await this.#guarded(item.uniqueIdentifier, () => settle(item));
        if (outcome !== undefined) report[outcome].push(item.uniqueIdentifier);
      }
    };
    await each(await store.staleIntents(before, BATCH_SIZE), (intent) => this.#settleIntent(scope, intent, before));
    await each(await store.moves.stale(before, BATCH_SIZE), (move) => this.#settleMove(scope, move));
    await each(await store.pendingDeletions(BATCH_SIZE), ({ uniqueIdentifier }) =>
      this.#settleDestruction(scope, uniqueIdentifier),
    );
    if (scope.destructionsWait === true) return report;
    await each(await store.laterLooks.due(this.dependencies.clock.now(), BATCH_SIZE), (look) =>
      this.#review.run(scope, look),
    );
    return report;
  }

  async #guarded(
    uniqueIdentifier: UniqueIdentifier,
    work: () => Promise<Outcome | undefined>,
  ): Promise<Outcome | undefined> {
    try {
      return await work();
    } catch (error) {
      this.dependencies.logger.warn({ err: error, uniqueIdentifier }, 'reconciling was put off to the next run');
      return 'failed';
    }
  }

  /**
   * A key that is whole is never removed, although no client may know it: after the catalog was restored from a backup,
   * an intent in it may be of a Create that was acknowledged since. Nor is one that only seems not to be whole. Only
   * the record that its Create was refused allows a deletion.
   */
  async #settleIntent(scope: ReconcileScope, intent: CreationIntent, before: Date): Promise<Outcome | undefined> {
    const { uniqueIdentifier, refused = false } = intent;
    const known = await scope.store.find(uniqueIdentifier);
    if (known === undefined && !refused) {
      if (await this.#rebuild.adopt(scope, uniqueIdentifier, before)) {
        await this.#removeDuplicates(scope, uniqueIdentifier);
        return 'adopted';
      }
      // Not claimed yet: a rebuild may take it over, as soon as what is missing is there.
      const look = await this.#lookAtIntent(scope, intent);
      if (look === 'stays') return this.#after(look, intent, (since) => scope.store.noteClear(uniqueIdentifier, since));
    }
    if (!(await scope.store.claimIntent(uniqueIdentifier))) return undefined;
    // A row beside an intent would mean the key was acknowledged: only the intent may go then.
    if ((await scope.store.find(uniqueIdentifier)) === undefined) {
      const look = await this.#lookAtIntent(scope, intent);
      const outcome = await this.#after(look, intent, (since) => scope.store.noteClear(uniqueIdentifier, since));
      if (outcome !== undefined) return outcome;
      await this.#recordStep(scope, uniqueIdentifier, 'intent abandoned');
    }
    await scope.store.abandonIntent(uniqueIdentifier);
    return 'abandoned';
  }

  /** Remembers what a look found. @returns undefined when the note may be closed */
  async #after(
    look: Look,
    note: NoteOfWork,
    noteClear: (since: Date | undefined) => Promise<void>,
  ): Promise<'kept' | 'clear' | undefined> {
    const verdict = judgeNote(note, look);
    if (verdict === 'close') return undefined;
    if (verdict === 'again') {
      await noteClear(this.dependencies.clock.now());
      return 'clear';
    }
    if (note.clearSince !== undefined) await noteClear(undefined);
    return 'kept';
  }

  async #lookAtIntent(scope: ReconcileScope, { uniqueIdentifier, refused = false }: CreationIntent): Promise<Look> {
    if (refused) return this.#removeRefused(scope, uniqueIdentifier);
    return (await this.#isNowhere(scope, uniqueIdentifier)) ? { removed: 0 } : 'stays';
  }

  /** False without a key manager, too: the intent waits until one is bound again. */
  async #isNowhere(
    scope: ReconcileScope,
    uniqueIdentifier: UniqueIdentifier,
    others: readonly (KeyManager | undefined)[] = [],
  ): Promise<boolean> {
    const keyManagers = new Set([...keyManagersOf(scope), ...others.filter((one) => one !== undefined)]);
    const call = backgroundCall(this.dependencies, scope);
    for (const keyManager of keyManagers) {
      const found = await keyManager.findKeysByName(call, storedKeyName(uniqueIdentifier));
      if (found.length === 0) continue;
      for (const { id } of found) {
        reportKept(this.dependencies, { uniqueIdentifier, storedKeyId: id, why: 'only_copy' });
      }
      return false;
    }
    return scope.keyManager !== undefined;
  }

  async #removeRefused(scope: ReconcileScope, uniqueIdentifier: UniqueIdentifier): Promise<Look> {
    if (scope.keyManager === undefined) return 'stays';
    const call = backgroundCall(this.dependencies, scope);
    const claim = { uniqueIdentifier };
    // The Create may have begun before another root key was bound.
    let removedAtAll = 0;
    for (const keyManager of keyManagersOf(scope)) {
      const { removed, waits } = await this.#removal.run(scope, keyManager, { claim }, call);
      if (waits) return 'stays';
      removedAtAll += removed;
    }
    return { removed: removedAtAll };
  }

  /** A store that was repeated leaves a second stored key of the same name. Two are looked at under the note of a move. */
  async #removeDuplicates(scope: ReconcileScope, uniqueIdentifier: UniqueIdentifier): Promise<void> {
    const { moves } = scope.store;
    const custody = (await scope.store.find(uniqueIdentifier))?.custody;
    if (custody === undefined || scope.keyManager === undefined) return;
    const call = backgroundCall(this.dependencies, scope);
    const found = await scope.keyManager.findKeysByName(call, storedKeyName(uniqueIdentifier));
    if (found.every(({ id }) => id === custody.storedKeyId)) return;
    const move = {
      uniqueIdentifier,
      moveId: this.dependencies.newUniqueIdentifier(),
      fromRootKeyId: custody.rootKeyId,
      toRootKeyId: custody.rootKeyId,
      startedAt: this.dependencies.clock.now(),
    };
    if ((await moves.open(move, MAXIMUM_OPEN_MOVES)) !== 'opened') return;
    await this.#settleMove(scope, move);
  }

  /** The catalog decides which stored key stays: the swap is committed there or it never happened. */
  async #settleMove(scope: ReconcileScope, move: CustodyMove): Promise<Outcome | undefined> {
    const { uniqueIdentifier } = move;
    const { moves } = scope.store;
    if (!(await moves.claim(move))) return undefined;
    const object = await scope.store.find(uniqueIdentifier);
    if (object !== undefined) {
      const look = await this.#removeOthers(scope, move, object);
      if (look !== 'stays' && look.removed > 0) await this.#recordStep(scope, uniqueIdentifier, 'move settled');
      const outcome = await this.#after(look, move, (since) => moves.noteClear(move, since));
      if (outcome !== undefined) return outcome;
    }
    await moves.close(move);
    return 'settled';
  }

  async #removeOthers(scope: ReconcileScope, move: CustodyMove, object: ManagedObject): Promise<Look> {
    const call = backgroundCall(this.dependencies, scope);
    if (isDestroyed(object.state) && !isDestroyedByOrder(object)) return this.#leaveAlone(scope, move);
    const task = await this.#removalTask(scope, object, call);
    if (task === undefined) return 'stays';
    let removedAtAll = 0;
    for (const rootKeyId of new Set([move.fromRootKeyId, move.toRootKeyId])) {
      const keyManager = boundKeyManager(scope, rootKeyId);
      if (keyManager === undefined) return 'stays';
      const { removed, waits } = await this.#removal.run(scope, keyManager, task, call);
      if (waits) return 'stays';
      removedAtAll += removed;
    }
    return { removed: removedAtAll };
  }

  /**
   * A destruction that no order of this catalog tells of (a release before, a note, a trail) deletes nothing. Its note of
   * a move is done when nothing is there any more, whoever saw to that.
   */
  async #leaveAlone(
    scope: ReconcileScope,
    { uniqueIdentifier, fromRootKeyId, toRootKeyId }: CustodyMove,
  ): Promise<Look> {
    const ends = [fromRootKeyId, toRootKeyId].map((rootKeyId) => boundKeyManager(scope, rootKeyId));
    if (ends.includes(undefined)) return 'stays';
    return (await this.#isNowhere(scope, uniqueIdentifier, ends)) ? { removed: 0 } : 'stays';
  }

  /** The claim is the note's. @returns undefined when the row does not tell which one stays */
  async #removalTask(
    scope: ReconcileScope,
    object: ManagedObject,
    call: CallContext,
  ): Promise<RemovalTask | undefined> {
    const { uniqueIdentifier, custody, digest, state } = object;
    const claim = { uniqueIdentifier };
    // What is deleted under an order waits with the order.
    if (isDestroyed(state)) return scope.destructionsWait === true ? undefined : { claim, digest };
    const keyManager = custody && boundKeyManager(scope, custody.rootKeyId);
    if (custody === undefined || keyManager === undefined) return undefined;
    const { storedKeyId, authenticated } = custody;
    const place = { claim, storedKeyId, storedAt: storedSince(object), keyManager, digest, authenticated };
    const named = await examineStoredKey(scope, place, call);
    if (named.finding === 'error') throw causeOf(named);
    return { claim, digest, named };
  }

  #recordStep(scope: ReconcileScope, uniqueIdentifier: UniqueIdentifier, step: string): Promise<void> {
    const { correlationId } = backgroundCall(this.dependencies, scope);
    return scope.store.record(
      backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.reconcile', uniqueIdentifier, {
        correlationId,
        details: { step },
      }),
    );
  }

  async #settleDestruction(scope: ReconcileScope, uniqueIdentifier: UniqueIdentifier): Promise<Outcome | undefined> {
    const object = await scope.store.find(uniqueIdentifier);
    const now = this.dependencies.clock.now();
    const requestedAt = object?.destroyRequestedAt;
    if (object === undefined || requestedAt === undefined) return undefined;
    if (scope.destructionsWait === true) return 'kept';
    // A younger request still has its client waiting.
    if (now.getTime() - requestedAt.getTime() < Math.min(this.#staleAfterMs, 60_000)) return undefined;
    const call = backgroundCall(this.dependencies, scope);
    const { correlationId } = call;
    try {
      await this.#destruction.settle(
        {
          scope,
          uniqueIdentifier,
          now,
          ...call,
          leftBehind: true,
          audit: (step, reason) =>
            backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.reconcile', uniqueIdentifier, {
              correlationId,
              ...(reason === undefined ? {} : { reason }),
              details: { step: `destruction ${step}` },
            }),
        },
        object,
      );
      return 'destroyed';
    } catch (error) {
      if (error instanceof OperationFailure && error.recorded) return 'withdrawn';
      throw error;
    }
  }
}
