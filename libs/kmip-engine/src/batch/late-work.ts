import { type EngineLogger } from '../ports/engine-ports';

/** Time for an operation whose deadline has passed to say itself how it ended. */
export const DEFAULT_GRACE_MS = 1_000;

export const LATE = Symbol('late');

/** What `work` gives; LATE when it has not ended `graceMs` after the deadline, and goes on by itself. */
export async function inTime<T>(work: Promise<T>, deadline: AbortSignal, graceMs: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  let arm = (): void => undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    arm = () => void (timer = setTimeout(resolve, graceMs, LATE));
  });
  if (deadline.aborted) arm();
  else deadline.addEventListener('abort', arm, { once: true });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    deadline.removeEventListener('abort', arm);
  }
}

/** Owner of operations that go on after their clients were told that time was up; awaited at shutdown. */
export class LateWork {
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly logger: EngineLogger) {}

  /** @param facts of the log line that says how it ended */
  own(work: Promise<unknown>, facts: Readonly<Record<string, unknown>>): void {
    const owned = work
      .then(
        () => this.logger.warn({ ...facts, ended: 'done' }, 'an operation ended after its client was answered'),
        (err: unknown) =>
          this.logger.warn({ ...facts, ended: 'failed', err }, 'an operation ended after its client was answered'),
      )
      .finally(() => this.#running.delete(owned));
    this.#running.add(owned);
  }

  /** Resolves once nothing runs any more. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
