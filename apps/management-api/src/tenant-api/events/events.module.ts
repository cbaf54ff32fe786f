import { Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { PostgresActivationLog, PostgresInstanceChanges } from '@lib/persistence';
import { CLOCK, LOGGER, onDatabase, RegionDatabase } from '@lib/platform';

import { EVENT_TIMES, EventFeed, type EventTimes } from './event-feed';
import { EventJudge } from './event-rights';
import { EventsController } from './events.controller';
import { Followers } from './followers';
import { InstanceWatches } from './instance-watches';

const instanceWatches = {
  provide: InstanceWatches,
  inject: [PostgresInstanceChanges, PostgresActivationLog, RegionDatabase, CLOCK, LOGGER],
  useFactory: (
    changes: PostgresInstanceChanges,
    activations: PostgresActivationLog,
    { bus }: RegionDatabase,
    clock: Clock,
    logger: Logger,
  ) => new InstanceWatches({ changes, activations, bus, clock, logger }),
};

/** Who follows what changes on an instance. */
@Module({
  controllers: [EventsController],
  providers: [
    onDatabase(PostgresInstanceChanges),
    onDatabase(PostgresActivationLog),
    { provide: Followers, useFactory: () => new Followers() },
    { provide: EVENT_TIMES, useValue: { beatMs: 15_000, judgedEveryMs: 60_000 } satisfies EventTimes },
    instanceWatches,
    EventJudge,
    EventFeed,
  ],
})
export class EventsModule implements OnModuleInit, OnModuleDestroy {
  constructor(
    @Inject(InstanceWatches) private readonly watches: InstanceWatches,
    @Inject(Followers) private readonly followers: Followers,
  ) {}

  onModuleInit(): void {
    this.watches.start();
  }

  /** Before the server closes, which waits for its connections: whoever follows goes on with another process. */
  onModuleDestroy(): void {
    this.followers.endAll();
    this.watches.stop();
  }
}
