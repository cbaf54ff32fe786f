import { KeyManagerError } from '@lib/key-manager';

import { notStartedInTime } from './deadline';

interface Waiter {
  readonly enter: () => void;
}

/** Bounds the calls one tenant has under way, so that a slow key manager fills its own places and nobody else's. */
export class Bulkhead {
  #active = 0;
  readonly #waiting: Waiter[] = [];

  constructor(
    private readonly concurrent: number,
    private readonly waiting: number,
  ) {}

  /**
   * @param wait ends the waiting by a signal; not called while there are free places, since a signal costs more than one
   * @throws KeyManagerError `overloaded` when the queue is full, `timeout` when the signal fires while waiting
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
    if (signal.aborted) return Promise.reject(notStartedInTime());
    if (this.#waiting.length >= this.waiting) {
      return Promise.reject(
        new KeyManagerError('overloaded', 'too many calls to this key manager are already under way', {
          certainlyNotDone: true,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(notStartedInTime());
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
