import { BoundedMap, inParallel, type UniqueIdentifier } from '@lib/kernel';
import { KeyManagerError, type KeyManagerFault } from '@lib/key-manager';

import { type BoundRootKey } from '../custody/root-key-binding';
import { type FailureCode } from '../failures/failure-catalog';
import { OperationFailure } from '../failures/operation-failure';
import { type BackgroundDependencies, type ReconcileScope, backgroundCall } from './background';
import { KeyMove } from './key-move';
import { type Hindrance, type KeyOutcome, LaneProgress, type Stop, stopOf } from './lane-progress';
import { type TellTurn, type TurnPart, TurnTeller } from './turn-teller';

export interface SweepOptions {
  /** Keys taken in one turn, so that one tenant's move does not make others wait. Default 200. */
  readonly keysPerTurn?: number;
  /** Keys that are on their way at the same time, where the key manager's rate allows it. Default 8. */
  readonly atOnce?: number;
}

export interface SweepReport extends Pick<TurnPart, 'begins'> {
  /** Keys moved in this turn, without those that were told of while it went. */
  readonly moved: number;
  /** `more`: another turn can follow at once. `done`: no key is left. `waiting`: there is no use in trying right now. */
  readonly state: 'more' | 'done' | 'waiting';
  readonly hindrance?: Hindrance;
  /** Of the root key at whose key manager it was met, where that is known. */
  readonly rootKeyId?: string;
  /** The key manager's own word for the reason. */
  readonly reasonCode?: string;
  /** While waiting: nothing is tried for so long, unless binding or credential change. */
  readonly retryInMs?: number;
  /** Version of the root key that keys go to, where they stay under it; while waiting: a pass over them has not come to its end. */
  readonly toVersion?: string;
  /** Keys that stay where they are, by the reason. */
  readonly staying?: Readonly<Record<string, number>>;
}

const KEYS_PER_TURN = 200;
/**
 * A key takes nine calls one after the other, so eight on their way are less than eight calls at a time, a quarter of
 * what one tenant's key manager is asked for at most.
 */
const AT_ONCE = 8;
/** One call for each root key: who notices a rotation sooner, by what calls answer, says so. */
const CHECK_EVERY_MS = 600_000;

/** Another process moves the key, or one that did was cut off and the reconciler has not settled it yet. */
const BEING_MOVED = 'being_moved';

/** Concern one key and not the next one. */
const KEY_FAULTS: ReadonlySet<KeyManagerFault> = new Set([
  'stored_key_missing',
  'stored_key_absent',
  'ciphertext_rejected',
]);

/** Hears how a turn is getting on, as `TellTurn`; of a rotation with the version that keys go to. */
export type SweepTold = (part: SweepReport) => Promise<void>;

/** Who looks on while a turn goes. */
export interface SweepWatcher {
  readonly tell?: SweepTold;
  /** Asked before each key: a move that was paused or turned back while the turn goes ends with the keys under way. */
  readonly isWanted?: () => Promise<boolean>;
}

/** Keys of one instance that go from one root key, or its older versions, to another. */
interface Lane {
  readonly name: string;
  readonly scope: ReconcileScope;
  readonly source: BoundRootKey;
  readonly target: BoundRootKey;
  readonly exceptVersion?: string;
  readonly tell?: TellTurn | undefined;
  readonly isWanted?: SweepWatcher['isWanted'];
}

/**
 * Moves keys in the background, in turns: away from a root key that was replaced, and to the newest version of one that
 * was rotated. Several at a time; what clients ask of the key manager meanwhile goes first.
 */
export class CustodySweep {
  readonly #progress = new BoundedMap<string, LaneProgress>(100_000);
  readonly #move: KeyMove;
  readonly #keysPerTurn: number;
  readonly #atOnce: number;

  constructor(
    private readonly dependencies: BackgroundDependencies,
    { keysPerTurn = KEYS_PER_TURN, atOnce = AT_ONCE }: SweepOptions = {},
  ) {
    this.#move = new KeyMove(dependencies);
    this.#keysPerTurn = keysPerTurn;
    this.#atOnce = atOnce;
  }

  /** One turn of moving keys from a root key that is bound no longer to the one that is. @throws when the catalog fails */
  leave(scope: ReconcileScope, source: BoundRootKey, watcher: SweepWatcher = {}): Promise<SweepReport> {
    const { keyManager, rootKeyId } = scope;
    if (keyManager === undefined || rootKeyId === undefined) return Promise.resolve({ moved: 0, state: 'done' });
    const name = `${scope.instanceId}/${source.rootKeyId}`;
    return this.#turn({ ...watcher, name, scope, source, target: { keyManager, rootKeyId } });
  }

  /** One turn of moving keys to the newest version of the root key; looks for one now and then, or now. */
  async refresh(
    scope: ReconcileScope,
    { lookAgain = false, tell, ...watcher }: { readonly lookAgain?: boolean } & SweepWatcher = {},
  ): Promise<SweepReport> {
    const { keyManager, rootKeyId } = scope;
    if (keyManager === undefined || rootKeyId === undefined) return { moved: 0, state: 'done' };
    const binding = { keyManager, rootKeyId };
    const name = `${scope.instanceId}/${rootKeyId}/newest`;
    const lane = { ...watcher, name, scope, source: binding, target: binding };
    const progress = this.#progressOf(lane);
    if (lookAgain) progress.endRest();
    if (progress.isWaiting) return waiting(progress);
    const report = await this.#turnToNewest(lane, progress, tell);
    const toVersion = progress.newestVersion;
    // Older versions serve as well: nobody has to be asked about them again and again.
    if (report.state === 'done' || report.hindrance === 'may_not_delete') progress.rest(CHECK_EVERY_MS);
    return { ...report, ...(toVersion === undefined ? {} : { toVersion }) };
  }

  async #turnToNewest(lane: Lane, progress: LaneProgress, tellAll?: SweepTold): Promise<SweepReport> {
    const { scope, source } = lane;
    try {
      const exceptVersion =
        progress.newestVersion ??
        (await source.keyManager.describeRootKey(backgroundCall(this.dependencies, scope))).version;
      if (exceptVersion === undefined) return { moved: 0, state: 'done' };
      progress.newestVersion = exceptVersion;
      const tell: TellTurn | undefined = tellAll && ((part) => tellAll({ ...part, toVersion: exceptVersion }));
      return await this.#turn({ ...lane, exceptVersion, tell });
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      return this.#wait(lane, progress, stopOf(error));
    }
  }

  async #turn(lane: Lane): Promise<SweepReport> {
    const progress = this.#progressOf(lane);
    if (progress.isWaiting) return waiting(progress);
    const { source, scope, exceptVersion } = lane;
    const ids = await scope.store.moves.keysUnder(source.rootKeyId, {
      limit: this.#keysPerTurn,
      ...(progress.after === undefined ? {} : { after: progress.after }),
      ...(exceptVersion === undefined ? {} : { exceptVersion }),
    });
    if (ids.length === 0) return this.#endPass(lane, progress, 0);
    const { moved, stop } = await this.#moveAll(lane, progress, ids);
    if (stop !== undefined) return { ...this.#wait(lane, progress, stop), moved };
    const last = ids.length < this.#keysPerTurn && progress.after === ids.at(-1);
    return last ? this.#endPass(lane, progress, moved) : { moved, state: 'more' };
  }

  /** Until something that concerns the keys to come as well, or the end of the process. @throws what the catalog throws */
  async #moveAll(
    lane: Lane,
    progress: LaneProgress,
    ids: readonly UniqueIdentifier[],
  ): Promise<{ readonly moved: number; readonly stop?: Stop }> {
    const outcomes = new Map<UniqueIdentifier, KeyOutcome>();
    const refused = await this.#refused(lane);
    if (refused !== undefined) return { moved: 0, stop: refused };
    const teller = new TurnTeller(this.dependencies.clock, lane.tell);
    // Of a former root key it is seen from the change of the binding on.
    if (lane.exceptVersion !== undefined && progress.after === undefined) await teller.begins();
    try {
      await inParallel(ids, progress.atOnce, async (id) => {
        if (lane.scope.signal?.aborted === true || (await lane.isWanted?.()) === false) return 'stop';
        const outcome = await this.#one(lane, id);
        outcomes.set(id, outcome);
        if ('moved' in outcome && outcome.moved) await teller.arrived();
        return 'hindrance' in outcome ? 'stop' : 'next';
      });
    } catch (error) {
      progress.note(ids, outcomes);
      throw error;
    }
    const stop = progress.note(ids, outcomes);
    return { moved: teller.untold, ...(stop && { stop }) };
  }

  async #refused({ scope, source }: Lane): Promise<Stop | undefined> {
    const { dependencies } = this;
    try {
      const call = backgroundCall(dependencies, scope);
      const allowed = await dependencies.deletionRights.allowed(dependencies, source.keyManager, call);
      return allowed ? undefined : { hindrance: 'may_not_delete', rootKeyId: source.rootKeyId };
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      return stopOf(error);
    }
  }

  async #one({ scope, source, target }: Lane, id: UniqueIdentifier): Promise<KeyOutcome> {
    try {
      const outcome = await this.#move.run(scope, id, source, target);
      if (outcome === 'full') return { hindrance: 'unsettled_moves' };
      return outcome === 'busy' ? { moved: false, stays: BEING_MOVED } : { moved: outcome === 'moved' };
    } catch (error) {
      const stays = ofThisKey(error);
      if (stays !== undefined) return { moved: false, stays };
      if (error instanceof KeyManagerError) return stopOf(error);
      throw error;
    }
  }

  /** What is known of another binding, credential or root key says nothing of these. */
  #progressOf({ name, source, target }: Omit<Lane, 'scope'>): LaneProgress {
    const known = this.#progress.get(name);
    const progress =
      known?.isOf(source, target) === true
        ? known
        : new LaneProgress(this.dependencies.clock, source, target, this.#atOnce);
    this.#progress.set(name, progress);
    return progress;
  }

  #endPass(lane: Lane, progress: LaneProgress, moved: number): SweepReport {
    const staying = progress.endPass();
    const reasons = Object.keys(staying);
    if (reasons.length > 0) {
      const passing = reasons.every((reason) => reason === BEING_MOVED);
      const stop = { hindrance: passing ? 'unsettled_moves' : 'keys_stay' } as const;
      return { ...this.#wait(lane, progress, stop, staying), staying, moved };
    }
    delete progress.stop;
    return { moved, state: 'done' };
  }

  #wait(
    { scope: { instanceId }, source: { rootKeyId } }: Lane,
    progress: LaneProgress,
    stop: Stop,
    staying?: Readonly<Record<string, number>>,
  ): SweepReport {
    const { hindrance } = stop;
    if (progress.wait(stop)) {
      const fields = { instanceId, rootKeyId, hindrance, staying };
      this.dependencies.logger.warn(fields, 'keys cannot be moved for now; they are served');
    }
    return waiting(progress);
  }
}

function waiting({ stop, newestVersion, retryInMs }: LaneProgress): SweepReport {
  const underWay = newestVersion === undefined ? {} : { toVersion: newestVersion };
  if (stop === undefined) return { moved: 0, state: 'waiting', retryInMs, ...underWay };
  const { hindrance, rootKeyId, reasonCode } = stop;
  const where = {
    ...(rootKeyId === undefined ? {} : { rootKeyId }),
    ...(reasonCode === undefined ? {} : { reasonCode }),
  };
  return { moved: 0, state: 'waiting', retryInMs, ...underWay, hindrance, ...where };
}

const KEY_FAILURES: ReadonlySet<FailureCode> = new Set(['stored_key_altered']);

function ofThisKey(error: unknown): string | undefined {
  if (error instanceof KeyManagerError) return KEY_FAULTS.has(error.fault) ? error.fault : undefined;
  return error instanceof OperationFailure && KEY_FAILURES.has(error.failure) ? error.failure : undefined;
}
