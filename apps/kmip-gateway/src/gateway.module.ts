import { type DynamicModule, Module } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Logger } from '@lib/observability';
import { KeyManagersModule, ProcessModule, type ProcessOptions, regionModules } from '@lib/platform';

import { GatewayConfigModule } from './gateway-config.module';
import { GatewayMetricsModule } from './gateway-metrics.module';
import { KmipServerModule } from './kmip-server/kmip-server.module';
import { HousekeepingModule } from './reconcile/housekeeping.module';
import { RootKeyTestsModule } from './reconcile/root-key-tests.module';
import { TrafficReportsModule } from './traffic-reports.module';
import { callLimits, databasePoolSize } from './workers/shares';

/** One KMIP endpoint, or one worker of it: listener, sessions, engine and its share of the region's housekeeping. */
@Module({})
export class GatewayModule {
  static forRoot(config: GatewayConfig, logger: Logger, health: ProcessOptions['health']): DynamicModule {
    const { kmipEndpointName: endpoint } = config;
    const database = { ...config, databasePoolSize: databasePoolSize(config) };
    return {
      module: GatewayModule,
      imports: [
        ProcessModule.forRoot({ logger, ...(health && { health }), labels: { endpoint } }),
        GatewayConfigModule.forRoot(config),
        ...regionModules(database, { applicationName: endpoint, role: 'gateway' }),
        GatewayMetricsModule,
        TrafficReportsModule,
        KeyManagersModule.forRoot({ ...config, callLimits: callLimits(config) }),
        KmipServerModule,
        HousekeepingModule,
        RootKeyTestsModule,
      ],
    };
  }
}
