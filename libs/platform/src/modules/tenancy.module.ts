import { randomUUID } from 'node:crypto';

import { type DynamicModule, Global, Module } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { PostgresObjectStores, PostgresRegionDirectory, PostgresUnitOfWork } from '@lib/persistence';
import {
  CertificateProofService,
  ClientCertificateService,
  type ClientCertificateServiceOptions,
  CredentialSealer,
  EndpointPolicy,
  InstanceService,
  KeyMoveService,
  KmipCredentialService,
  KmipPasswords,
  RootKeyBindingService,
  RootKeyHealthService,
  type UnitOfWork,
} from '@lib/tenancy';

import { type CloudEndpointSettings, endpointTemplates } from '../cloud-endpoints';
import { onDatabase } from './database.module';
import { CLOCK } from './process.module';
import { built } from './providers';
import { SERVICE_KEYRING } from './service-keys.module';

export interface TenancySettings extends CloudEndpointSettings {
  /** For who makes instances. */
  readonly maximumInstancesPerAccount?: number;
}

const NEW_ID = Symbol('NEW_ID');
const REGISTRATION = Symbol('REGISTRATION');
const INSTANCE_LIMITS = Symbol('INSTANCE_LIMITS');

const registration = {
  provide: REGISTRATION,
  inject: [PostgresRegionDirectory],
  useFactory: (directory: PostgresRegionDirectory): ClientCertificateServiceOptions => ({
    newId: randomUUID,
    directory,
  }),
};

const rootKeyHealth = {
  provide: RootKeyHealthService,
  inject: [PostgresUnitOfWork, CLOCK],
  useFactory: (unitOfWork: UnitOfWork, clock: Clock) => new RootKeyHealthService(unitOfWork, clock),
};

const SERVICES = [
  onDatabase(PostgresObjectStores),
  onDatabase(PostgresRegionDirectory),
  onDatabase(PostgresUnitOfWork),
  built(CredentialSealer, [SERVICE_KEYRING]),
  built(KmipPasswords, [SERVICE_KEYRING]),
  built(InstanceService, [PostgresUnitOfWork, PostgresRegionDirectory, CLOCK, INSTANCE_LIMITS]),
  built(ClientCertificateService, [PostgresUnitOfWork, CLOCK, REGISTRATION]),
  built(CertificateProofService, [PostgresUnitOfWork, CLOCK, REGISTRATION]),
  built(KmipCredentialService, [PostgresUnitOfWork, KmipPasswords, CLOCK, NEW_ID]),
  built(KeyMoveService, [PostgresUnitOfWork, CLOCK]),
  rootKeyHealth,
  built(RootKeyBindingService, [PostgresUnitOfWork, CredentialSealer, EndpointPolicy, CLOCK, NEW_ID]),
];

/** Instances of the region with their clients and root keys. */
@Global()
@Module({})
export class TenancyModule {
  static forRoot({ maximumInstancesPerAccount: maximumPerAccount, ...cloud }: TenancySettings): DynamicModule {
    const endpoints = { provide: EndpointPolicy, useFactory: () => new EndpointPolicy(endpointTemplates(cloud)) };
    const limits = {
      provide: INSTANCE_LIMITS,
      useValue: maximumPerAccount === undefined ? {} : { maximumPerAccount },
    };
    const newId = { provide: NEW_ID, useValue: randomUUID };
    return {
      module: TenancyModule,
      providers: [newId, limits, registration, endpoints, ...SERVICES],
      exports: [endpoints, ...SERVICES],
    };
  }
}
