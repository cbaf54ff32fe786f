import { Global, Module } from '@nestjs/common';

import { Metrics } from '@lib/observability';
import { built, CLOCK, KEY_MANAGER_CALLS, LOGGER } from '@lib/platform';

import { GatewayMetrics } from './gateway-metrics';

/** What all rooms of the gateway count. */
@Global()
@Module({
  providers: [
    built(GatewayMetrics, [Metrics, LOGGER, CLOCK]),
    { provide: KEY_MANAGER_CALLS, useExisting: GatewayMetrics },
  ],
  exports: [GatewayMetrics, KEY_MANAGER_CALLS],
})
export class GatewayMetricsModule {}
