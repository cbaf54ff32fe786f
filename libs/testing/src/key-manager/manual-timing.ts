import { type Clock } from '@lib/kernel';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time that passes only when the test says so: clock, timers and chance. */
export class ManualTiming {
  #nowMs = 0;
  #wallOffsetMs = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<Timer>();
  /** What the next random numbers are. */
  chance = 0.5;

  readonly clock: Clock = {
    now: () => new Date(this.#wallOffsetMs + this.#nowMs),
    monotonicMs: () => this.#nowMs,
  };

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  random(): number {
    return this.chance;
  }

  /** The wall clock is set; monotonic time does not notice. */
  jumpWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Fires due timers in order and lets everything that waits on them run in between. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settled();
    for (let next = this.#due(untilMs); next !== undefined; next = this.#due(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.run();
      await settled();
    }
    this.#nowMs = untilMs;
    await settled();
  }

  #due(untilMs: number): Timer | undefined {
    return [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** All promise callbacks that are ready, and those they make ready, have run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
