interface Waiter {
  readonly enter: () => void;
}

/** What those are told whose work was not begun. */
export interface BulkheadRefusals {
  /** The queue is full. */
  crowded(): Error;
  /** The signal fired while waiting. */
  late(): Error;
}

/** Bounds the work of one owner that is under way, so that a slow one fills its own places and nobody else's. */
export class Bulkhead {
  #active = 0;
  readonly #waiting: Waiter[] = [];

  constructor(
    private readonly concurrent: number,
    private readonly waiting: number,
    private readonly refusals: BulkheadRefusals,
  ) {}

  /**
   * @param wait ends the waiting by a signal; not called while there are free places, since a signal costs more than one
   * @throws what {@link BulkheadRefusals} gives
   */
  async run<T>(
    wait: (queue: (signal: AbortSignal) => Promise<void>) => Promise<void>,
    work: () => Promise<T>,
  ): Promise<T> {
    if (this.#active < this.concurrent) this.#active += 1;
    else await wait((signal) => this.#queue(signal));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #queue(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(this.refusals.late());
    if (this.#waiting.length >= this.waiting) return Promise.reject(this.refusals.crowded());
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(this.refusals.late());
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** A place that becomes free goes straight to the longest waiter: nobody can slip in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#active -= 1;
    else next.enter();
  }
}
