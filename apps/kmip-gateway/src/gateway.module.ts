import { type DynamicModule, Module } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Logger } from '@lib/observability';
import { KeyManagersModule, ProcessModule, regionModules } from '@lib/platform';

import { GatewayConfigModule } from './gateway-config.module';
import { GatewayMetricsModule } from './gateway-metrics.module';
import { KmipServerModule } from './kmip-server/kmip-server.module';
import { HousekeepingModule } from './reconcile/housekeeping.module';

/** One KMIP endpoint: listener, sessions, engine and its share of the region's housekeeping. */
@Module({})
export class GatewayModule {
  static forRoot(config: GatewayConfig, logger: Logger): DynamicModule {
    const { healthHost: host, healthPort: port, kmipEndpointName: endpoint } = config;
    return {
      module: GatewayModule,
      imports: [
        ProcessModule.forRoot({ logger, health: { host, port }, labels: { endpoint } }),
        GatewayConfigModule.forRoot(config),
        ...regionModules(config, { applicationName: endpoint, role: 'gateway' }),
        GatewayMetricsModule,
        KeyManagersModule.forRoot(config),
        KmipServerModule,
        HousekeepingModule,
      ],
    };
  }
}
