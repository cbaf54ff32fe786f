import { randomUUID } from 'node:crypto';

import { Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { HealthServer, type Logger, Metrics, warningsOf } from '@lib/observability';
import { PostgresActivationLog, PostgresInvalidationBus, PostgresRegionDirectory } from '@lib/persistence';
import { built, CLOCK, LOGGER, onDatabase, PROOF_POLICY, readProofPolicy } from '@lib/platform';
import { ActivationReporter, ClientDirectory } from '@lib/tenancy';

import { GATEWAY_CONFIG } from '../gateway-config.module';
import { AllowListJudge } from '../session/admission';

/** Who may connect: the allow-list of the region in memory, and the judgement by it. */
@Module({
  providers: [
    onDatabase(PostgresActivationLog),
    {
      provide: ActivationReporter,
      inject: [PostgresActivationLog, GATEWAY_CONFIG, LOGGER],
      useFactory: (log: PostgresActivationLog, { kmipEndpointName: endpoint }: GatewayConfig, logger: Logger) =>
        new ActivationReporter({ log, process: { id: randomUUID(), endpoint }, warn: warningsOf(logger) }),
    },
    {
      provide: ClientDirectory,
      inject: [PostgresRegionDirectory, PostgresInvalidationBus, CLOCK, LOGGER, ActivationReporter],
      useFactory: (
        source: PostgresRegionDirectory,
        bus: PostgresInvalidationBus,
        clock: Clock,
        logger: Logger,
        reporter: ActivationReporter,
      ) => new ClientDirectory({ source, bus, clock, log: warningsOf(logger), reporter }),
    },
    { provide: PROOF_POLICY, inject: [GATEWAY_CONFIG, PostgresRegionDirectory], useFactory: readProofPolicy },
    built(AllowListJudge, [ClientDirectory, CLOCK, PROOF_POLICY]),
  ],
  exports: [ClientDirectory, PROOF_POLICY, AllowListJudge],
})
export class ClientsModule implements OnModuleInit, OnModuleDestroy {
  constructor(
    @Inject(ClientDirectory) private readonly directory: ClientDirectory,
    @Inject(ActivationReporter) private readonly reporter: ActivationReporter,
    @Inject(HealthServer) private readonly health: HealthServer,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  /** Nobody is served before the list was read once. */
  async onModuleInit(): Promise<void> {
    await this.directory.start();
    this.health.addCheck({ name: 'allow-list', check: () => this.#check() });
    const allowed = 'Client certificates allowed in the region.';
    this.metrics.polledGauge('kmip_allow_list_certificates', allowed, () => this.directory.size, 'most');
    const age = 'Time since the allow-list was last known to be right.';
    this.metrics.polledGauge('kmip_allow_list_age_seconds', age, () => this.directory.ageMs() / 1_000, 'most');
  }

  async onModuleDestroy(): Promise<void> {
    await this.directory.stop();
    await this.reporter.stop();
  }

  #check(): Promise<void> {
    return this.directory.stale ? Promise.reject(new AllowListOutdated()) : Promise.resolve();
  }
}

class AllowListOutdated extends Error {
  readonly code = 'allow_list_outdated';
}
