import { randomBytes } from 'node:crypto';

import { Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';

import { type Clock, newCorrelationId, newUniqueIdentifier } from '@lib/kernel';
import { DeletionRights, KMIP_OPERATIONS, KmipEngine, markOf, OperationTable } from '@lib/kmip-engine';
import { type Logger } from '@lib/observability';
import { CLOCK, LOGGER } from '@lib/platform';

import { GatewayMetrics } from '../gateway-metrics';

/** KMIP itself: one message in, one message out. Operations are the providers marked `@KmipOperation`, of any module. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    ...KMIP_OPERATIONS,
    { provide: OperationTable, useFactory: () => new OperationTable() },
    { provide: DeletionRights, useFactory: () => new DeletionRights() },
    {
      provide: KmipEngine,
      inject: [CLOCK, LOGGER, GatewayMetrics, DeletionRights, OperationTable],
      useFactory: (
        clock: Clock,
        logger: Logger,
        metrics: GatewayMetrics,
        deletionRights: DeletionRights,
        operations: OperationTable,
      ) => {
        const making = { newUniqueIdentifier, newCorrelationId, randomBytes };
        return new KmipEngine({ clock, ...making, logger, metrics, deletionRights }, operations);
      },
    },
  ],
  exports: [KmipEngine, OperationTable, DeletionRights],
})
export class EngineModule implements OnModuleInit, OnModuleDestroy {
  constructor(
    @Inject(KmipEngine) private readonly engine: KmipEngine,
    @Inject(OperationTable) private readonly operations: OperationTable,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
  ) {}

  /** Before the listener opens its port. @throws Error when two providers carry out one operation */
  onModuleInit(): void {
    for (const { instance } of this.discovery.getProviders() as { instance: unknown }[]) {
      if (typeof instance === 'object' && instance !== null && markOf(instance)) this.operations.add(instance);
    }
  }

  /** No key is left half moved or half deleted. */
  async onModuleDestroy(): Promise<void> {
    await this.engine.drain();
  }
}
