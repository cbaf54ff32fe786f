import {
  type DynamicModule,
  type FactoryProvider,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
} from '@nestjs/common';

import { HealthServer, type Logger } from '@lib/observability';
import { PostgresInvalidationBus, PostgresLeases, PostgresStatus } from '@lib/persistence';
import { type DataSource } from 'typeorm';

import { DatabaseWait } from '../database/database-wait';
import { type DatabaseClient, type DatabaseSettings, RegionDatabase } from '../database/region-database';
import { LOGGER } from './process.module';
import { SERVICE_KEYRING } from './service-keys.module';

/** A store of libs/persistence as a provider: SQL stays there, and the pool here. */
export const onDatabase = <Store>(type: new (dataSource: DataSource) => Store): FactoryProvider<Store> => ({
  provide: type,
  inject: [RegionDatabase],
  useFactory: ({ dataSource }: RegionDatabase) => new type(dataSource),
});

const databaseWait = {
  provide: DatabaseWait,
  inject: [LOGGER, { token: HealthServer, optional: true }],
  useFactory: (logger: Logger, health?: HealthServer) => new DatabaseWait(logger, health),
};

const invalidationBus = {
  provide: PostgresInvalidationBus,
  inject: [RegionDatabase],
  useFactory: ({ bus }: RegionDatabase) => bus,
};

/** The database of the region: open before anything is made that asks it, closed after everything that does has ended. */
@Global()
@Module({})
export class DatabaseModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(RegionDatabase) private readonly database: RegionDatabase,
    @Inject(PostgresStatus) private readonly status: PostgresStatus,
    @Optional() @Inject(HealthServer) private readonly health?: HealthServer,
  ) {}

  static forRoot(settings: DatabaseSettings, client: DatabaseClient): DynamicModule {
    const opened = {
      provide: RegionDatabase,
      // The keyring is read first: that its file is unusable is said at once, and not when the database is there.
      inject: [DatabaseWait, LOGGER, SERVICE_KEYRING],
      useFactory: (wait: DatabaseWait, logger: Logger) =>
        wait.until(() => RegionDatabase.open(settings, client, logger)),
    };
    const shared = [databaseWait, opened, invalidationBus, onDatabase(PostgresLeases), onDatabase(PostgresStatus)];
    return { module: DatabaseModule, providers: shared, exports: shared };
  }

  onModuleInit(): void {
    this.health?.addCheck({ name: 'database', check: () => this.status.ping() });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
