import { Secret, systemClock } from '@lib/kernel';
import { PostgresCatalogDirectory, PostgresCatalogUnitOfWork, PostgresLeases } from '@lib/persistence';
import { EndpointPolicy, ibmCloudEndpoints } from '@lib/tenancy';
import { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

import { IamKeySet, keysFrom } from '../src/auth/iam-key-set';
import { BrokerModule } from '../src/broker/broker.module';
import { BrokerParts, type BrokerPartsOptions } from '../src/broker/broker-parts';
import { osbEarlyRefusal } from '../src/broker/http/osb-error';
import { type BrokerObserver } from '../src/broker/http/osb.plugin';
import { PlatformAuthentication } from '../src/broker/http/platform-authentication';
import { installBroker } from '../src/broker/install-broker';
import { ServiceOffer } from '../src/broker/service/service-offer';
import { earlyRefusals } from '../src/http/early-refusals';
import { FASTIFY_OPTIONS } from '../src/tenant-api/install-tenant-api';

type DataSource = ConstructorParameters<typeof PostgresLeases>[0];

export const BROKER_CRN = `crn:v1:bluemix:public:resource-controller::a/${'b'.repeat(32)}::resource-broker:b0b0b0b0-0000-4000-8000-000000000001`;
export const USERNAME = 'broker';
export const PASSWORD = 'broker-secret-of-the-test';

export const OFFER = new ServiceOffer({
  serviceName: 'kmip-for-vmware',
  serviceId: '0f3c1f52-6e0b-4f5e-9d0b-6f3d1b0a7c01',
  standardPlanId: '0f3c1f52-6e0b-4f5e-9d0b-6f3d1b0a7c11',
  dedicatedPlanId: '0f3c1f52-6e0b-4f5e-9d0b-6f3d1b0a7c12',
  documentationUrl: 'https://kmip.example.com/v1/docs',
});

export interface BrokerApp {
  readonly url: string;
  readonly parts: BrokerParts;
  /** What was answered with fixed text: empty unless there is a bug. */
  readonly failures: unknown[];
  close(): Promise<void>;
}

const quiet = Object.assign(new NestApplicationContextOptions(), { logger: false as const });

/** An application of the broker alone, on a free port. */
export async function startBrokerApp(
  dataSource: DataSource,
  iam: { readonly url: string; readonly issuer: string },
  changes: Partial<BrokerPartsOptions> = {},
): Promise<BrokerApp> {
  const failures: unknown[] = [];
  const observer: BrokerObserver = { answered: () => undefined, failed: (error) => failures.push(error) };
  const clock = changes.clock ?? systemClock;
  const parts = new BrokerParts({
    unitOfWork: new PostgresCatalogUnitOfWork(dataSource),
    directory: new PostgresCatalogDirectory(dataSource),
    leases: new PostgresLeases(dataSource),
    clock,
    log: (_message, error) => error !== undefined && failures.push(error),
    settleMs: 400,
    operationIntervalMs: 50,
    ...changes,
  });
  const module = BrokerModule.with({
    parts,
    offer: OFFER,
    authentication: new PlatformAuthentication({
      keys: new IamKeySet(keysFrom(`${iam.url}/identity/keys`), systemClock),
      issuer: iam.issuer,
      allowedCrns: [BROKER_CRN],
      basic: { username: USERNAME, password: Secret.fromText(PASSWORD) },
      clock: systemClock,
    }),
    observer,
    regions: ['us-south'],
    endpoints: [
      { host: 'kmip-1.example.com', port: 5696 },
      { host: 'kmip-2.example.com', port: 5696 },
    ],
    keyManagers: new EndpointPolicy(ibmCloudEndpoints),
    publicUrl: 'https://kmip.example.com',
  });
  const frameworkErrors = earlyRefusals({ '/v2': osbEarlyRefusal, '/bluemix_v1': osbEarlyRefusal });
  const adapter = new FastifyAdapter({ ...FASTIFY_OPTIONS, frameworkErrors });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, quiet);
  await installBroker(app, app.getHttpAdapter().getInstance());
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { url: await app.getUrl(), parts, failures, close: () => app.close() };
}
