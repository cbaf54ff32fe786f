import { type Clock, type UniqueIdentifier } from '@lib/kernel';
import { type KeyManager, type KeyManagerError, type KeyManagerFault } from '@lib/key-manager';

import { type BoundRootKey } from '../custody/root-key-binding';

/** What keeps keys from being moved; with `keys_stay`, the report says more. */
export type Hindrance = KeyManagerFault | 'may_not_delete' | 'unsettled_moves' | 'keys_stay';

/** No use in trying the next key now. */
export interface Stop {
  readonly hindrance: Hindrance;
  /** Whose key manager it was, where that is known. */
  readonly rootKeyId?: string;
  /** The key manager's own word for the reason. */
  readonly reasonCode?: string;
  /** How long the key manager asks to be left alone. */
  readonly retryAfterMs?: number;
}

export const stopOf = ({ fault, rootKeyId, details: { retryAfterMs, reasonCode } }: KeyManagerError): Stop => ({
  hindrance: fault,
  ...(rootKeyId === undefined ? {} : { rootKeyId }),
  ...(reasonCode === undefined ? {} : { reasonCode }),
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** What became of one key: moved or not, it is under way no more; or the next ones would fare no better. */
export type KeyOutcome = { readonly moved: boolean; readonly stays?: string } | Stop;

const isStop = (outcome: KeyOutcome): outcome is Stop => 'hindrance' in outcome;

const TRANSIENT_WAIT_MS = 60_000;
const LASTING_WAIT_MS = 600_000;
/** Asking whether we may delete shows in the tenant's own audit trail. */
const RIGHTS_WAIT_MS = 3_600_000;
/** A limiter that names no time counts by the second, or by the minute. */
const LIMITER_WAIT_MS = 5_000;
/** Longer than that nobody is believed. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * How far the keys of one instance are on their way from one root key to another. In memory only: where keys lie is in
 * the catalog, so another process just begins at the front. What it waits for belongs to the two adapters it was found
 * with: with another binding, credential or root key they are others, and nothing is waited for any more.
 */
export class LaneProgress {
  newestVersion?: string;
  /** What it waits for, or waited for last. */
  stop?: Stop;
  /** Keys that may be on their way at the same time. */
  atOnce: number;
  #after: UniqueIdentifier | undefined;
  #staying: Record<string, number> = {};
  #waitUntilMs = 0;
  #isResting = false;
  readonly #source: KeyManager;
  readonly #target: KeyManager;

  constructor(
    private readonly clock: Clock,
    source: BoundRootKey,
    target: BoundRootKey,
    private readonly mostAtOnce: number,
  ) {
    this.#source = source.keyManager;
    this.#target = target.keyManager;
    this.atOnce = mostAtOnce;
  }

  isOf(source: BoundRootKey, target: BoundRootKey): boolean {
    return this.#source === source.keyManager && this.#target === target.keyManager;
  }

  /** The last key that was looked at in this pass. */
  get after(): UniqueIdentifier | undefined {
    return this.#after;
  }

  get isWaiting(): boolean {
    return this.retryInMs > 0;
  }

  /** Until then nothing is tried. */
  get retryInMs(): number {
    return Math.max(0, this.#waitUntilMs - this.clock.monotonicMs());
  }

  /** Takes down a turn. Where it stopped the next one begins: at the first key of which nothing is known. */
  note(ids: readonly UniqueIdentifier[], outcomes: ReadonlyMap<UniqueIdentifier, KeyOutcome>): Stop | undefined {
    for (const id of ids) {
      const outcome = outcomes.get(id);
      if (outcome === undefined || isStop(outcome)) break;
      if (outcome.stays !== undefined) this.#staying[outcome.stays] = (this.#staying[outcome.stays] ?? 0) + 1;
      this.#after = id;
    }
    const stop = [...outcomes.values()].find(isStop);
    const slower = stop?.hindrance === 'rate_limited';
    this.atOnce = slower ? Math.max(1, Math.floor(this.atOnce / 2)) : Math.min(this.mostAtOnce, this.atOnce + 1);
    return stop;
  }

  /** All keys were looked at once. The next pass begins at the front. @returns those that stay, by the reason */
  endPass(): Readonly<Record<string, number>> {
    const staying = this.#staying;
    this.#after = undefined;
    this.#staying = {};
    return staying;
  }

  /** @returns whether that is news */
  wait(stop: Stop): boolean {
    const isNews = this.stop?.hindrance !== stop.hindrance;
    this.stop = stop;
    this.#isResting = false;
    this.#waitUntilMs = this.clock.monotonicMs() + waitMs(stop);
    return isNews;
  }

  /** There is nothing to do for so long. */
  rest(ms: number): void {
    delete this.newestVersion;
    this.#isResting = true;
    this.#waitUntilMs = this.clock.monotonicMs() + ms;
  }

  /** There may be something to do again. Whatever was in the way is waited for still. */
  endRest(): void {
    if (this.#isResting) this.#waitUntilMs = 0;
    this.#isResting = false;
  }
}

const PASSING: ReadonlySet<Hindrance> = new Set(['unavailable', 'timeout', 'overloaded', 'unsettled_moves']);

function waitMs({ hindrance, retryAfterMs }: Stop): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
  if (hindrance === 'rate_limited') return LIMITER_WAIT_MS;
  if (hindrance === 'may_not_delete') return RIGHTS_WAIT_MS;
  return PASSING.has(hindrance) ? TRANSIENT_WAIT_MS : LASTING_WAIT_MS;
}
