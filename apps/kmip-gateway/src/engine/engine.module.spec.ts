import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { KMIP_OPERATIONS, OperationTable } from '@lib/kmip-engine';
import { V1_4 } from '@lib/kmip-protocol';
import { CLOCK, LOGGER } from '@lib/platform';

import { GatewayMetrics } from '../gateway-metrics';
import { EngineModule } from './engine.module';

@Global()
@Module({
  providers: [CLOCK, LOGGER, GatewayMetrics].map((provide) => ({ provide, useValue: {} })),
  exports: [CLOCK, LOGGER, GatewayMetrics],
})
class ProcessDouble {}

/** A module of somebody else that brings an operation. */
@Module({
  providers: KMIP_OPERATIONS.slice(0, 1).map((operation) => ({
    provide: 'another',
    useFactory: () => new operation(),
  })),
})
class Extension {}

describe('the engine module', () => {
  it('finds the operations among all providers, and takes nothing else for one', async () => {
    const module = await Test.createTestingModule({ imports: [ProcessDouble, EngineModule] }).compile();
    await module.init();
    expect(module.get(OperationTable).numbers(V1_4)).toHaveLength(KMIP_OPERATIONS.length);
    await module.close();
  });

  it('finds them in other modules too: a second one of an operation keeps the process from starting', async () => {
    const imports = [ProcessDouble, EngineModule, Extension];
    const module = await Test.createTestingModule({ imports }).compile();
    await expect(module.init()).rejects.toThrow('two providers carry out Activate');
  });
});
