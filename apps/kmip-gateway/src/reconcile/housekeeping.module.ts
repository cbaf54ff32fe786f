import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Clock, newCorrelationId, newUniqueIdentifier } from '@lib/kernel';
import {
  type BackgroundDependencies,
  CustodySweep,
  DeletionRights,
  NoteApplication,
  NoteWriter,
  Reconciler,
} from '@lib/kmip-engine';
import { type Logger, Metrics } from '@lib/observability';
import { CLOCK, LOGGER, RestoreWatch } from '@lib/platform';
import { KeyMoveService, RootKeyBindingService } from '@lib/tenancy';

import { EngineModule } from '../engine/engine.module';
import { GATEWAY_CONFIG } from '../gateway-config.module';
import { GatewayMetrics } from '../gateway-metrics';
import { BackgroundScopes } from './background-scopes';
import { type InstanceLoop } from './instance-loop';
import { InstanceLoops } from './instance-loops';
import { InstanceNotes } from './instance-notes';
import { InstanceSweep } from './instance-sweep';
import { serveMoves } from './move-metrics';

/** What work needs that no client asked for. */
export const BACKGROUND = Symbol('BACKGROUND');

const background = {
  provide: BACKGROUND,
  inject: [GATEWAY_CONFIG, CLOCK, LOGGER, GatewayMetrics, DeletionRights],
  useFactory: (
    { kmipEndpointName: component }: GatewayConfig,
    clock: Clock,
    logger: Logger,
    metrics: GatewayMetrics,
    deletionRights: DeletionRights,
  ): BackgroundDependencies => {
    const making = { newCorrelationId, newUniqueIdentifier };
    return { clock, ...making, logger, metrics, deletionRights, component };
  },
};

const reconciler = {
  provide: Reconciler,
  inject: [BACKGROUND, GATEWAY_CONFIG],
  useFactory: (dependencies: BackgroundDependencies, { reconcileIntentsAfterMs: staleAfterMs }: GatewayConfig) =>
    new Reconciler(dependencies, { staleAfterMs }),
};

const instanceSweep = {
  provide: InstanceSweep,
  inject: [BACKGROUND, BackgroundScopes, RootKeyBindingService, KeyMoveService, GATEWAY_CONFIG, GatewayMetrics],
  useFactory: (
    dependencies: BackgroundDependencies,
    scopes: BackgroundScopes,
    rootKeys: RootKeyBindingService,
    moves: KeyMoveService,
    { reconcileIntentsAfterMs: staleAfterMs }: GatewayConfig,
    observer: GatewayMetrics,
  ) => {
    const { clock, component } = dependencies;
    const sweep = new CustodySweep(dependencies);
    return new InstanceSweep({ sweep, rootKeys, moves, scopeFor: scopes.of, clock, staleAfterMs, observer, component });
  },
};

const instanceNotes = {
  provide: InstanceNotes,
  inject: [BACKGROUND, BackgroundScopes, RestoreWatch, CLOCK, LOGGER],
  useFactory: (
    dependencies: BackgroundDependencies,
    scopes: BackgroundScopes,
    restore: RestoreWatch,
    clock: Clock,
    logger: Logger,
  ) =>
    new InstanceNotes({
      writer: new NoteWriter(dependencies),
      application: new NoteApplication(dependencies),
      scopeFor: scopes.of,
      heldSince: (instanceId) => restore.heldSince(instanceId),
      clock,
      log: (fields, message) => logger.warn(fields, message),
    }),
};

/** This gateway's share of the region's duties that no client asks for. */
@Module({
  imports: [EngineModule],
  providers: [BackgroundScopes, InstanceLoops, background, reconciler, instanceSweep, instanceNotes],
  exports: [BackgroundScopes, InstanceLoops, BACKGROUND],
})
export class HousekeepingModule implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  readonly #loops: readonly InstanceLoop[];

  constructor(
    @Inject(InstanceLoops) loops: InstanceLoops,
    @Inject(BackgroundScopes) scopes: BackgroundScopes,
    @Inject(Reconciler) reconciler: Reconciler,
    @Inject(InstanceSweep) private readonly sweep: InstanceSweep,
    @Inject(InstanceNotes) private readonly notes: InstanceNotes,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {
    this.#loops = [
      loops.make('reconcile', async (instanceId, signal) => {
        await reconciler.run(await scopes.of(instanceId, signal));
        return false;
      }),
      // A root key that was rotated, and a note under a root key of before, stand in no row.
      loops.makeForMoves('custody-sweep', scopes.changes, (...visit) => sweep.visit(...visit)),
      loops.makeLookingAround('key-notes', (instanceId, signal) => notes.visit(instanceId, signal)),
    ];
  }

  onModuleInit(): void {
    const unwritten = 'Revocations and suspensions that no key manager remembers yet.';
    this.metrics.polledGauge('kmip_notes_unwritten', unwritten, () => this.notes.unwritten);
    serveMoves(this.metrics, this.sweep);
  }

  onApplicationBootstrap(): void {
    for (const loop of this.#loops) loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }
}
