import { Inject, Module, type OnModuleDestroy } from '@nestjs/common';

import { HealthServer } from '@lib/observability';

/** Readiness of a process that serves HTTP. */
@Module({})
export class HealthModule implements OnModuleDestroy {
  constructor(@Inject(HealthServer) private readonly health: HealthServer) {}

  /** Before the server closes, so that nobody sends us more. */
  onModuleDestroy(): void {
    this.health.drain();
  }
}
