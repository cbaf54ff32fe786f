import { BoundedMap, type Clock, type InstanceId } from '@lib/kernel';
import { type CustodySweep, type ReconcileScope, type SweepReport } from '@lib/kmip-engine';
import { type KeyManagerAdvice } from '@lib/key-manager';
import { driverOf, type FormerRootKey } from '@lib/platform';
import { type KeyMoveService, type MoveStatus, type MoveTurn, type RootKeyBindingService } from '@lib/tenancy';

import { hindranceText } from './hindrance-text';
import { inTheNameOf } from './traffic-reports';

/** All gateways have surely heard of a change by then; until then one may look for a key under the former root key only. */
const SETTLED_MS = 5_000;

/** Bindings. What was noted of one that was forgotten is noted again. */
const REMEMBERED = 10_000;
/** Of what is in the way: how long it has been there is seen by that. */
const NOTED_AGAIN_MS = 60_000;
/** Each is looked at in every round of the gateway that moves keys; of others that one tells. */
const COUNTED_MS = 600_000;

interface CountedMoves {
  readonly moves: readonly MoveStatus[];
  readonly atMs: number;
}

export interface SweepScope extends ReconcileScope {
  /** Of the root key that is bound. */
  readonly bindingId?: string;
  readonly kind?: string;
  /** Of its adapter. */
  readonly version?: string;
  readonly former: readonly FormerRootKey[];
}

export interface SweepObserver {
  /** Counts keys moved, and what was in the way of moving more. */
  swept(reason: 'rebind' | 'rotation', report: SweepReport): void;
}

export interface InstanceSweepOptions {
  readonly sweep: CustodySweep;
  readonly rootKeys: Pick<RootKeyBindingService, 'dropRetired'>;
  readonly moves: Pick<KeyMoveService, 'note' | 'of'>;
  readonly scopeFor: (instanceId: InstanceId, signal: AbortSignal) => Promise<SweepScope>;
  readonly clock: Clock;
  /** Age at which a Create is interrupted for certain. */
  readonly staleAfterMs: number;
  readonly observer: SweepObserver;
  /** In whose name it is recorded. */
  readonly component: string;
}

/** Moves the keys of one instance to where they belong, turn by turn, and drops the bindings they have left. */
export class InstanceSweep {
  /** By binding: what was said there last, so that it is said when it changes and not with each turn. */
  readonly #noted = new BoundedMap<string, { readonly said: string; readonly atMs: number }>(REMEMBERED);
  /** Of instances of which any was under way when they were last visited. */
  readonly #moves = new BoundedMap<InstanceId, CountedMoves>(REMEMBERED);

  constructor(private readonly options: InstanceSweepOptions) {}

  /** Moves that are under way, as far as this process found them lately. */
  get moves(): readonly MoveStatus[] {
    const since = this.options.clock.monotonicMs() - COUNTED_MS;
    return [...this.#moves.values()].flatMap(({ moves, atMs }) => (atMs < since ? [] : moves));
  }

  /**
   * @param woken something has changed: whether the root key was rotated is asked about again
   * @returns true when another turn can follow at once; `next round` for a rotation that is under way and hindered
   */
  async visit(instanceId: InstanceId, signal: AbortSignal, woken = false): Promise<boolean | 'next round'> {
    const scope = await this.options.scopeFor(instanceId, signal);
    const next = await this.#visit(scope, woken);
    await this.#count(scope, next !== false);
    return next;
  }

  async #visit(scope: SweepScope, woken: boolean): Promise<boolean | 'next round'> {
    const { sweep, observer } = this.options;
    let more = false;
    for (const former of scope.former) {
      if (await this.#leave(scope, former)) more = true;
    }
    const tell = async (told: SweepReport): Promise<void> => {
      observer.swept('rotation', told);
      const { bindingId } = scope;
      // Without a version nothing is known of a rotation: the key manager was not asked, or does not answer.
      if (bindingId !== undefined && told.toVersion !== undefined) await this.#note(scope, bindingId, told);
    };
    const isWanted = async (): Promise<boolean> => isSameTarget(scope, await this.#scopeNow(scope));
    const report = await sweep.refresh(scope, { lookAgain: woken, tell, isWanted });
    await tell(report);
    const { state, toVersion } = report;
    if (more || state === 'more') return true;
    return state === 'waiting' && toVersion !== undefined && 'next round';
  }

  async #leave(scope: SweepScope, former: FormerRootKey): Promise<boolean> {
    const { sweep, observer, clock } = this.options;
    if (former.paused) {
      // Of one that nothing lies under any more there is nothing to pause.
      await this.#drop(scope.instanceId, former.bindingId);
      return false;
    }
    if (clock.now().getTime() - former.retiredAt.getTime() < SETTLED_MS) return true;
    const tell = async (told: SweepReport): Promise<void> => {
      observer.swept('rebind', told);
      await this.#note(scope, former.bindingId, told);
    };
    const report = await sweep.leave(scope, former, { tell, isWanted: () => this.#isLeft(scope, former) });
    await tell(report);
    if (report.state === 'more') return true;
    if (report.state === 'done') await this.#drop(scope.instanceId, former.bindingId);
    return false;
  }

  /** The administrator may pause it, roll it back, or mend what is in the way, while a turn goes. */
  async #isLeft(scope: SweepScope, { bindingId, version }: FormerRootKey): Promise<boolean> {
    const now = await this.#scopeNow(scope);
    const known = now.former.find((one) => one.bindingId === bindingId);
    return isSameTarget(scope, now) && known?.version === version && !known.paused;
  }

  /** From memory, unless something has changed. */
  #scopeNow({ instanceId, signal = new AbortController().signal }: SweepScope): Promise<SweepScope> {
    return this.options.scopeFor(instanceId, signal);
  }

  async #count({ instanceId, former }: SweepScope, isGoingOn: boolean): Promise<void> {
    const wasGoingOn = this.#moves.get(instanceId) !== undefined;
    if (former.length === 0 && !isGoingOn && !wasGoingOn) return;
    const moves = await this.options.moves.of(instanceId);
    if (moves.length === 0) this.#moves.delete(instanceId);
    else this.#moves.set(instanceId, { moves, atMs: this.options.clock.monotonicMs() });
  }

  async #note(scope: SweepScope, bindingId: string, report: SweepReport): Promise<void> {
    const { instanceId } = scope;
    const { clock, moves, component } = this.options;
    const turn = turnOf(report, hindranceText(report, adviceOf(scope, report)), clock.now());
    const said = `${turn.state} ${turn.toVersion ?? ''} ${turn.hindrance?.message ?? ''}`;
    const [noted, atMs] = [this.#noted.get(bindingId), clock.monotonicMs()];
    const isOld = turn.hindrance !== undefined && atMs - (noted?.atMs ?? 0) >= NOTED_AGAIN_MS;
    if (turn.moved === 0 && noted?.said === said && !isOld) return;
    await moves.note(instanceId, bindingId, turn, inTheNameOf(component));
    this.#noted.set(bindingId, { said, atMs });
  }

  async #drop(instanceId: InstanceId, bindingId: string): Promise<void> {
    const { clock, staleAfterMs, rootKeys, component } = this.options;
    const creationsBefore = new Date(clock.now().getTime() - staleAfterMs);
    // A Create that is not interrupted yet began when the change was known everywhere.
    const retiredBefore = new Date(creationsBefore.getTime() - SETTLED_MS);
    const dropped = await rootKeys.dropRetired(instanceId, { creationsBefore, retiredBefore }, inTheNameOf(component));
    if (dropped > 0) this.#noted.delete(bindingId);
  }
}

const isSameTarget = (one: SweepScope, other: SweepScope): boolean =>
  one.bindingId === other.bindingId && one.version === other.version;

const STATES = { more: 'moving', waiting: 'waiting', done: 'done' } as const;

/** Of the key manager that was met with; where that is not known, of the one that keys go to. */
function adviceOf({ kind: present, former }: SweepScope, { rootKeyId }: SweepReport): KeyManagerAdvice {
  const met = former.find((one) => one.rootKeyId === rootKeyId)?.kind ?? present;
  if (met === undefined) throw new Error('keys move although no root key is bound');
  return driverOf(met).advice;
}

function turnOf(report: SweepReport, message: string | undefined, now: Date): MoveTurn {
  const { moved, state, begins, staying, toVersion, hindrance, rootKeyId, retryInMs = 0 } = report;
  const turn = {
    moved,
    state: STATES[state],
    ...(begins && { begins }),
    ...(toVersion === undefined ? {} : { toVersion }),
    ...(staying === undefined ? {} : { staying }),
  };
  if (hindrance === undefined || message === undefined) return turn;
  const retryAt = new Date(now.getTime() + retryInMs);
  return {
    ...turn,
    hindrance: { code: hindrance, message, retryAt, ...(rootKeyId === undefined ? {} : { rootKeyId }) },
  };
}
