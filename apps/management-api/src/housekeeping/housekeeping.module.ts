import { Global, Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { type LeasedWorker } from '@lib/kernel';
import { Metrics } from '@lib/observability';
import { type HeadSigning, LOGGER, Region } from '@lib/platform';

import { AUDIT_HEADS } from '../tenant-api/tokens';
import { housekeeping } from './housekeeping';

/** Token of the worker. */
export const CHORES = Symbol('CHORES');

/** What is done from time to time for all tenants. Global, so that it stops after the duties of the broker. */
@Global()
@Module({
  providers: [
    {
      provide: CHORES,
      inject: [Region, Metrics, LOGGER, AUDIT_HEADS],
      useFactory: (...parts: [Region, Metrics, Parameters<typeof housekeeping>[2], HeadSigning]) =>
        housekeeping(...parts),
    },
  ],
})
export class HousekeepingModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(CHORES) private readonly chores: LeasedWorker,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  /** Callers are served first. */
  onApplicationBootstrap(): void {
    this.host.listen$.subscribe(() => {
      this.chores.start();
      void this.chores.round();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.chores.stop();
  }
}
