import { type DynamicModule, Global, Module } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';

export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');

/** What the environment says, checked before Nest starts: a wrong variable ends the process with a list of all. */
@Global()
@Module({})
export class GatewayConfigModule {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayConfigModule,
      providers: [{ provide: GATEWAY_CONFIG, useValue: config }],
      exports: [GATEWAY_CONFIG],
    };
  }
}
