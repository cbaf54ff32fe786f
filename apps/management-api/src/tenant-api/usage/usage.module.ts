import { Module } from '@nestjs/common';

import { PostgresDailyUsages } from '@lib/persistence';
import { Region } from '@lib/platform';

import { DAILY_USAGES } from '../tokens';
import { UsageController } from './usage.controller';

/** What an instance has used, by days. */
@Module({
  controllers: [UsageController],
  providers: [
    {
      provide: DAILY_USAGES,
      inject: [Region],
      useFactory: ({ dataSource }: Region) => new PostgresDailyUsages(dataSource),
    },
  ],
})
export class UsageModule {}
