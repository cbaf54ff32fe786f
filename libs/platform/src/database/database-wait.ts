import { setTimeout as delay } from 'node:timers/promises';

import { DomainError } from '@lib/kernel';
import { type HealthServer, type Logger } from '@lib/observability';
import { DatabaseUnavailable } from '@lib/persistence';

const RETRY_MS = 1_000;

/**
 * What a process does whose database is not there yet. One that serves stays up, alive and not ready, and its health
 * port says for what it waits; a command, which has none, fails at once.
 */
export class DatabaseWait {
  #waits = true;

  constructor(
    private readonly logger: Logger,
    private readonly health?: HealthServer,
  ) {
    health?.addCheck({
      name: 'start',
      check: () => (this.#waits ? Promise.reject(new Starting()) : Promise.resolve()),
    });
  }

  /** @throws DomainError for what waiting does not mend, such as a file that DATABASE_URL names */
  async until<T>(work: () => Promise<T>): Promise<T> {
    if (this.health === undefined) return await work();
    this.#waits = true;
    for (;;) {
      try {
        const result = await work();
        this.#waits = false;
        return result;
      } catch (error) {
        if (error instanceof DomainError && !(error instanceof DatabaseUnavailable)) throw error;
        this.logger.warn({ err: error }, 'the database cannot be used yet; trying again');
        await delay(RETRY_MS);
      }
    }
  }
}

class Starting extends Error {
  readonly code = 'waiting_for_database';
}
