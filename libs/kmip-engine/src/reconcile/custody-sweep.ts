import { BoundedMap, type UniqueIdentifier } from '@lib/kernel';
import { KeyManagerError, type KeyManagerFault } from '@lib/key-manager';

import { DeletionRights } from '../custody/deletion-rights';
import { type BoundRootKey } from '../custody/root-key-binding';
import { pause } from '../deadline';
import { OperationFailure } from '../failures/operation-failure';
import { type FailureCode } from '../failures/failure-catalog';
import { type BackgroundDependencies, type ReconcileScope, backgroundCall } from './background';
import { KeyMove } from './key-move';

export interface SweepOptions {
  /** Keys taken in one turn, so that one tenant's move does not make others wait. Default 50. */
  readonly keysPerTurn?: number;
  /** Pause after each key: what is left of the key manager's rate is the clients'. Default 100. */
  readonly spacingMs?: number;
}

/** What keeps keys from being moved; with `keys_stay`, {@link SweepReport.staying} says more. */
export type Hindrance = KeyManagerFault | 'may_not_delete' | 'unsettled_moves' | 'keys_stay';

export interface SweepReport {
  /** Keys moved in this turn. */
  readonly moved: number;
  /** `more`: another turn can follow at once. `done`: no key is left. `waiting`: there is no use in trying right now. */
  readonly state: 'more' | 'done' | 'waiting';
  readonly hindrance?: Hindrance;
  /** While waiting: a pass over the keys to the newest version of the root key has not come to its end. */
  readonly underWay?: true;
  /** Keys that stay where they are, by the reason. */
  readonly staying?: Readonly<Record<string, number>>;
}

const TRANSIENT_WAIT_MS = 60_000;
const LASTING_WAIT_MS = 600_000;
/** Asking whether we may delete shows in the tenant's own audit trail. */
const RIGHTS_WAIT_MS = 3_600_000;
const CHECK_EVERY_MS = 6 * 3_600_000;

/** Another process moves the key, or one that did was cut off and the reconciler has not settled it yet. */
const BEING_MOVED = 'being_moved';

/** Concern one key and not the next one. */
const KEY_FAULTS: ReadonlySet<KeyManagerFault> = new Set([
  'stored_key_missing',
  'stored_key_absent',
  'ciphertext_rejected',
]);

/** Keys of one instance that go from one root key, or its older versions, to another. */
interface Lane {
  readonly name: string;
  readonly scope: ReconcileScope;
  readonly source: BoundRootKey;
  readonly target: BoundRootKey;
  readonly exceptVersion?: string;
}

/** How far one lane is. In memory only: where keys lie is in the catalog, so another process just begins at the front. */
interface Progress {
  after?: UniqueIdentifier;
  staying: Record<string, number>;
  waitUntilMs: number;
  hindrance?: Hindrance;
  newestVersion?: string;
}

/**
 * Moves keys in the background, in small turns: away from a root key that was replaced, and to the newest version of
 * one that was rotated. One key after the other, so that a tenant's key manager hardly notices.
 */
export class CustodySweep {
  readonly #progress = new BoundedMap<string, Progress>(100_000);
  readonly #rights = new DeletionRights();
  readonly #move: KeyMove;
  readonly #keysPerTurn: number;
  readonly #spacingMs: number;

  constructor(
    private readonly dependencies: BackgroundDependencies,
    { keysPerTurn = 50, spacingMs = 100 }: SweepOptions = {},
  ) {
    this.#move = new KeyMove(dependencies, this.#rights);
    this.#keysPerTurn = keysPerTurn;
    this.#spacingMs = spacingMs;
  }

  /** One turn of moving keys from a root key that is bound no longer to the one that is. @throws when the catalog fails */
  leave(scope: ReconcileScope, source: BoundRootKey): Promise<SweepReport> {
    const { keyManager, rootKeyId } = scope;
    if (keyManager === undefined || rootKeyId === undefined) return Promise.resolve({ moved: 0, state: 'done' });
    const name = `${scope.instanceId}/${source.rootKeyId}`;
    return this.#turn({ name, scope, source, target: { keyManager, rootKeyId } });
  }

  /** One turn of moving keys to the newest version of the root key; looks for one now and then. */
  async refresh(scope: ReconcileScope): Promise<SweepReport> {
    const { keyManager, rootKeyId } = scope;
    if (keyManager === undefined || rootKeyId === undefined) return { moved: 0, state: 'done' };
    const binding = { keyManager, rootKeyId };
    const lane = { name: `${scope.instanceId}/${rootKeyId}/newest`, scope, source: binding, target: binding };
    const progress = this.#progressOf(lane);
    if (this.#isWaiting(progress)) return waiting(progress);
    const report = await this.#turnToNewest(lane, progress);
    // Older versions serve as well: nobody has to be asked about them again and again.
    if (report.state === 'done' || report.hindrance === 'may_not_delete') {
      delete progress.newestVersion;
      progress.waitUntilMs = this.dependencies.clock.monotonicMs() + CHECK_EVERY_MS;
    }
    return report;
  }

  async #turnToNewest(lane: Lane, progress: Progress): Promise<SweepReport> {
    const { scope, source } = lane;
    try {
      const exceptVersion =
        progress.newestVersion ??
        (await source.keyManager.describeRootKey(backgroundCall(this.dependencies, scope))).version;
      if (exceptVersion === undefined) return { moved: 0, state: 'done' };
      progress.newestVersion = exceptVersion;
      return await this.#turn({ ...lane, exceptVersion });
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      return this.#wait(lane, progress, error.fault);
    }
  }

  async #turn(lane: Lane): Promise<SweepReport> {
    const progress = this.#progressOf(lane);
    if (this.#isWaiting(progress)) return waiting(progress);
    const { source, scope, exceptVersion } = lane;
    const ids = await scope.store.moves.keysUnder(source.rootKeyId, {
      limit: this.#keysPerTurn,
      ...(progress.after === undefined ? {} : { after: progress.after }),
      ...(exceptVersion === undefined ? {} : { exceptVersion }),
    });
    if (ids.length === 0) return this.#endPass(lane, progress, 0);
    const { moved, hindrance } = await this.#moveAll(lane, progress, ids);
    if (hindrance !== undefined) return { ...this.#wait(lane, progress, hindrance), moved };
    const last = ids.length < this.#keysPerTurn && progress.after === ids.at(-1);
    return last ? this.#endPass(lane, progress, moved) : { moved, state: 'more' };
  }

  /** Until a hindrance that concerns the keys to come as well, or the end of the process. */
  async #moveAll(
    lane: Lane,
    progress: Progress,
    ids: readonly UniqueIdentifier[],
  ): Promise<{ readonly moved: number; readonly hindrance?: Hindrance }> {
    const { signal } = lane.scope;
    let moved = 0;
    try {
      if (!(await this.#mayDelete(lane))) return { moved, hindrance: 'may_not_delete' };
      for (const id of ids) {
        if (signal?.aborted === true) break;
        const outcome = await this.#one(lane, progress, id);
        if (outcome === 'full') return { moved, hindrance: 'unsettled_moves' };
        if (outcome === 'moved') moved += 1;
        progress.after = id;
        await pause(this.#spacingMs, signal);
      }
      return { moved };
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      return { moved, hindrance: error.fault };
    }
  }

  async #one(lane: Lane, progress: Progress, id: UniqueIdentifier): Promise<'moved' | 'overtaken' | 'stays' | 'full'> {
    const { scope, source, target } = lane;
    const stays = (reason: string): 'stays' => {
      progress.staying[reason] = (progress.staying[reason] ?? 0) + 1;
      return 'stays';
    };
    try {
      const outcome = await this.#move.run(scope, id, source, target);
      return outcome === 'busy' ? stays(BEING_MOVED) : outcome;
    } catch (error) {
      const reason = ofThisKey(error);
      if (reason === undefined) throw error;
      return stays(reason);
    }
  }

  #mayDelete({ scope, source }: Lane): Promise<boolean> {
    const call = backgroundCall(this.dependencies, scope);
    return this.#rights.allowed(this.dependencies, source.keyManager, call);
  }

  #progressOf({ name }: Lane): Progress {
    const progress = this.#progress.get(name) ?? { staying: {}, waitUntilMs: 0 };
    this.#progress.set(name, progress);
    return progress;
  }

  #isWaiting({ waitUntilMs }: Progress): boolean {
    return waitUntilMs > this.dependencies.clock.monotonicMs();
  }

  /** All keys were looked at once. The next pass begins at the front, and finds what came meanwhile. */
  #endPass(lane: Lane, progress: Progress, moved: number): SweepReport {
    delete progress.after;
    const { staying } = progress;
    progress.staying = {};
    const reasons = Object.keys(staying);
    if (reasons.length > 0) {
      const passing = reasons.every((reason) => reason === BEING_MOVED);
      return { ...this.#wait(lane, progress, passing ? 'unsettled_moves' : 'keys_stay', staying), staying, moved };
    }
    delete progress.hindrance;
    return { moved, state: 'done' };
  }

  #wait(lane: Lane, progress: Progress, hindrance: Hindrance, staying?: Record<string, number>): SweepReport {
    const { clock, logger } = this.dependencies;
    progress.waitUntilMs = clock.monotonicMs() + waitMs(hindrance);
    if (progress.hindrance !== hindrance) {
      const { instanceId } = lane.scope;
      const { rootKeyId } = lane.source;
      logger.warn({ instanceId, rootKeyId, hindrance, staying }, 'keys cannot be moved for now; they are served');
    }
    progress.hindrance = hindrance;
    return waiting(progress);
  }
}

const waiting = ({ hindrance, newestVersion }: Progress): SweepReport => ({
  moved: 0,
  state: 'waiting',
  ...(newestVersion === undefined ? {} : { underWay: true }),
  ...(hindrance === undefined ? {} : { hindrance }),
});

const PASSING: ReadonlySet<Hindrance> = new Set([
  'rate_limited',
  'unavailable',
  'timeout',
  'overloaded',
  'unsettled_moves',
]);

function waitMs(hindrance: Hindrance): number {
  if (hindrance === 'may_not_delete') return RIGHTS_WAIT_MS;
  return PASSING.has(hindrance) ? TRANSIENT_WAIT_MS : LASTING_WAIT_MS;
}

const KEY_FAILURES: ReadonlySet<FailureCode> = new Set(['stored_key_altered']);

function ofThisKey(error: unknown): string | undefined {
  if (error instanceof KeyManagerError) return KEY_FAULTS.has(error.fault) ? error.fault : undefined;
  return error instanceof OperationFailure && KEY_FAILURES.has(error.failure) ? error.failure : undefined;
}
