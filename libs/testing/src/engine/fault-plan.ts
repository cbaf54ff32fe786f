export interface StoreFaultOptions {
  /** The effect happens, then the answer is lost: the caller cannot know. Default: nothing happened. */
  readonly afterEffect?: boolean;
  /** How many calls fail. Default 1. */
  readonly times?: number;
}

/** Stands for a lost connection or a failing database: never an ObjectStoreError. */
export class CatalogOutage extends Error {
  constructor(method: string) {
    super(`${method} was made to fail by the test`);
    this.name = 'CatalogOutage';
  }
}

/** Which calls of a fake fail, in order. */
export class FaultPlan<M extends string> {
  readonly #planned = new Map<M, { afterEffect: boolean; remaining: number }[]>();

  failNext(method: M, { afterEffect = false, times = 1 }: StoreFaultOptions = {}): void {
    const queue = this.#planned.get(method) ?? [];
    queue.push({ afterEffect, remaining: times });
    this.#planned.set(method, queue);
  }

  recover(): void {
    this.#planned.clear();
  }

  async run<T>(method: M, effect: () => T | Promise<T>): Promise<T> {
    const queue = this.#planned.get(method);
    const next = queue?.[0];
    if (queue === undefined || next === undefined) return effect();
    next.remaining -= 1;
    if (next.remaining <= 0) queue.shift();
    if (next.afterEffect) await effect();
    throw new CatalogOutage(method);
  }
}
