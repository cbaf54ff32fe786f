import { type Clock, DomainError } from '@lib/kernel';

const CACHE_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 2_000;

/** Something the process cannot work without. */
export interface ReadinessCheck {
  readonly name: string;
  /** Resolves when the dependency works, rejects when not. */
  readonly check: () => Promise<void>;
  readonly timeoutMs?: number;
}

export interface DependencyStatus {
  readonly name: string;
  readonly ok: boolean;
  /** Why it is not ok, in words that may be shown to whoever reaches the health port. */
  readonly reason?: string;
  /** When `ok` last changed. */
  readonly since: Date;
}

interface Watched extends ReadinessCheck {
  status: DependencyStatus | undefined;
  checkedAtMs: number;
  running: Promise<DependencyStatus> | undefined;
}

/**
 * Looks at dependencies on demand. Answers are kept for a second, and a check is never started while its last run still
 * hangs, so that probing a dead dependency does not pile up work on it.
 */
export class Readiness {
  readonly #watched: Watched[] = [];

  constructor(private readonly clock: Clock) {}

  add(check: ReadinessCheck): void {
    this.#watched.push({ ...check, status: undefined, checkedAtMs: Number.NEGATIVE_INFINITY, running: undefined });
  }

  status(): Promise<readonly DependencyStatus[]> {
    return Promise.all(this.#watched.map((watched) => this.#statusOf(watched)));
  }

  async #statusOf(watched: Watched): Promise<DependencyStatus> {
    if (watched.status !== undefined && this.clock.monotonicMs() - watched.checkedAtMs < CACHE_MS)
      return watched.status;
    const running = (watched.running ??= this.#run(watched));
    const timeoutMs = watched.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const late = Symbol('late');
    const outcome = await withTimeout(running, timeoutMs, late);
    return outcome === late ? this.#settle(watched, `no answer within ${timeoutMs} ms`) : (outcome as DependencyStatus);
  }

  async #run(watched: Watched): Promise<DependencyStatus> {
    try {
      await watched.check();
      return this.#settle(watched, undefined);
    } catch (error) {
      return this.#settle(watched, reasonOf(error));
    } finally {
      watched.running = undefined;
    }
  }

  #settle(watched: Watched, reason: string | undefined): DependencyStatus {
    const ok = reason === undefined;
    const since = watched.status?.ok === ok ? watched.status.since : this.clock.now();
    watched.status = { name: watched.name, ok, since, ...(ok ? {} : { reason }) };
    watched.checkedAtMs = this.clock.monotonicMs();
    return watched.status;
  }
}

/** Messages of our own errors are written to be read; those of others may quote addresses or worse. */
function reasonOf(error: unknown): string {
  if (error instanceof DomainError) return error.message;
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[A-Za-z0-9_]{1,40}$/.test(code) ? `failed (${code})` : 'failed';
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number, late: symbol): Promise<T | symbol> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<symbol>((resolve) => {
    timer = setTimeout(() => resolve(late), timeoutMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
