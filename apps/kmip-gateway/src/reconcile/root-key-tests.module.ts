import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

import { type BackgroundDependencies, StoredKeyWatch } from '@lib/kmip-engine';
import { RootKeyHealthService } from '@lib/tenancy';

import { BackgroundScopes } from './background-scopes';
import { BACKGROUND, HousekeepingModule } from './housekeeping.module';
import { type InstanceLoop } from './instance-loop';
import { InstanceLoops } from './instance-loops';
import { RootKeyTests } from './root-key-tests';

const rootKeyTests = {
  provide: RootKeyTests,
  inject: [RootKeyHealthService, BackgroundScopes, BACKGROUND],
  useFactory: (
    health: RootKeyHealthService,
    { of: scopeFor }: BackgroundScopes,
    dependencies: BackgroundDependencies,
  ) => {
    const { component } = dependencies;
    return new RootKeyTests({ health, scopeFor, component, watch: new StoredKeyWatch(dependencies) });
  },
};

/** This gateway's share of trying root keys before a client does. */
@Module({ imports: [HousekeepingModule], providers: [rootKeyTests] })
export class RootKeyTestsModule implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #loop: InstanceLoop;

  constructor(@Inject(InstanceLoops) loops: InstanceLoops, @Inject(RootKeyTests) tests: RootKeyTests) {
    this.#loop = loops.makeForTests('root-key-tests', (instanceId, signal) => tests.visit(instanceId, signal));
  }

  onApplicationBootstrap(): void {
    this.#loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#loop.stop();
  }
}
