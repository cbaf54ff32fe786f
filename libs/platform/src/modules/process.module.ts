import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
  Optional,
  type Provider,
} from '@nestjs/common';

import { systemClock } from '@lib/kernel';
import { type HealthPort, HealthServer, type Logger, Metrics } from '@lib/observability';

export const CLOCK = Symbol('CLOCK');
export const LOGGER = Symbol('LOGGER');

export interface ProcessOptions {
  readonly logger: Logger;
  /**
   * Where it is watched, or who is given the answers instead and passes them on. Unset for a command, which nobody
   * watches: it has no health port and no metrics.
   */
  readonly health?: HealthPort | ((health: HealthServer, metrics: Metrics) => void);
  /** On every metric of the process. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What every process has: clock and log; if it serves, metrics and a health port that answers before all else is ready. */
@Global()
@Module({})
export class ProcessModule implements OnApplicationShutdown {
  constructor(@Optional() @Inject(HealthServer) private readonly health?: HealthServer) {}

  static forRoot({ logger, health, labels = {} }: ProcessOptions): DynamicModule {
    const providers: Provider[] = [
      { provide: CLOCK, useValue: systemClock },
      { provide: LOGGER, useValue: logger },
    ];
    if (health !== undefined) {
      const metrics = new Metrics({ processMetrics: true, labels });
      providers.push(
        { provide: Metrics, useValue: metrics },
        { provide: HealthServer, useFactory: () => watched(health, metrics, logger) },
      );
    }
    return { module: ProcessModule, providers, exports: providers };
  }

  /** The last to go: until then it says that the process is on its way out. */
  async onApplicationShutdown(): Promise<void> {
    await this.health?.close();
  }
}

async function watched(
  where: NonNullable<ProcessOptions['health']>,
  metrics: Metrics,
  logger: Logger,
): Promise<HealthServer> {
  const health = new HealthServer({ metrics });
  if (typeof where === 'function') {
    where(health, metrics);
    return health;
  }
  const { port } = await health.listen(where);
  logger.info({ port }, 'health, readiness and metrics are served');
  return health;
}
