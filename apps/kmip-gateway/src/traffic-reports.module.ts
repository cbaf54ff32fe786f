import { Global, Module } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger, warningsOf } from '@lib/observability';
import { CLOCK, KEY_MANAGER_LISTENER, LOGGER } from '@lib/platform';
import { RootKeyHealthService } from '@lib/tenancy';

import { GATEWAY_CONFIG } from './gateway-config.module';
import { TrafficReports } from './reconcile/traffic-reports';

const listener = {
  provide: KEY_MANAGER_LISTENER,
  inject: [RootKeyHealthService, GATEWAY_CONFIG, CLOCK, LOGGER],
  useFactory: (
    health: RootKeyHealthService,
    { kmipEndpointName: component }: GatewayConfig,
    clock: Clock,
    logger: Logger,
  ) => new TrafficReports({ health, clock, component, log: warningsOf(logger) }),
};

/** Tenants are told what calls to their key managers met, whoever made them. */
@Global()
@Module({ providers: [listener], exports: [KEY_MANAGER_LISTENER] })
export class TrafficReportsModule {}
