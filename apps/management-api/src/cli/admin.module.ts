import { type DynamicModule, Module, type Type } from '@nestjs/common';

import { createLogger } from '@lib/observability';
import { KeyManagersModule, ProcessModule, RegionModule } from '@lib/platform';

import { ADMIN_CONFIG, type AdminConfig } from './admin.config';
import { AuditHeads } from './audit-heads';
import { Births } from './births';
import { type Command } from './command';
import { InstanceScopes } from './instance-scopes';
import { BundledRegion } from './support-bundle';

/** The region, for one command of the operator. */
@Module({})
export class AdminModule {
  static forCommand(command: Type<Command>, config: AdminConfig): DynamicModule {
    return {
      module: AdminModule,
      imports: [
        ProcessModule.forRoot({ logger: createLogger({ level: 'silent', name: 'admin' }) }),
        RegionModule.forRoot({ settings: config, client: { applicationName: 'kmip-admin', role: 'api' } }),
        KeyManagersModule.forRoot(config),
      ],
      providers: [
        { provide: ADMIN_CONFIG, useValue: config },
        AuditHeads,
        Births,
        BundledRegion,
        InstanceScopes,
        command,
      ],
    };
  }
}
