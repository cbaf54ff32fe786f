import { type Logger } from '@lib/observability';

import { type ConsoleSessions } from './console-sessions';

/** Who signs out elsewhere, in whichever process, is out here after that. */
const LOOK_EVERY_MS = 2_000;

export interface SessionWatchParts {
  readonly sessions: Pick<ConsoleSessions, 'alive'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Sessions for which something is open in this process, such as a stream: one question for all of them tells which are over. */
export class SessionWatch {
  readonly #ends = new Map<string, Set<() => void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: SessionWatchParts) {}

  get size(): number {
    return this.#ends.size;
  }

  /** @param end is called once, when the session is over @returns to be called when nothing is open any more */
  onEnd(session: string, end: () => void): () => void {
    const ends = this.#ends.get(session) ?? new Set();
    this.#ends.set(session, ends.add(end));
    this.#schedule();
    return () => {
      ends.delete(end);
      if (ends.size === 0 && this.#ends.get(session) === ends) this.#ends.delete(session);
    };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ends.clear();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#ends.size === 0) return;
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        this.#timer = undefined;
        this.#schedule();
      });
    }, LOOK_EVERY_MS).unref();
  }

  async #look(): Promise<void> {
    const asked = [...this.#ends.keys()];
    if (asked.length === 0) return;
    try {
      const alive = new Set(await this.parts.sessions.alive(asked));
      for (const session of asked) if (!alive.has(session)) this.#end(session);
    } catch (err) {
      // What is open is judged by itself too, and ends when that fails for long.
      this.parts.logger.warn({ err }, 'which sessions of the console are over cannot be asked');
    }
  }

  #end(session: string): void {
    const ends = this.#ends.get(session);
    this.#ends.delete(session);
    for (const end of ends ?? []) end();
  }
}
