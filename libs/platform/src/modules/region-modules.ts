import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
  type Provider,
} from '@nestjs/common';

import { HealthServer, type Logger, Metrics } from '@lib/observability';
import {
  PostgresActivationLog,
  PostgresConnectionAttempts,
  PostgresInvalidationBus,
  PostgresLeases,
  PostgresObjectStores,
  PostgresRegionDirectory,
  PostgresUnitOfWork,
} from '@lib/persistence';
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
import { DataSource } from 'typeorm';

import { openRegion } from '../open-region';
import { Region, type RegionClient, type RegionSettings } from '../region';
import { describeRestore, RestoreWatch } from '../restore/restore-watch';
import { LOGGER } from './process.module';
import { built, partOf } from './providers';

export interface RegionOptions {
  readonly settings: RegionSettings;
  readonly client: RegionClient;
}

const ofRegion = partOf(Region);

const PROVIDERS: readonly Provider[] = [
  ofRegion(DataSource, ({ dataSource }) => dataSource),
  ofRegion(PostgresInvalidationBus, ({ bus }) => bus),
  ofRegion(PostgresRegionDirectory, ({ directory }) => directory),
  ofRegion(PostgresLeases, ({ leases }) => leases),
  ofRegion(PostgresObjectStores, ({ objectStores }) => objectStores),
  ofRegion(PostgresUnitOfWork, ({ unitOfWork }) => unitOfWork),
  ofRegion(CredentialSealer, ({ seals }) => seals.sealer),
  ofRegion(EndpointPolicy, ({ endpoints }) => endpoints),
  ofRegion(InstanceService, ({ instances }) => instances),
  ofRegion(ClientCertificateService, ({ certificates }) => certificates),
  ofRegion(CertificateProofService, ({ proofs }) => proofs),
  ofRegion(KmipPasswords, ({ kmipPasswords }) => kmipPasswords),
  ofRegion(KmipCredentialService, ({ kmipCredentials }) => kmipCredentials),
  ofRegion(RootKeyBindingService, ({ rootKeys }) => rootKeys),
  ofRegion(RestoreWatch, ({ restore }) => restore),
  built(PostgresActivationLog, [DataSource]),
  built(PostgresConnectionAttempts, [DataSource]),
];

/** The catalog of the region and the services over it, on one database. */
@Global()
@Module({})
export class RegionModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(Region) private readonly region: Region,
    @Optional() @Inject(HealthServer) private readonly health?: HealthServer,
    @Optional() @Inject(Metrics) private readonly metrics?: Metrics,
  ) {}

  /** A process that serves waits for a database that is not there yet, and its health port says so; a command fails. */
  static forRoot({ settings, client }: RegionOptions): DynamicModule {
    const opened: Provider = {
      provide: Region,
      inject: [LOGGER, { token: HealthServer, optional: true }],
      useFactory: (logger: Logger, health?: HealthServer) =>
        health === undefined ? Region.open(settings, client, logger) : openRegion(settings, client, logger, health),
    };
    const providers = [opened, ...PROVIDERS];
    return { module: RegionModule, providers, exports: providers };
  }

  onModuleInit(): void {
    this.health?.addCheck({ name: 'database', check: () => this.region.checkDatabase() });
    if (this.metrics !== undefined) describeRestore(this.metrics, this.region.restore);
  }

  /** After everything that asks the database has ended. */
  async onApplicationShutdown(): Promise<void> {
    await this.region.close();
  }
}
