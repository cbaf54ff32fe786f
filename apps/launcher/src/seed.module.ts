import { type DynamicModule, Module } from '@nestjs/common';

import { createLogger } from '@lib/observability';
import { ProcessModule, regionModules, type RegionSettings } from '@lib/platform';

import { DemoSeed } from './demo-seed';

/** The region, to be filled before its processes start. */
@Module({})
export class SeedModule {
  static forRoot(settings: RegionSettings): DynamicModule {
    return {
      module: SeedModule,
      imports: [
        ProcessModule.forRoot({ logger: createLogger({ level: 'silent', name: 'launcher' }) }),
        ...regionModules(settings, { applicationName: 'kmip-launcher', role: 'api' }),
      ],
      providers: [DemoSeed],
    };
  }
}
