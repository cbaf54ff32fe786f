import { managementApiConfig, type ManagementApiConfig, parseConfig } from '@lib/config';
import { type Clock, type Leases, systemClock } from '@lib/kernel';
import { type UsageReporter } from '@lib/metering';
import { type Logger, Metrics } from '@lib/observability';
import { PostgresServiceInstanceDirectory, PostgresServiceInstanceUnitOfWork, PostgresLeases } from '@lib/persistence';
import { CLOCK, KEY_MANAGER_DRIVERS, LOGGER, quietly } from '@lib/platform';
import {
  type ServiceInstanceUnitOfWork,
  DeprovisioningService,
  InstanceStateService,
  OperationRunner,
  OperationWorker,
  ProvisioningService,
} from '@lib/service-instances';
import { EndpointPolicy } from '@lib/tenancy';
import { Module } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';

import { IamKeySet, keysFrom } from '../src/auth/iam-key-set';
import { ServiceIdentity } from '../src/auth/service-identity';
import { BrokerModule } from '../src/broker/broker.module';
import { MeteringDuty } from '../src/broker/duties/metering.duty';
import { OperationsDuty } from '../src/broker/duties/operations.duty';
import { RetentionDuty } from '../src/broker/duties/retention.duty';
import { USAGE_REPORTER } from '../src/broker/platform/platform.module';
import { ServiceOffer } from '../src/broker/service/service-offer';
import { PUBLIC_URL } from '../src/http/tokens';
import { SpaceAdapter } from '../src/http/space-adapter';
import { ManagementConfigModule } from '../src/management-config.module';

type DataSource = ConstructorParameters<typeof PostgresLeases>[0];

export const BROKER_CRN = `crn:v1:bluemix:public:resource-controller::a/${'b'.repeat(32)}::resource-broker:b0b0b0b0-0000-4000-8000-000000000001`;
export const USERNAME = 'broker';
export const PASSWORD = 'broker-secret-of-the-test';

const PUBLIC = 'https://kmip.example.com';
const SERVICE = {
  BROKER_SERVICE_ID: '0f3c1f52-6e0b-4f5e-9d0b-6f3d1b0a7c01',
  BROKER_STANDARD_PLAN_ID: '0f3c1f52-6e0b-4f5e-9d0b-6f3d1b0a7c11',
  BROKER_DEDICATED_PLAN_ID: '0f3c1f52-6e0b-4f5e-9d0b-6f3d1b0a7c12',
} as const;

export const OFFER = new ServiceOffer({
  serviceName: 'kmip-for-vmware',
  serviceId: SERVICE.BROKER_SERVICE_ID,
  standardPlanId: SERVICE.BROKER_STANDARD_PLAN_ID,
  dedicatedPlanId: SERVICE.BROKER_DEDICATED_PLAN_ID,
  publicUrl: PUBLIC,
});

export const brokerConfig = (environment: Readonly<Record<string, string>> = {}): ManagementApiConfig =>
  parseConfig(managementApiConfig, {
    REGION: 'us-south',
    DATABASE_URL: 'postgres://unused@127.0.0.1/unused',
    SERVICE_KEY_FILE: '/unused',
    ...SERVICE,
    ...environment,
  });

/** What surrounds the broker's modules in a process. */
export interface BrokerSurroundings {
  readonly dataSource: DataSource;
  readonly config?: ManagementApiConfig;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** The broker's modules on a database, to be compiled: until then parts of it can be replaced. */
export function brokerModule({
  dataSource,
  config = brokerConfig(),
  clock = systemClock,
  logger = faultLog(() => undefined),
}: BrokerSurroundings): TestingModuleBuilder {
  const providers = [
    { provide: CLOCK, useValue: clock },
    { provide: LOGGER, useValue: logger },
    { provide: PUBLIC_URL, useValue: PUBLIC },
    { provide: ServiceIdentity, useFactory: () => ServiceIdentity.of(config) },
    { provide: IamKeySet, useValue: new IamKeySet(keysFrom(`${config.iamUrl}/identity/keys`), clock) },
    { provide: EndpointPolicy, useValue: new EndpointPolicy(KEY_MANAGER_DRIVERS) },
    { provide: PostgresLeases, useValue: new PostgresLeases(dataSource) },
    { provide: PostgresServiceInstanceUnitOfWork, useValue: new PostgresServiceInstanceUnitOfWork(dataSource) },
    { provide: PostgresServiceInstanceDirectory, useValue: new PostgresServiceInstanceDirectory(dataSource) },
    { provide: Metrics, useValue: new Metrics() },
  ];
  const surroundings = { module: Surroundings, global: true, providers, exports: providers };
  return Test.createTestingModule({
    imports: [ManagementConfigModule.forRoot(config), surroundings, BrokerModule],
  });
}

@Module({})
class Surroundings {}

/** A log that keeps what went wrong, and forgets the rest. */
export function faultLog(fault: (message: string, error: unknown) => void): Logger {
  const note = ({ err }: { readonly err?: unknown }, message: string): void => fault(message, err);
  return { debug: () => undefined, info: () => undefined, warn: note, error: note } as unknown as Logger;
}

/** The services behind the broker and its duties, without HTTP; the duties rest until they are told to. */
export interface BrokerServices {
  readonly runner: OperationRunner;
  readonly provisioning: ProvisioningService;
  readonly deprovisioning: DeprovisioningService;
  readonly states: InstanceStateService;
  readonly operations: OperationsDuty;
  readonly metering: MeteringDuty;
  readonly retention: RetentionDuty;
}

export async function brokerServices(
  surroundings: BrokerSurroundings,
  replaced: { readonly unitOfWork?: ServiceInstanceUnitOfWork; readonly usageReporter?: UsageReporter } = {},
): Promise<BrokerServices> {
  const { unitOfWork, usageReporter } = replaced;
  const builder = brokerModule(surroundings);
  if (unitOfWork) builder.overrideProvider(PostgresServiceInstanceUnitOfWork).useValue(unitOfWork);
  if (usageReporter) builder.overrideProvider(USAGE_REPORTER).useValue(usageReporter);
  const module = await builder.compile();
  return {
    runner: module.get(OperationRunner),
    provisioning: module.get(ProvisioningService),
    deprovisioning: module.get(DeprovisioningService),
    states: module.get(InstanceStateService),
    operations: module.get(OperationsDuty),
    metering: module.get(MeteringDuty),
    retention: module.get(RetentionDuty),
  };
}

export interface BrokerApp {
  readonly url: string;
  /** What was answered with fixed text: empty unless there is a bug. */
  readonly failures: unknown[];
  close(): Promise<void>;
}

/** The broker's routes on a free port of the loopback interface. */
export async function listening(module: TestingModule): Promise<NestFastifyApplication> {
  const app = module.createNestApplication<NestFastifyApplication>(new SpaceAdapter(), quietly({ bodyParser: false }));
  await app.listen(0, '127.0.0.1');
  return app;
}

/** So that tests need not wait. */
const OPERATION_INTERVAL_MS = 50;

/** An application of the broker alone, on a free port. */
export async function startBrokerApp(
  dataSource: DataSource,
  iam: { readonly url: string; readonly issuer: string },
  { settleMs = 400 }: { readonly settleMs?: number } = {},
): Promise<BrokerApp> {
  const failures: unknown[] = [];
  const config = brokerConfig({
    IAM_URL: iam.url,
    IAM_ISSUER: iam.issuer,
    BROKER_ALLOWED_CRNS: BROKER_CRN,
    BROKER_USERNAME: USERNAME,
    BROKER_PASSWORD: PASSWORD,
    BROKER_SETTLE_MS: String(settleMs),
    KMIP_ENDPOINTS: 'kmip-1.example.com:5696,kmip-2.example.com:5696',
  });
  const logger = faultLog((_message, error) => error !== undefined && failures.push(error));
  const module = await brokerModule({ dataSource, config, logger })
    .overrideProvider(OperationsDuty)
    .useFactory({
      inject: [OperationWorker, PostgresLeases],
      factory: (worker: OperationWorker, leases: Leases) =>
        new OperationsDuty(worker, leases, logger, OPERATION_INTERVAL_MS),
    })
    .compile();
  const app = await listening(module);
  return { url: await app.getUrl(), failures, close: () => app.close() };
}
