interface Waiter {
  readonly enter: () => void;
  readonly leave: (error: Error) => void;
}

/** What those are told whose work was not begun. */
export interface BulkheadRefusals {
  /** The queue is full. */
  crowded(): Error;
  /** The signal fired while waiting. */
  late(): Error;
}

export type Priority = 'first' | 'gives_way';

/**
 * Bounds the work of one owner that is under way, so that a slow one fills its own places and nobody else's. Work that
 * gives way begins when no other waits, and has half of the places at most: what comes meanwhile finds one.
 */
export class Bulkhead {
  #active = 0;
  /** Of those, how many give way. */
  #yielding = 0;
  readonly #waiting: Readonly<Record<Priority, Waiter[]>> = { first: [], gives_way: [] };

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
    priority: Priority = 'first',
  ): Promise<T> {
    if (this.#isFree(priority)) this.#enter(priority);
    else await wait((signal) => this.#queue(signal, this.#waiting[priority]));
    try {
      return await work();
    } finally {
      this.#leave(priority);
    }
  }

  /** Whoever waits for a place is told so, and waits no longer. What is under way goes on. */
  dismiss(refusal: () => Error): void {
    for (const waiting of Object.values(this.#waiting)) {
      for (const waiter of waiting.splice(0)) waiter.leave(refusal());
    }
  }

  #isFree(priority: Priority): boolean {
    if (this.#active >= this.concurrent) return false;
    return priority === 'first' || this.#yielding < Math.max(1, Math.floor(this.concurrent / 2));
  }

  #enter(priority: Priority): void {
    this.#active += 1;
    if (priority === 'gives_way') this.#yielding += 1;
  }

  #queue(signal: AbortSignal, waiting: Waiter[]): Promise<void> {
    if (signal.aborted) return Promise.reject(this.refusals.late());
    if (waiting.length >= this.waiting) return Promise.reject(this.refusals.crowded());
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
        leave: (error) => {
          signal.removeEventListener('abort', giveUp);
          reject(error);
        },
      };
      const giveUp = (): void => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(this.refusals.late());
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.push(waiter);
    });
  }

  /** A place that becomes free goes straight to the longest waiter: nobody can slip in between. */
  #leave(priority: Priority): void {
    this.#active -= 1;
    if (priority === 'gives_way') this.#yielding -= 1;
    for (const next of ['first', 'gives_way'] as const) {
      if (!this.#isFree(next)) continue;
      const waiter = this.#waiting[next].shift();
      if (waiter === undefined) continue;
      this.#enter(next);
      waiter.enter();
      return;
    }
  }
}
