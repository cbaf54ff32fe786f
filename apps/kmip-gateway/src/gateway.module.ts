import { type DynamicModule, Module } from '@nestjs/common';

import { Gateway, type GatewayParts } from './gateway';

/** Composition root of the gateway: Nest gives it its life cycle, the parts are plain classes. */
@Module({})
export class GatewayModule {
  static with(parts: GatewayParts): DynamicModule {
    return {
      module: GatewayModule,
      providers: [{ provide: Gateway, useFactory: () => new Gateway(parts) }],
      exports: [Gateway],
    };
  }
}
