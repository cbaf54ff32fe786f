/**
 * Requests of one instance that are carried out at the same time. More wait in order, so that an instance with hundreds
 * of busy connections has a bounded share of this process and of its database connections. 64 hosts that start together
 * do not wait.
 */
const MAXIMUM_AT_ONCE = 64;

interface Lane {
  active: number;
  readonly waiting: (() => void)[];
}

/** Takes turns within each owner; owners do not wait for each other. */
export class Turns {
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly maximumAtOnce = MAXIMUM_AT_ONCE) {}

  async run<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(owner) ?? { active: 0, waiting: [] };
    this.#lanes.set(owner, lane);
    if (lane.active < this.maximumAtOnce) lane.active += 1;
    else await new Promise<void>((resolve) => lane.waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#leave(owner, lane);
    }
  }

  /** The place goes straight to the longest waiter: nobody can slip in between. */
  #leave(owner: string, lane: Lane): void {
    const next = lane.waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    lane.active -= 1;
    if (lane.active === 0) this.#lanes.delete(owner);
  }
}
