import { type Clock } from '@lib/kernel';

export interface RetryBudgetOptions {
  /** Retries allowed as a share of the calls of the window. */
  readonly ratio: number;
  readonly windowMs: number;
  /** Retries a quiet tenant may take although the share of its few calls is below one; refilled by a success. */
  readonly reserve: number;
}

interface Slice {
  readonly startMs: number;
  calls: number;
  retries: number;
}

const SLICES = 10;

/**
 * Keeps retries from multiplying the load on a key manager that is in trouble. The reserve is what lets a lone Get
 * survive one reset connection; because only a success refills it, an outage cannot spend it twice.
 */
export class RetryBudget {
  #slices: Slice[] = [];
  #reserve: number;

  constructor(
    private readonly clock: Clock,
    private readonly options: RetryBudgetOptions,
  ) {
    this.#reserve = options.reserve;
  }

  recordCall(): void {
    this.#current().calls += 1;
  }

  recordSuccess(): void {
    this.#reserve = this.options.reserve;
  }

  /** Takes one retry out of the budget. @returns false when there is none left */
  tryTake(): boolean {
    const current = this.#current();
    const calls = sum(this.#slices, 'calls');
    const retries = sum(this.#slices, 'retries');
    if (retries + 1 > this.options.ratio * calls) {
      if (this.#reserve === 0 || retries >= this.options.reserve) return false;
      this.#reserve -= 1;
    }
    current.retries += 1;
    return true;
  }

  #current(): Slice {
    const nowMs = this.clock.monotonicMs();
    const sliceMs = this.options.windowMs / SLICES;
    this.#slices = this.#slices.filter(({ startMs }) => startMs > nowMs - this.options.windowMs);
    const newest = this.#slices.at(-1);
    if (newest !== undefined && nowMs < newest.startMs + sliceMs) return newest;
    const slice = { startMs: nowMs, calls: 0, retries: 0 };
    this.#slices.push(slice);
    return slice;
  }
}

const sum = (slices: readonly Slice[], field: 'calls' | 'retries'): number =>
  slices.reduce((total, slice) => total + slice[field], 0);
