import { type Clock } from '@lib/kernel';

export interface CircuitBreakerOptions {
  readonly consecutiveFailures: number;
  /** The last so many outcomes are judged together. */
  readonly sampleSize: number;
  /** Share of failures in a full sample that opens the breaker. */
  readonly failureRatio: number;
  /** One probe is let through after this time, and again after each failed probe. */
  readonly probeIntervalMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half_open';

/** The right to try once; its holder reports exactly one outcome. */
export interface Permit {
  succeeded(): void;
  failed(): void;
  /** The try says nothing about the other side's health (the caller left early, a rate limit). */
  abandoned(): void;
}

/** Stops calls to a service that does not answer, so that whoever asks is told at once instead of after seconds. */
export class CircuitBreaker {
  #state: BreakerState = 'closed';
  #consecutive = 0;
  #sample: boolean[] = [];
  #openedAtMs = 0;
  /** Grows with each change of state: outcomes of tries from before the change no longer count. */
  #generation = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: CircuitBreakerOptions,
  ) {}

  get state(): BreakerState {
    return this.#state;
  }

  /** @returns undefined when the call must not be made */
  tryAcquire(): Permit | undefined {
    if (this.#state === 'half_open') return undefined;
    if (this.#state === 'open') {
      if (this.retryAfterMs > 0) return undefined;
      this.#enter('half_open');
      return this.#probe();
    }
    const generation = this.#generation;
    const record = (failed: boolean): void => {
      if (generation === this.#generation) this.#record(failed);
    };
    return { succeeded: () => record(false), failed: () => record(true), abandoned: () => undefined };
  }

  /** Milliseconds until the next probe; 0 when a call may go out. */
  get retryAfterMs(): number {
    if (this.#state === 'closed') return 0;
    return Math.max(0, this.#openedAtMs + this.options.probeIntervalMs - this.clock.monotonicMs());
  }

  #probe(): Permit {
    const generation = this.#generation;
    const settle = (state: BreakerState): void => {
      if (generation === this.#generation) this.#enter(state);
    };
    // An abandoned probe proves nothing: back to open, but with the interval already over for the next caller.
    const abandoned = (): void => {
      if (generation !== this.#generation) return;
      this.#enter('open');
      this.#openedAtMs = -Infinity;
    };
    return { succeeded: () => settle('closed'), failed: () => settle('open'), abandoned };
  }

  #record(failed: boolean): void {
    this.#consecutive = failed ? this.#consecutive + 1 : 0;
    this.#sample.push(failed);
    if (this.#sample.length > this.options.sampleSize) this.#sample.shift();
    const failures = this.#sample.filter(Boolean).length;
    const sampleFull = this.#sample.length === this.options.sampleSize;
    if (
      this.#consecutive >= this.options.consecutiveFailures ||
      (sampleFull && failures >= this.options.failureRatio * this.options.sampleSize)
    ) {
      this.#enter('open');
    }
  }

  #enter(state: BreakerState): void {
    this.#state = state;
    this.#generation += 1;
    this.#consecutive = 0;
    this.#sample = [];
    if (state === 'open') this.#openedAtMs = this.clock.monotonicMs();
  }
}
