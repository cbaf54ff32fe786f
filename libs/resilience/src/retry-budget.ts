import { type Clock } from '@lib/kernel';

export interface RetryBudgetOptions {
  /** Retries allowed as a share of the calls. */
  readonly ratio: number;
  /** How long a call counts. */
  readonly windowMs: number;
  /** Retries a quiet caller may take in advance; refilled by a success. */
  readonly reserve: number;
}

/** What the calls of a short time have earned. */
interface Earned {
  readonly fromMs: number;
  points: number;
}

/** Points, so that tenths of a retry add up without rounding. */
const RETRY = 100;
const SLICES = 10;

/**
 * Keeps retries from multiplying the load on a service that is in trouble: each call earns a share of a retry
 * for a while. The reserve lets a lone call survive a reset connection; what is taken from it is owed, and only a
 * success refills it, so an outage never gets more than its share.
 */
export class RetryBudget {
  #earned: Earned[] = [];
  #owed = 0;
  #reserve: number;
  readonly #pointsPerCall: number;

  constructor(
    private readonly clock: Clock,
    private readonly options: RetryBudgetOptions,
  ) {
    this.#reserve = options.reserve;
    this.#pointsPerCall = Math.round(options.ratio * RETRY);
  }

  recordCall(): void {
    const paid = Math.min(this.#owed, this.#pointsPerCall);
    this.#owed -= paid;
    this.#currentSlice().points += this.#pointsPerCall - paid;
  }

  recordSuccess(): void {
    this.#reserve = this.options.reserve;
    this.#owed = 0;
  }

  /** Takes one retry out of the budget. @returns false when there is none left */
  tryTake(): boolean {
    this.#forgetOld();
    const earned = this.#earned.reduce((sum, { points }) => sum + points, 0);
    if (earned >= RETRY) {
      this.#spend();
      return true;
    }
    if (this.#reserve === 0) return false;
    this.#reserve -= 1;
    this.#owed += RETRY;
    return true;
  }

  /** Oldest first: those would be lost soonest. */
  #spend(): void {
    let left = RETRY;
    for (const slice of this.#earned) {
      const part = Math.min(left, slice.points);
      slice.points -= part;
      left -= part;
    }
  }

  #currentSlice(): Earned {
    this.#forgetOld();
    const nowMs = this.clock.monotonicMs();
    const newest = this.#earned.at(-1);
    if (newest !== undefined && nowMs < newest.fromMs + this.options.windowMs / SLICES) return newest;
    const slice = { fromMs: nowMs, points: 0 };
    this.#earned.push(slice);
    return slice;
  }

  #forgetOld(): void {
    const oldestMs = this.clock.monotonicMs() - this.options.windowMs;
    this.#earned = this.#earned.filter(({ fromMs }) => fromMs > oldestMs);
  }
}
