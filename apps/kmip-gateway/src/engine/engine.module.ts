import { randomBytes } from 'node:crypto';

import { Inject, Module, type OnModuleDestroy } from '@nestjs/common';

import { type Clock, newCorrelationId, newUniqueIdentifier } from '@lib/kernel';
import { KmipEngine } from '@lib/kmip-engine';
import { type Logger } from '@lib/observability';
import { CLOCK, LOGGER } from '@lib/platform';

import { GatewayMetrics } from '../gateway-metrics';

/** KMIP itself: one message in, one message out. */
@Module({
  providers: [
    {
      provide: KmipEngine,
      inject: [CLOCK, LOGGER, GatewayMetrics],
      useFactory: (clock: Clock, logger: Logger, metrics: GatewayMetrics) =>
        new KmipEngine({ clock, newUniqueIdentifier, newCorrelationId, randomBytes, logger, metrics }),
    },
  ],
  exports: [KmipEngine],
})
export class EngineModule implements OnModuleDestroy {
  constructor(@Inject(KmipEngine) private readonly engine: KmipEngine) {}

  /** No key is left half moved or half deleted. */
  async onModuleDestroy(): Promise<void> {
    await this.engine.drain();
  }
}
