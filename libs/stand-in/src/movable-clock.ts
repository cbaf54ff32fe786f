import { type Clock } from '@lib/kernel';

/**
 * The clock of a stand-in: it runs with the machine and can be moved, so that a test waits out a month in one call.
 * What others verify by their own clock (IAM tokens, TLS) keeps to the machine's time.
 */
export class MovableClock implements Clock {
  readonly #waiting = new Set<() => void>();
  #offsetMs = 0;

  get offsetMs(): number {
    return this.#offsetMs;
  }

  moveTo(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    for (const look of [...this.#waiting]) look();
  }

  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  monotonicMs(): number {
    return performance.now() + this.#offsetMs;
  }

  /** Runs `work` once, when this clock is `delayMs` further: by waiting, or by being moved. @returns how to cancel it */
  startTimer(work: () => void, delayMs: number): () => void {
    const due = this.monotonicMs() + delayMs;
    let timer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    };
    const look = (): void => {
      clearTimeout(timer);
      const left = due - this.monotonicMs();
      if (left > 0) {
        timer = setTimeout(look, left);
        return;
      }
      cancel();
      work();
    };
    this.#waiting.add(look);
    timer = setTimeout(look, delayMs);
    return cancel;
  }
}

/** RFC 3339 in UTC with whole seconds. */
export const toTimestamp = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
