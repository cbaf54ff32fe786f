import { hostname } from 'node:os';

import { type GatewayConfig } from '@lib/config';
import { type InstanceId, newCorrelationId, newUniqueIdentifier } from '@lib/kernel';
import {
  type BackgroundDependencies,
  CustodySweep,
  type EngineMetrics,
  NoteApplication,
  NoteWriter,
  Reconciler,
} from '@lib/kmip-engine';
import { type Logger } from '@lib/observability';
import { type Region, type TenantKeyManagers } from '@lib/platform';

import { InstanceLoop } from './instance-loop';
import { InstanceNotes } from './instance-notes';
import { InstanceSweep, type SweepObserver, type SweepScope } from './instance-sweep';

export interface HousekeepingParts {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly region: Region;
  readonly keyManagers: TenantKeyManagers;
  readonly observer: SweepObserver & Pick<EngineMetrics, 'storedKeyKept' | 'custodyAlarm'>;
}

/** This gateway's share of the region's duties that no client asks for. */
export class Housekeeping {
  readonly #loops: readonly InstanceLoop[];
  readonly #notes: InstanceNotes;

  constructor(private readonly parts: HousekeepingParts) {
    this.#notes = this.#instanceNotes();
    const noting = this.#loop('key-notes', (instanceId, signal) => this.#notes.visit(instanceId, signal));
    this.#loops = [this.#reconciling(), this.#sweeping(), noting];
  }

  /** Facts that are in force and that no key manager remembers yet. */
  get unwrittenNotes(): number {
    return this.#notes.unwritten;
  }

  start(): void {
    for (const loop of this.#loops) loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  #reconciling(): InstanceLoop {
    const { reconcileIntentsAfterMs: staleAfterMs } = this.parts.config;
    const reconciler = new Reconciler(this.#background(), { staleAfterMs });
    return this.#loop('reconcile', async (instanceId, signal) => {
      await reconciler.run(await this.#scopeFor(instanceId, signal));
      return false;
    });
  }

  #sweeping(): InstanceLoop {
    const { config, region, observer } = this.parts;
    const sweep = new InstanceSweep({
      sweep: new CustodySweep(this.#background()),
      rootKeys: region.rootKeys,
      scopeFor: (instanceId, signal) => this.#scopeFor(instanceId, signal),
      clock: region.clock,
      staleAfterMs: config.reconcileIntentsAfterMs,
      observer,
    });
    return this.#loop('custody-sweep', (instanceId, signal) => sweep.visit(instanceId, signal));
  }

  #instanceNotes(): InstanceNotes {
    const { logger, region } = this.parts;
    const background = this.#background();
    return new InstanceNotes({
      writer: new NoteWriter(background),
      application: new NoteApplication(background),
      scopeFor: (instanceId, signal) => this.#scopeFor(instanceId, signal),
      clock: region.clock,
      log: (fields, message) => logger.warn(fields, message),
    });
  }

  #loop(name: string, visit: (instanceId: InstanceId, signal: AbortSignal) => Promise<boolean>): InstanceLoop {
    const { config, logger, region } = this.parts;
    return new InstanceLoop({
      name,
      leases: region.leases,
      // By name, not by process: a gateway that was started again goes on with its own lease.
      owner: `${hostname()}/${config.kmipEndpointName}`,
      region: region.directory,
      clock: region.clock,
      everyMs: config.reconcileEveryMs,
      visit,
      log: (message, error) => logger.warn({ err: error }, message),
    });
  }

  #background(): BackgroundDependencies {
    const { config, logger, region, observer: metrics } = this.parts;
    const component = config.kmipEndpointName;
    return { clock: region.clock, newCorrelationId, newUniqueIdentifier, logger, metrics, component };
  }

  async #scopeFor(instanceId: InstanceId, signal: AbortSignal): Promise<SweepScope> {
    const { region, keyManagers } = this.parts;
    return {
      instanceId,
      store: region.objectStores.forInstance(instanceId),
      destructionsWait: region.restore.destructionsWait(instanceId),
      signal,
      ...(await keyManagers.for(instanceId)),
      former: await keyManagers.former(instanceId),
    };
  }
}
