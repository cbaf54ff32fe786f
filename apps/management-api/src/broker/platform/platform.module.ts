import { Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';

import { ServiceIdentity } from '../../auth/service-identity';
import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { BrokerMisconfigured } from '../broker-misconfigured';
import { PlatformUsageReporter } from './platform-usage-reporter';
import { ResourceControllerInstances } from './resource-controller-instances';

/** Who we are for the platform; undefined where none of its services is called. */
export const PLATFORM_IDENTITY = Symbol('PLATFORM_IDENTITY');
/** Where usage is reported; undefined without USAGE_METERING_URL. */
export const USAGE_REPORTER = Symbol('USAGE_REPORTER');
/** Instances as the platform has them; undefined without BROKER_RECONCILE. */
export const PLATFORM_INSTANCES = Symbol('PLATFORM_INSTANCES');

const platformIdentity = {
  provide: PLATFORM_IDENTITY,
  inject: [MANAGEMENT_CONFIG, ServiceIdentity],
  useFactory: (
    { usageMeteringUrl, globalCatalogUrl, brokerReconcile }: ManagementApiConfig,
    identity: ServiceIdentity | undefined,
  ) => {
    const called = usageMeteringUrl !== undefined || globalCatalogUrl !== undefined || brokerReconcile;
    if (called && identity === undefined) {
      throw new BrokerMisconfigured('USAGE_METERING_URL, GLOBAL_CATALOG_URL and BROKER_RECONCILE need SERVICE_API_KEY');
    }
    return identity;
  },
};

const usageReporter = {
  provide: USAGE_REPORTER,
  inject: [MANAGEMENT_CONFIG, PLATFORM_IDENTITY],
  useFactory: ({ usageMeteringUrl: url }: ManagementApiConfig, identity: ServiceIdentity | undefined) =>
    url === undefined || identity === undefined ? undefined : new PlatformUsageReporter(url, identity),
};

const platformInstances = {
  provide: PLATFORM_INSTANCES,
  inject: [MANAGEMENT_CONFIG, PLATFORM_IDENTITY],
  useFactory: (config: ManagementApiConfig, identity: ServiceIdentity | undefined) =>
    config.brokerReconcile && identity !== undefined
      ? new ResourceControllerInstances(config.resourceControllerUrl, identity)
      : undefined,
};

/** IBM Cloud's own services, as far as they are configured. */
@Module({
  providers: [platformIdentity, usageReporter, platformInstances],
  exports: [PLATFORM_IDENTITY, USAGE_REPORTER, PLATFORM_INSTANCES],
})
export class PlatformModule {}
