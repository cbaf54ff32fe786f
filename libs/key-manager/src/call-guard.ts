import {
  Bulkhead,
  CircuitBreaker,
  type CircuitBreakerOptions,
  isAborted,
  pause,
  type Permit,
  RetryBudget,
  type RetryBudgetOptions,
  type Timing,
  untilAborted,
  withDeadline,
} from '@lib/resilience';

import { adapterClosed, KeyManagerError } from './key-manager.error';
import { type CallContext } from './key-manager.port';

/** Limits of one tenant's calls to its key manager. */
export interface CallLimits {
  /** One call with all its tries, waiting included. */
  readonly totalMs: number;
  readonly tryMs: number;
  readonly maximumRetries: number;
  /** Upper end of the first pause; doubles with each retry. */
  readonly backoffMs: number;
  readonly concurrent: number;
  readonly waiting: number;
  readonly breaker: CircuitBreakerOptions;
  readonly retryBudget: RetryBudgetOptions;
}

export const DEFAULT_CALL_LIMITS: CallLimits = {
  totalMs: 8_000,
  tryMs: 3_000,
  maximumRetries: 2,
  backoffMs: 100,
  concurrent: 32,
  // Two for each of the 256 connections a certificate may hold: a Get fetches and unwraps at the same time. Fewer would
  // refuse a vCenter that starts and asks for many keys at once; each waiter still gives up at its own deadline.
  waiting: 512,
  breaker: { consecutiveFailures: 5, sampleSize: 20, failureRatio: 0.5, probeIntervalMs: 5_000 },
  retryBudget: { ratio: 0.2, windowMs: 10_000, reserve: 2 },
};

/** Whether a repetition can do harm: storing a key twice leaves two stored keys. */
export type Repeatable = 'always' | 'only_if_certainly_not_done';

/** A caller who gives up after this long without an answer counts as a failure of the key manager. */
const PATIENCE_MS = 1_000;
/** A limiter that names no time is left alone for this long: it counts by the second at best. */
const LIMITER_PAUSE_MS = 1_000;

/** For a request that was never sent. */
const notStartedInTime = (): KeyManagerError =>
  new KeyManagerError('timeout', 'the deadline passed before the key manager could be asked', {
    certainlyNotDone: true,
  });

const tooManyCalls = (): KeyManagerError =>
  new KeyManagerError('overloaded', 'too many calls to this key manager are already under way', {
    certainlyNotDone: true,
  });

/** Deadline, bulkhead, breaker, retries and their budget around the calls of one tenant, whatever driver makes them. */
export class CallGuard {
  readonly #bulkhead: Bulkhead;
  readonly #breaker: CircuitBreaker;
  readonly #budget: RetryBudget;
  readonly #closing = new AbortController();
  /** What the breaker counted last: it is what opened it. */
  #lastFailure: KeyManagerError | undefined;

  /** @param rootKeyId whose adapter it guards; named in what it throws */
  constructor(
    private readonly timing: Timing,
    private readonly limits: CallLimits,
    private readonly rootKeyId?: string,
  ) {
    this.#bulkhead = new Bulkhead(limits.concurrent, limits.waiting, {
      crowded: () => this.#named(tooManyCalls()),
      late: () => this.#named(notStartedInTime()),
    });
    this.#breaker = new CircuitBreaker(timing.clock, limits.breaker);
    this.#budget = new RetryBudget(timing.clock, limits.retryBudget);
  }

  /** @throws KeyManagerError of the last try, or `overloaded` / `timeout` of our own when nothing was sent */
  run<T>(
    repeatable: Repeatable,
    { signal: callerSignal, givesWay }: Pick<CallContext, 'signal' | 'givesWay'>,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const endsAtMs = this.timing.clock.monotonicMs() + this.limits.totalMs;
    return this.#bulkhead.run(
      (queue) => withDeadline(this.timing, this.limits.totalMs, callerSignal, queue),
      () => this.#tryRepeatedly(repeatable, callerSignal, endsAtMs, attempt),
      givesWay === true ? 'gives_way' : 'first',
    );
  }

  /** No try begins any more: who waits, or would repeat, is told so at once. A try under way ends as it may. */
  close(): void {
    this.#closing.abort();
    this.#bulkhead.dismiss(() => this.#named(adapterClosed()));
  }

  async #tryRepeatedly<T>(
    repeatable: Repeatable,
    callerSignal: AbortSignal | undefined,
    endsAtMs: number,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#budget.recordCall();
    let lastError: KeyManagerError | undefined;
    for (let retries = 0; ; retries += 1) {
      this.#refuseWhenClosed(lastError);
      const permit = this.#breaker.tryAcquire();
      if (permit === undefined) throw lastError ?? this.#named(this.#breakerOpen());
      try {
        return await this.#tryOnce(permit, callerSignal, endsAtMs, attempt);
      } catch (error) {
        if (!(error instanceof KeyManagerError)) throw error;
        lastError = this.#named(error);
      }
      if (!mayRepeat(lastError, repeatable)) throw lastError;
      this.#refuseWhenClosed(lastError);
      const delayMs = this.#delayMs(lastError, retries);
      const fits = this.timing.clock.monotonicMs() + delayMs < endsAtMs;
      if (retries >= this.limits.maximumRetries || !fits) throw lastError;
      if (isAborted(callerSignal) || !this.#budget.tryTake()) throw lastError;
      if (!(await this.#pause(delayMs, callerSignal))) throw lastError;
    }
  }

  /** @returns false when the caller gave up */
  async #pause(delayMs: number, callerSignal: AbortSignal | undefined): Promise<boolean> {
    const over = pause(this.timing, delayMs, callerSignal);
    // Closed meanwhile: the next try says so.
    return untilAborted(this.#closing.signal, over, adapterClosed).catch(() => true);
  }

  #refuseWhenClosed(lastError: KeyManagerError | undefined): void {
    if (!this.#closing.signal.aborted) return;
    throw this.#named(adapterClosed(lastError === undefined || lastError.details.certainlyNotDone === true));
  }

  async #tryOnce<T>(
    permit: Permit,
    callerSignal: AbortSignal | undefined,
    endsAtMs: number,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const startedMs = this.timing.clock.monotonicMs();
    try {
      const limitMs = Math.min(this.limits.tryMs, endsAtMs - startedMs);
      if (isAborted(callerSignal) || limitMs <= 0) throw notStartedInTime();
      const result = await withDeadline(this.timing, limitMs, callerSignal, attempt);
      permit.succeeded();
      this.#budget.recordSuccess();
      return result;
    } catch (error) {
      this.#judge(permit, error, this.timing.clock.monotonicMs() - startedMs);
      throw error;
    }
  }

  #named(error: KeyManagerError): KeyManagerError {
    if (this.rootKeyId !== undefined) error.rootKeyId ??= this.rootKeyId;
    return error;
  }

  #judge(permit: Permit, error: unknown, elapsedMs: number): void {
    if (!(error instanceof KeyManagerError)) permit.abandoned();
    else if (error.fault === 'timeout' && elapsedMs < Math.min(PATIENCE_MS, this.limits.tryMs)) permit.abandoned();
    else if (error.fault === 'timeout' || error.fault === 'unavailable') {
      this.#lastFailure = error;
      permit.failed();
    }
    // A limiter that says "later" is up; opening on it would turn a few refusals into five seconds of nothing.
    else if (error.transient || error.details.doubtful === true) permit.abandoned();
    else permit.succeeded();
  }

  /** Full jitter, so that the callers of one outage do not come back in step. */
  #delayMs(error: KeyManagerError, retries: number): number {
    const jitterMs = this.timing.random() * this.limits.backoffMs * 2 ** retries;
    const { retryAfterMs } = error.details;
    if (retryAfterMs === undefined && error.fault === 'rate_limited') return LIMITER_PAUSE_MS + jitterMs;
    return Math.max(retryAfterMs ?? 0, jitterMs);
  }

  #breakerOpen(): KeyManagerError {
    const message = 'the key manager did not answer several times in a row; it is tried again every few seconds';
    return new KeyManagerError('overloaded', message, {
      certainlyNotDone: true,
      retryAfterMs: this.#breaker.retryAfterMs,
      cause: this.#lastFailure,
    });
  }
}

function mayRepeat(error: KeyManagerError, repeatable: Repeatable): boolean {
  if (repeatable !== 'always' && error.details.certainlyNotDone !== true) return false;
  const { httpStatus, doubtful } = error.details;
  switch (error.fault) {
    case 'rate_limited':
    case 'timeout':
    case 'stored_key_absent':
      return true;
    case 'unavailable':
      // An answer in a form that nobody documents will not be clearer the second time.
      return httpStatus === undefined || httpStatus >= 400;
    default:
      return doubtful === true;
  }
}
