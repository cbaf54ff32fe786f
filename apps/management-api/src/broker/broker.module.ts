import { Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger, Metrics } from '@lib/observability';
import { PostgresServiceInstanceDirectory, PostgresServiceInstanceUnitOfWork, PostgresLeases } from '@lib/persistence';
import { built, CLOCK, LOGGER } from '@lib/platform';
import { type PlatformInstances, PlatformReconciler } from '@lib/service-instances';

import { IamKeySet } from '../auth/iam-key-set';
import { PUBLIC_URL } from '../http/tokens';
import { HttpModule } from '../http/http.module';
import { iamIssuerOf, MANAGEMENT_CONFIG } from '../management-config.module';
import { BrokerMisconfigured } from './broker-misconfigured';
import { BrokerReport } from './broker-report';
import { ReconciliationDuty } from './duties/reconciliation.duty';
import { InstanceStateSpace, OsbSpace } from './http/osb-space';
import { PlatformAuthentication } from './http/platform-authentication';
import { MeteringModule } from './metering.module';
import { GlobalCatalogComparison } from './platform/global-catalog-comparison';
import { PLATFORM_INSTANCES, PlatformModule } from './platform/platform.module';
import { ServiceInstancesModule } from './service-instances.module';
import { CatalogController } from './service/catalog.controller';
import { InstanceStateController } from './service/instance-state.controller';
import { OrderRules } from './service/order-rules';
import { ServiceBindingsController } from './service/service-bindings.controller';
import { ServiceInstancesController } from './service/service-instances.controller';
import { ServiceOffer } from './service/service-offer';

const serviceOffer = {
  provide: ServiceOffer,
  inject: [MANAGEMENT_CONFIG, PUBLIC_URL],
  useFactory: (config: ManagementApiConfig, publicUrl: string) =>
    new ServiceOffer({
      serviceName: config.serviceName,
      serviceId: config.brokerServiceId,
      standardPlanId: config.brokerStandardPlanId,
      dedicatedPlanId: config.brokerDedicatedPlanId,
      publicUrl,
    }),
};

const platformAuthentication = {
  provide: PlatformAuthentication,
  inject: [IamKeySet, MANAGEMENT_CONFIG, CLOCK],
  useFactory: (keys: IamKeySet, config: ManagementApiConfig, clock: Clock) => {
    const { brokerAllowedCrns: allowedCrns = [] } = config;
    const { brokerBasicUsername: username, brokerBasicPassword: password } = config;
    if ((username === undefined) !== (password === undefined)) {
      throw new BrokerMisconfigured('BROKER_USERNAME and BROKER_PASSWORD are set together or not at all');
    }
    const basic = username !== undefined && password !== undefined && { basic: { username, password } };
    return new PlatformAuthentication({ keys, issuer: iamIssuerOf(config), allowedCrns, ...basic, clock });
  },
};

/** Undefined where the platform is not asked. */
const platformReconciler = {
  provide: PlatformReconciler,
  inject: [PostgresServiceInstanceUnitOfWork, PostgresServiceInstanceDirectory, PLATFORM_INSTANCES, CLOCK],
  useFactory: (
    unitOfWork: PostgresServiceInstanceUnitOfWork,
    directory: PostgresServiceInstanceDirectory,
    platform: PlatformInstances | undefined,
    clock: Clock,
  ) => platform && new PlatformReconciler(unitOfWork, directory, platform, clock),
};

const reconciliation = {
  provide: ReconciliationDuty,
  inject: [PlatformReconciler, PostgresLeases, BrokerReport, LOGGER],
  useFactory: (
    reconciler: PlatformReconciler | undefined,
    leases: PostgresLeases,
    report: BrokerReport,
    logger: Logger,
  ) => reconciler && new ReconciliationDuty(reconciler, leases, report, logger),
};

/** The service broker: what the IBM Cloud catalog sees of us (Open Service Broker API 2.17). */
@Module({
  imports: [HttpModule, PlatformModule, ServiceInstancesModule, MeteringModule],
  controllers: [CatalogController, ServiceInstancesController, ServiceBindingsController, InstanceStateController],
  providers: [
    serviceOffer,
    platformAuthentication,
    built(BrokerReport, [Metrics, LOGGER]),
    OrderRules,
    OsbSpace,
    InstanceStateSpace,
    platformReconciler,
    reconciliation,
    GlobalCatalogComparison,
  ],
})
export class BrokerModule {}
