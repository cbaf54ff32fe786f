import { Module } from '@nestjs/common';

import { PostgresDailyUsages } from '@lib/persistence';
import { onDatabase } from '@lib/platform';

import { UsageController } from './usage.controller';

/** What an instance has used, by days. */
@Module({ controllers: [UsageController], providers: [onDatabase(PostgresDailyUsages)] })
export class UsageModule {}
