import { type EngineLogger } from '../ports/engine-ports';

const MAXIMUM_RUNNING = 4;
const MAXIMUM_WAITING = 100;

/**
 * Owner of the work that goes on after an answer: bounded, never failing its caller, and awaited at shutdown. Only for
 * work that may be dropped without harm.
 */
export class BackgroundTasks {
  #running = 0;
  readonly #waiting: (() => Promise<void>)[] = [];
  #idle: (() => void)[] = [];

  constructor(private readonly logger: EngineLogger) {}

  /** @returns false when the task was dropped because too many wait. */
  start(name: string, work: () => Promise<void>): boolean {
    if (this.#waiting.length >= MAXIMUM_WAITING) return false;
    this.#waiting.push(async () => {
      try {
        await work();
      } catch (error) {
        this.logger.warn({ task: name, err: error }, 'background task failed');
      }
    });
    this.#next();
    return true;
  }

  /** Resolves once nothing runs or waits. */
  async drain(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    if (this.#running >= MAXIMUM_RUNNING) return;
    const work = this.#waiting.shift();
    if (work === undefined) {
      if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#running += 1;
    void work().then(() => {
      this.#running -= 1;
      this.#next();
    });
  }
}
