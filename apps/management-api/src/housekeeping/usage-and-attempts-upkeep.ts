import { Inject, Injectable } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { PostgresConnectionAttempts, PostgresDailyUsages, PostgresRegionDirectory } from '@lib/persistence';
import { CLOCK } from '@lib/platform';

import { onceADay } from './once-a-day';

/** Long enough for the question "what happened at the weekend". */
const ATTEMPTS_KEPT_MS = 30 * 86_400_000;
const MAXIMUM_ATTEMPTS = 200_000;

/** Measures today's usage, and takes away what nobody will ask for any more. */
@Injectable()
export class UsageAndAttemptsUpkeep {
  readonly #pruneStandings: () => Promise<void>;

  constructor(
    @Inject(PostgresDailyUsages) private readonly usages: PostgresDailyUsages,
    @Inject(PostgresConnectionAttempts) private readonly attempts: PostgresConnectionAttempts,
    @Inject(PostgresRegionDirectory) directory: PostgresRegionDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#pruneStandings = onceADay(clock, () => directory.pruneStandings());
  }

  async round(): Promise<void> {
    const now = this.clock.now();
    await this.usages.measure(now.toISOString().slice(0, 10));
    await this.attempts.prune(new Date(now.getTime() - ATTEMPTS_KEPT_MS), MAXIMUM_ATTEMPTS);
    await this.#pruneStandings();
  }
}
