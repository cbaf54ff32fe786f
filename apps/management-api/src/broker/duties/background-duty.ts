import { randomUUID } from 'node:crypto';

import { type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

import { LeasedWorker, type LeasedWorkerOptions } from '@lib/kernel';
import { type Logger, warningsOf } from '@lib/observability';

export type DutyOptions = Pick<LeasedWorkerOptions, 'name' | 'leases' | 'intervalMs' | 'leaseMs' | 'work'>;

/** What one process of the region does again and again, from the start of the application to its end. */
export abstract class BackgroundDuty extends LeasedWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(options: DutyOptions, logger: Logger) {
    super({ ...options, owner: randomUUID(), log: warningsOf(logger) });
  }

  onApplicationBootstrap(): void {
    this.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }
}
