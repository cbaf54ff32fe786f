import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';

import { type Clock, systemClock } from '@lib/kernel';
import { HealthServer, type Logger, Metrics } from '@lib/observability';

export const CLOCK = Symbol('CLOCK');
export const LOGGER = Symbol('LOGGER');

export interface ProcessOptions {
  readonly logger: Logger;
  readonly health: { readonly host: string; readonly port: number };
  /** On every metric of the process. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What every process that serves has: clock, log, metrics, and a health port that answers before all else is ready. */
@Global()
@Module({})
export class ProcessModule implements OnApplicationShutdown {
  constructor(@Inject(HealthServer) private readonly health: HealthServer) {}

  static forRoot({ logger, health: address, labels = {} }: ProcessOptions): DynamicModule {
    const clock: Clock = systemClock;
    return {
      module: ProcessModule,
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: LOGGER, useValue: logger },
        { provide: Metrics, useFactory: () => new Metrics({ processMetrics: true, labels }) },
        {
          provide: HealthServer,
          inject: [Metrics],
          useFactory: async (metrics: Metrics) => {
            const health = new HealthServer({ ...address, metrics });
            const { port } = await health.listen();
            logger.info({ port }, 'health, readiness and metrics are served');
            return health;
          },
        },
      ],
      exports: [CLOCK, LOGGER, Metrics, HealthServer],
    };
  }

  /** The last to go: until then it says that the process is on its way out. */
  async onApplicationShutdown(): Promise<void> {
    await this.health.close();
  }
}
