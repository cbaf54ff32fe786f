import { Module } from '@nestjs/common';

import { Custodian, KeyAdministration } from '@lib/kmip-engine';
import { type Clock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { PostgresKeyCatalog, PostgresObjectStores } from '@lib/persistence';
import { builtFrom, CLOCK, LOGGER, onDatabase, RestoreWatch, TenantKeyManagers } from '@lib/platform';

import { KEY_ACCESS } from '../tokens';
import { KeysController } from './keys.controller';
import { RegionKeyAccess } from './region-key-access';

/** The keys of an instance, for their administrators. */
@Module({
  controllers: [KeysController],
  providers: [
    onDatabase(PostgresKeyCatalog),
    {
      ...builtFrom(RegionKeyAccess, {
        objectStores: PostgresObjectStores,
        keyCatalogs: PostgresKeyCatalog,
        restore: RestoreWatch,
        keyManagers: TenantKeyManagers,
      }),
      provide: KEY_ACCESS,
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
