import { type Clock } from '@lib/kernel';

/**
 * The clock of a stand-in: it runs with the machine and can be moved, so that a test waits out a month in one call.
 * What others verify by their own clock (IAM tokens, TLS) keeps to the machine's time.
 */
export class MovableClock implements Clock {
  #offsetMs = 0;

  get offsetMs(): number {
    return this.#offsetMs;
  }

  moveTo(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }

  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  monotonicMs(): number {
    return performance.now() + this.#offsetMs;
  }
}

/** RFC 3339 in UTC with whole seconds, the only form of date in these APIs. */
export const toTimestamp = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
