/** Short enough for neighbours not to notice, long enough for a site that starts. */
const AT_ONCE = 8;

/**
 * What each owner may have of one turn of the event loop for work that needs no turn of its own: hundreds of connections
 * that ask at once would otherwise be answered all before anybody else's next step.
 */
export class LoopShare {
  readonly #used = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #isArmed = false;

  constructor(private readonly atOnce = AT_ONCE) {}

  /** Undefined when it may go on at once; otherwise resolves in a later turn of the loop, in order. */
  enter(owner: string): Promise<void> | undefined {
    this.#arm();
    const used = this.#used.get(owner) ?? 0;
    if (used < this.atOnce) {
      this.#used.set(owner, used + 1);
      return undefined;
    }
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(owner) ?? [];
      waiting.push(resolve);
      this.#waiting.set(owner, waiting);
    });
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#isArmed = false;
    this.#used.clear();
    if (this.#waiting.size > 0) this.#arm();
    for (const [owner, waiting] of this.#waiting) {
      const called = waiting.splice(0, this.atOnce);
      this.#used.set(owner, called.length);
      if (waiting.length === 0) this.#waiting.delete(owner);
      for (const resolve of called) resolve();
    }
  }
}
