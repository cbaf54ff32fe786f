import { Module } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { UsageRecorder, type UsageReporter, UsageSender } from '@lib/metering';
import { type Logger, warningsOf } from '@lib/observability';
import { PostgresServiceInstanceDirectory, PostgresServiceInstanceUnitOfWork, PostgresLeases } from '@lib/persistence';
import { built, CLOCK, LOGGER } from '@lib/platform';

import { MeteringDuty } from './duties/metering.duty';
import { PlatformModule, USAGE_REPORTER } from './platform/platform.module';

/** Undefined where nobody takes usage: it is recorded and kept. */
const usageSender = {
  provide: UsageSender,
  inject: [PostgresServiceInstanceUnitOfWork, PostgresServiceInstanceDirectory, USAGE_REPORTER, CLOCK, LOGGER],
  useFactory: (
    unitOfWork: PostgresServiceInstanceUnitOfWork,
    directory: PostgresServiceInstanceDirectory,
    reporter: UsageReporter | undefined,
    clock: Clock,
    logger: Logger,
  ) => reporter && new UsageSender(unitOfWork, directory, reporter, clock, warningsOf(logger)),
};

/** What tenants use, hour by hour. */
@Module({
  imports: [PlatformModule],
  providers: [
    built(UsageRecorder, [PostgresServiceInstanceUnitOfWork, PostgresServiceInstanceDirectory, CLOCK]),
    usageSender,
    built(MeteringDuty, [UsageRecorder, UsageSender, PostgresLeases, LOGGER]),
  ],
})
export class MeteringModule {}
