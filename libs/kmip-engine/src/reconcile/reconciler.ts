import { type UniqueIdentifier } from '@lib/kernel';
import { type CallContext } from '@lib/key-manager';

import { DeletionRights } from '../custody/deletion-rights';
import { KeyDestruction } from '../custody/key-destruction';
import { boundKeyManager } from '../custody/root-key-binding';
import { OperationFailure } from '../failures/operation-failure';
import { type CustodyMove } from '../ports/custody-moves.port';
import { type KeyCustody } from '../ports/managed-object';
import { type CreationIntent } from '../ports/managed-object-store.port';
import { type BackgroundDependencies, type ReconcileScope, backgroundCall, backgroundEvent } from './background';
import { CatalogRebuild } from './catalog-rebuild';
import { StoredKeyRemoval } from './stored-key-removal';

export interface ReconcilerOptions {
  /** Age at which nobody works on an intent or a move any more. Default 10 minutes, far beyond any operation's deadline. */
  readonly staleAfterMs?: number;
  /** Intents, moves and deletions taken in one run, each. Default 100. */
  readonly batchSize?: number;
}

type Outcome = 'abandoned' | 'adopted' | 'kept' | 'settled' | 'destroyed' | 'withdrawn' | 'failed';

/**
 * - `adopted`: intents whose key came to be; the catalog has it now
 * - `abandoned`: intents whose key never came to be, or came to be only in part
 * - `kept`: intents and moves whose stored key may not be deleted: the tenant sees them, intents count for the quota
 * - `settled`: moves; one stored key is left
 * - `destroyed`: destructions that were completed
 * - `withdrawn`: destructions the key manager refused; the key is served again
 * - `failed`: left for the next run, because the key manager or the catalog failed
 */
export type ReconcileReport = Readonly<Record<Outcome, readonly UniqueIdentifier[]>>;

/**
 * Settles what an interrupted Create, Destroy or move of a key left behind. Each step can be cut off and repeated: an
 * intent or a move is claimed before its stored keys are touched, and given up only after they are gone.
 */
export class Reconciler {
  readonly #destruction = new KeyDestruction();
  readonly #removal: StoredKeyRemoval;
  readonly #rebuild: CatalogRebuild;
  readonly #staleAfterMs: number;
  readonly #batchSize: number;

  constructor(
    private readonly dependencies: BackgroundDependencies,
    options: ReconcilerOptions = {},
  ) {
    this.#removal = new StoredKeyRemoval(dependencies, new DeletionRights());
    this.#rebuild = new CatalogRebuild(dependencies);
    this.#staleAfterMs = options.staleAfterMs ?? 600_000;
    this.#batchSize = options.batchSize ?? 100;
  }

  async run(scope: ReconcileScope): Promise<ReconcileReport> {
    const report = {
      abandoned: [],
      adopted: [],
      kept: [],
      settled: [],
      destroyed: [],
      withdrawn: [],
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
    await each(await store.staleIntents(before, this.#batchSize), (intent) =>
      this.#settleIntent(scope, intent, before),
    );
    await each(await store.moves.stale(before, this.#batchSize), (move) => this.#settleMove(scope, move));
    await each(await store.pendingDeletions(this.#batchSize), ({ uniqueIdentifier }) =>
      this.#settleDestruction(scope, uniqueIdentifier),
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
   * an intent in it may be of a Create that was acknowledged since.
   */
  async #settleIntent(
    scope: ReconcileScope,
    { uniqueIdentifier }: CreationIntent,
    before: Date,
  ): Promise<Outcome | undefined> {
    const known = await scope.store.find(uniqueIdentifier);
    if (known === undefined && (await this.#rebuild.adopt(scope, uniqueIdentifier, before))) {
      await this.#removeDuplicates(scope, uniqueIdentifier);
      return 'adopted';
    }
    if (!(await scope.store.claimIntent(uniqueIdentifier))) return undefined;
    // A row beside an intent would mean the key was acknowledged: only the intent may go then.
    if ((await scope.store.find(uniqueIdentifier)) === undefined) {
      // Without a key manager nothing can be looked up; the intent waits until one is bound again.
      if (scope.keyManager === undefined) return 'kept';
      const call = backgroundCall(this.dependencies, scope);
      // The Create may have begun before another root key was bound.
      const keyManagers = [scope.keyManager, ...(scope.former ?? []).map(({ keyManager }) => keyManager)];
      for (const keyManager of keyManagers) {
        if (!(await this.#removal.run(keyManager, call, uniqueIdentifier)).complete) return 'kept';
      }
      await scope.store.record(
        backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.reconcile', uniqueIdentifier, {
          correlationId: call.correlationId,
          details: { step: 'intent abandoned' },
        }),
      );
    }
    await scope.store.abandonIntent(uniqueIdentifier);
    return 'abandoned';
  }

  /** A store that was repeated leaves a second stored key of the same name. What may not be deleted stays. */
  async #removeDuplicates(scope: ReconcileScope, uniqueIdentifier: UniqueIdentifier): Promise<void> {
    const custody = (await scope.store.find(uniqueIdentifier))?.custody;
    const keyManager = custody && boundKeyManager(scope, custody.rootKeyId);
    if (custody === undefined || keyManager === undefined) return;
    const keep = { keyManager, storedKeyId: custody.storedKeyId };
    await this.#removal.run(keyManager, backgroundCall(this.dependencies, scope), uniqueIdentifier, keep);
  }

  /** The catalog decides which stored key stays: the swap is committed there or it never happened. */
  async #settleMove(scope: ReconcileScope, move: CustodyMove): Promise<Outcome | undefined> {
    const { uniqueIdentifier } = move;
    const { moves } = scope.store;
    if (!(await moves.claim(move))) return undefined;
    const object = await scope.store.find(uniqueIdentifier);
    if (object !== undefined) {
      const call = backgroundCall(this.dependencies, scope);
      const removed = await this.#removeOthers(scope, move, object.custody, call);
      if (removed === undefined) return 'kept';
      if (removed > 0) {
        await scope.store.record(
          backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.reconcile', uniqueIdentifier, {
            correlationId: call.correlationId,
            details: { step: 'move settled' },
          }),
        );
      }
    }
    await moves.close(move);
    return 'settled';
  }

  /** @returns how many were removed, or undefined when some must stay for now */
  async #removeOthers(
    scope: ReconcileScope,
    { uniqueIdentifier, fromRootKeyId, toRootKeyId }: CustodyMove,
    custody: KeyCustody | undefined,
    call: CallContext,
  ): Promise<number | undefined> {
    const keeper = custody && boundKeyManager(scope, custody.rootKeyId);
    if (custody !== undefined && keeper === undefined) return undefined;
    const keep = custody && keeper && { keyManager: keeper, storedKeyId: custody.storedKeyId };
    let removedAtAll = 0;
    for (const rootKeyId of new Set([fromRootKeyId, toRootKeyId])) {
      const keyManager = boundKeyManager(scope, rootKeyId);
      if (keyManager === undefined) return undefined;
      const { removed, complete } = await this.#removal.run(keyManager, call, uniqueIdentifier, keep);
      if (!complete) return undefined;
      removedAtAll += removed;
    }
    return removedAtAll;
  }

  async #settleDestruction(scope: ReconcileScope, uniqueIdentifier: UniqueIdentifier): Promise<Outcome | undefined> {
    const object = await scope.store.find(uniqueIdentifier);
    const now = this.dependencies.clock.now();
    const requestedAt = object?.destroyRequestedAt;
    if (object === undefined || requestedAt === undefined) return undefined;
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
