import { type DynamicModule } from '@nestjs/common';

import { type DatabaseClient, type DatabaseSettings } from '../database/region-database';
import { type RecordSettings } from '../restore/record-folder';
import { DatabaseModule } from './database.module';
import { RestoreModule } from './restore.module';
import { ServiceKeysModule } from './service-keys.module';
import { TenancyModule, type TenancySettings } from './tenancy.module';

export type RegionSettings = DatabaseSettings & RecordSettings & TenancySettings;

/**
 * What every process of a region stands on, for the list of its modules. Nest stops what is listed there in the opposite
 * order; a module around these would be stopped in their place, and they before everything that works with them.
 */
export const regionModules = (settings: RegionSettings, client: DatabaseClient): readonly DynamicModule[] => [
  ServiceKeysModule.forRoot(settings.serviceKeyFile),
  DatabaseModule.forRoot(settings, client),
  TenancyModule.forRoot(settings),
  RestoreModule.forRoot(settings, client.role),
];
