/** Short enough for neighbours not to notice, long enough for a site that starts. */
const AT_ONCE = 8;

export interface Sharer {
  readonly account: string;
  readonly owner: string;
}

interface Line {
  readonly account: string;
  readonly waiting: (() => void)[];
}

/**
 * What each account may have of one turn of the event loop for work that needs no turn of its own: thousands of
 * connections that ask at once would otherwise be answered all before anybody else's next step.
 */
export class LoopShare {
  /** By account. */
  readonly #used = new Map<string, number>();
  /** By owner, in the order in which they are called. */
  readonly #lines = new Map<string, Line>();
  #isArmed = false;

  constructor(private readonly atOnce = AT_ONCE) {}

  /** Undefined when it may go on at once; otherwise resolves in a later turn of the loop, in order. */
  enter({ account, owner }: Sharer): Promise<void> | undefined {
    this.#arm();
    const line = this.#lines.get(owner) ?? { account, waiting: [] };
    if (line.waiting.length === 0 && this.#take(account, 1) === 1) return undefined;
    this.#lines.set(owner, line);
    return new Promise((resolve) => line.waiting.push(resolve));
  }

  /** @returns how many may go on */
  #take(account: string, wanted: number): number {
    const used = this.#used.get(account) ?? 0;
    const taken = Math.min(wanted, this.atOnce - used);
    this.#used.set(account, used + taken);
    return taken;
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#isArmed = false;
    this.#used.clear();
    if (this.#lines.size > 0) this.#arm();
    for (const [owner, line] of [...this.#lines]) {
      const called = line.waiting.splice(0, this.#take(line.account, line.waiting.length));
      if (called.length === 0) continue;
      // To the end of the row.
      this.#lines.delete(owner);
      if (line.waiting.length > 0) this.#lines.set(owner, line);
      for (const resolve of called) resolve();
    }
  }
}
