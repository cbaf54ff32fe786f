import { randomUUID } from 'node:crypto';

import { type ManagementApiConfig } from '@lib/config';
import { Secret, systemClock } from '@lib/kernel';
import { createLogger, Metrics } from '@lib/observability';
import { PostgresLeases, PostgresObjectStores, PostgresRegionDirectory, PostgresUnitOfWork } from '@lib/persistence';
import { endpointTemplates, KeyManagersModule, ProcessModule, Region, RegionModule } from '@lib/platform';
import {
  CertificateProofService,
  ClientCertificateService,
  CredentialSealer,
  EndpointPolicy,
  InstanceService,
  KmipCredentialService,
  KmipPasswords,
  RootKeyBindingService,
} from '@lib/tenancy';
import { Global, Module } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';

import { AuthModule } from '../src/auth/auth.module';
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
      RegionModule.forRoot({ settings: config, client: { applicationName: 'test', role: 'api' } }),
      StoresModule,
      KeyManagersModule.forRoot(config),
      AuthModule,
      TenantApiModule.forRoot(config),
    ],
    providers: [verifiedAnswers],
  })
    .overrideProvider(Region)
    .useValue(regionOn(dataSource, config));
}

/** A region that hears of no changes, and whose database nobody restores. */
export function regionOn(dataSource: DataSource, config: ManagementApiConfig): Partial<Region> {
  const clock = systemClock;
  const newId = randomUUID;
  const unitOfWork = new PostgresUnitOfWork(dataSource);
  const directory = new PostgresRegionDirectory(dataSource);
  const keyring = { newest: 1, keys: new Map([[1, Secret.of(Buffer.alloc(32, 1))]]) };
  const sealer = new CredentialSealer(keyring);
  const kmipPasswords = new KmipPasswords(keyring);
  const endpoints = new EndpointPolicy(endpointTemplates(config));
  return {
    clock,
    dataSource,
    directory,
    endpoints,
    unitOfWork,
    kmipPasswords,
    bus: { subscribe: () => () => undefined } as unknown as Region['bus'],
    leases: new PostgresLeases(dataSource),
    objectStores: new PostgresObjectStores(dataSource),
    instances: new InstanceService(unitOfWork, directory, clock),
    certificates: new ClientCertificateService(unitOfWork, clock, { newId, directory }),
    proofs: new CertificateProofService(unitOfWork, clock, { newId, directory }),
    kmipCredentials: new KmipCredentialService(unitOfWork, kmipPasswords, clock, newId),
    rootKeys: new RootKeyBindingService(unitOfWork, sealer, endpoints, clock, newId),
    restore: { destructionsWait: () => false, heldSince: () => undefined } as unknown as Region['restore'],
    seals: { sealer, passwords: kmipPasswords },
    close: () => Promise.resolve(),
  };
}
