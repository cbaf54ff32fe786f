import { hostname } from 'node:os';

import { Inject, Injectable } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger, warningsOf } from '@lib/observability';
import { PostgresLeases, PostgresRegionDirectory } from '@lib/persistence';
import { CLOCK, LOGGER, RestoreWatch } from '@lib/platform';

import { GATEWAY_CONFIG } from '../gateway-config.module';
import { InstanceLoop, type InstanceLoopOptions } from './instance-loop';

const TESTS_AT_ONCE = 16;

/** Makes loops over the instances of the region, each done by one gateway at a time. */
@Injectable()
export class InstanceLoops {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(PostgresLeases) private readonly leases: PostgresLeases,
    @Inject(PostgresRegionDirectory) private readonly region: PostgresRegionDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(RestoreWatch) private readonly restore: RestoreWatch,
  ) {}

  /** @param options.looksAround at instances with a root key of which no row tells that there is anything to do */
  make(
    name: string,
    visit: InstanceLoopOptions['visit'],
    { looksAround }: { readonly looksAround: boolean },
  ): InstanceLoop {
    const { config, region, clock, restore } = this;
    const { reconcileIntentsAfterMs: staleAfterMs } = config;
    return this.#loop({
      name,
      unsettled: (page) => region.unsettledInstances(page, new Date(clock.now().getTime() - staleAfterMs)),
      ...(looksAround && { slices: (page) => region.boundInstances(page) }),
      // What a restored catalog lacks is found by looking.
      isExceptional: () => restore.isHeld,
      visit,
    });
  }

  /** Of instances with a root key of which a test is due. One that waits for a dead key manager holds up no other. */
  makeForTests(name: string, visit: InstanceLoopOptions['visit']): InstanceLoop {
    const { region, clock } = this;
    return this.#loop({
      name,
      unsettled: (page) => region.untestedInstances(page, clock.now()),
      isExceptional: () => false,
      visit,
      atOnce: TESTS_AT_ONCE,
    });
  }

  #loop(
    options: Pick<InstanceLoopOptions, 'name' | 'unsettled' | 'slices' | 'isExceptional' | 'visit' | 'atOnce'>,
  ): InstanceLoop {
    const { config, leases, region, clock, logger } = this;
    return new InstanceLoop({
      leases,
      owner: ownerOf(config),
      instances: (page) => region.instances(page),
      clock,
      everyMs: config.reconcileEveryMs,
      log: warningsOf(logger),
      ...options,
    });
  }
}

/** By name: a gateway that was started again goes on with its own lease. Workers of one name must not share it. */
function ownerOf({ kmipEndpointName, kmipWorkers }: GatewayConfig): string {
  const name = `${hostname()}/${kmipEndpointName}`;
  return kmipWorkers === 1 ? name : `${name}/${process.pid}`;
}
