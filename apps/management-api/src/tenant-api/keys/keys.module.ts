import { Module } from '@nestjs/common';

import { Custodian, KeyAdministration } from '@lib/kmip-engine';
import { type Clock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { PostgresKeyCatalog } from '@lib/persistence';
import { CLOCK, LOGGER, Region, TenantKeyManagers } from '@lib/platform';

import { KEY_ACCESS } from '../tokens';
import { KeysController } from './keys.controller';
import { RegionKeyAccess } from './region-key-access';

/** The keys of an instance, for their administrators. */
@Module({
  controllers: [KeysController],
  providers: [
    {
      provide: KEY_ACCESS,
      inject: [Region, TenantKeyManagers],
      useFactory: (region: Region, keyManagers: TenantKeyManagers) =>
        new RegionKeyAccess({
          objectStores: region.objectStores,
          restore: region.restore,
          keyCatalogs: new PostgresKeyCatalog(region.dataSource),
          keyManagers,
        }),
    },
    {
      provide: KeyAdministration,
      inject: [LOGGER, CLOCK],
      useFactory: (logger: Logger, clock: Clock) => new KeyAdministration(new Custodian(logger), clock),
    },
  ],
  exports: [KEY_ACCESS],
})
export class KeysModule {}
