import { Module } from '@nestjs/common';

import { KeyAdministration, KeyDestruction } from '@lib/kmip-engine';
import { type Logger } from '@lib/observability';
import { PostgresKeyCatalog, PostgresObjectStores } from '@lib/persistence';
import { built, builtFrom, CLOCK, LOGGER, onDatabase, RestoreWatch, TenantKeyManagers } from '@lib/platform';
import { InstanceService, RootKeyHealthService } from '@lib/tenancy';

import { HealthOverview } from '../root-key/health-overview';
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
        health: RootKeyHealthService,
        restore: RestoreWatch,
        keyManagers: TenantKeyManagers,
        instances: InstanceService,
        clock: CLOCK,
      }),
      provide: KEY_ACCESS,
    },
    {
      provide: KeyDestruction,
      inject: [LOGGER],
      useFactory: (logger: Logger) => new KeyDestruction({ logger }),
    },
    HealthOverview,
    built(KeyAdministration, [KeyDestruction, CLOCK]),
  ],
  exports: [KEY_ACCESS, KeyAdministration, HealthOverview],
})
export class KeysModule {}
