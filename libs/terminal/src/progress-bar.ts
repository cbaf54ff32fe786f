const WIDTH = 30;
const EVERY_MS = 200;

interface Terminal {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** One line that is written over again, for people alone: a log or a pipe is given none of it. */
export class ProgressBar {
  #startedAt: number | undefined;
  #shownAt = -Infinity;

  constructor(
    private readonly terminal: Terminal,
    private readonly nowMs: () => number,
  ) {}

  show(done: number, total: number): void {
    if (this.terminal.isTTY !== true) return;
    const now = this.nowMs();
    this.#startedAt ??= now;
    if (done < total && now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const filled = total === 0 ? WIDTH : Math.round((done / total) * WIDTH);
    const bar = '#'.repeat(filled) + '-'.repeat(WIDTH - filled);
    this.terminal.write(`\r[${bar}] ${done} of ${total}${this.#pace(done, total, now - this.#startedAt)}\u001b[K`);
  }

  /** Leaves the line as it is: what is printed next begins below. */
  end(): void {
    if (this.#startedAt !== undefined) this.terminal.write('\n');
  }

  #pace(done: number, total: number, tookMs: number): string {
    if (tookMs < 1_000) return '';
    const perSecond = (done / tookMs) * 1_000;
    return `, ${perSecond.toFixed(0)} a second, ${Math.ceil((total - done) / Math.max(perSecond, 0.001))} s left`;
  }
}
