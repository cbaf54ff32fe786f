import { type ManagementApiConfig } from '@lib/config';
import { Secret } from '@lib/kernel';
import { createLogger, Metrics } from '@lib/observability';
import { type PostgresUnitOfWork } from '@lib/persistence';
import {
  KeyManagersModule,
  ProcessModule,
  RegionDatabase,
  regionModules,
  RestoreWatch,
  SERVICE_KEYRING,
} from '@lib/platform';
import { type ServiceKeyring } from '@lib/tenancy';
import { Global, Module } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';

import { AuthModule } from '../src/auth/auth.module';
import { ConsoleSessionsModule } from '../src/console/console-sessions.module';
import { ConsoleModule } from '../src/console/console.module';
import { ManagementConfigModule } from '../src/management-config.module';
import { StoresModule } from '../src/stores.module';
import { TenantApiModule } from '../src/tenant-api/tenant-api.module';
import { verifiedAnswers } from './verified-answers';

/** TypeORM stays behind libs/persistence. */
export type DataSource = ConstructorParameters<typeof PostgresUnitOfWork>[0];

@Global()
@Module({ providers: [{ provide: Metrics, useFactory: () => new Metrics() }], exports: [Metrics] })
class MetricsModule {}

/** The tenants' side on a database that is open, to be compiled: until then parts of it can be replaced. */
export function tenantApiModule(dataSource: DataSource, config: ManagementApiConfig): TestingModuleBuilder {
  const logger = createLogger({ level: 'silent', name: 'test' });
  return Test.createTestingModule({
    imports: [
      ProcessModule.forRoot({ logger }),
      MetricsModule,
      ManagementConfigModule.forRoot(config),
      ...regionModules(config, { applicationName: 'test', role: 'api' }),
      StoresModule,
      KeyManagersModule.forRoot(config),
      AuthModule,
      ConsoleSessionsModule,
      TenantApiModule.forRoot(config),
      ConsoleModule,
    ],
    providers: [verifiedAnswers],
  })
    .overrideProvider(RegionDatabase)
    .useValue(databaseOn(dataSource))
    .overrideProvider(SERVICE_KEYRING)
    .useValue(TEST_KEYRING)
    .overrideProvider(RestoreWatch)
    .useValue(NO_RESTORE);
}

export const TEST_KEYRING: ServiceKeyring = { newest: 1, keys: new Map([[1, Secret.of(Buffer.alloc(32, 1))]]) };

/** Its process hears of no changes. */
export const databaseOn = (dataSource: DataSource) => ({
  dataSource,
  bus: { subscribe: () => () => undefined },
  close: () => Promise.resolve(),
});

/** Nobody restores the database. */
export const NO_RESTORE = {
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  destructionsWait: () => false,
  heldSince: () => undefined,
};
