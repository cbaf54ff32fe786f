import { hostname } from 'node:os';

import { Inject, Injectable } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger, warningsOf } from '@lib/observability';
import { PostgresLeases, PostgresRegionDirectory } from '@lib/persistence';
import { CLOCK, LOGGER, RestoreWatch } from '@lib/platform';
import { omit } from '@lib/tenancy';

import { GATEWAY_CONFIG } from '../gateway-config.module';
import { InstanceLoop, type InstanceLoopOptions } from './instance-loop';

const TESTS_AT_ONCE = 16;
/** Each with eight keys on their way; the bound of it is what one gateway can carry beside its clients. */
const MOVES_AT_ONCE = 4;

/** What differs from one loop to another. */
type OwnOptions = Pick<
  InstanceLoopOptions,
  'name' | 'unsettled' | 'slices' | 'isExceptional' | 'visit' | 'atOnce' | 'changes'
>;

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

  /** Where rows tell of all there is to do. */
  make(name: string, visit: InstanceLoopOptions['visit']): InstanceLoop {
    return this.#loop(omit(this.#roundTheRegion(name, visit), 'slices'));
  }

  /** Looks at instances with a root key as well of which no row tells that there is anything to do. */
  makeLookingAround(name: string, visit: InstanceLoopOptions['visit']): InstanceLoop {
    return this.#loop(this.#roundTheRegion(name, visit));
  }

  /** Of instances whose keys have to go somewhere else: several at once, and at once when one of them changes. */
  makeForMoves(
    name: string,
    changes: NonNullable<InstanceLoopOptions['changes']>,
    visit: InstanceLoopOptions['visit'],
  ): InstanceLoop {
    return this.#loop({ ...this.#roundTheRegion(name, visit), atOnce: MOVES_AT_ONCE, changes });
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

  #roundTheRegion(name: string, visit: InstanceLoopOptions['visit']) {
    const { config, region, clock, restore } = this;
    const { reconcileIntentsAfterMs: staleAfterMs } = config;
    return {
      name,
      unsettled: (page) => region.unsettledInstances(page, new Date(clock.now().getTime() - staleAfterMs)),
      slices: (page) => region.boundInstances(page),
      // What a restored catalog lacks is found by looking.
      isExceptional: () => restore.isHeld,
      visit,
    } satisfies Partial<InstanceLoopOptions>;
  }

  #loop(options: OwnOptions): InstanceLoop {
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
