import { Inject, Injectable } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { PostgresConsoleLogins } from '@lib/persistence';
import { CLOCK } from '@lib/platform';

import { ConsoleSessions } from '../console/session/console-sessions';

/** Takes away sessions of the console that have ended, and sign-ins that nobody came back from. */
@Injectable()
export class ConsoleUpkeep {
  constructor(
    @Inject(ConsoleSessions) private readonly sessions: ConsoleSessions,
    @Inject(PostgresConsoleLogins) private readonly logins: PostgresConsoleLogins,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async round(): Promise<void> {
    await this.sessions.sweep();
    await this.logins.sweep(this.clock.now());
  }
}
