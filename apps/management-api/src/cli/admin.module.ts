import { type DynamicModule, Module, type Type } from '@nestjs/common';

import { createLogger } from '@lib/observability';
import {
  PostgresAuditArchives,
  PostgresAuditHeads,
  PostgresAuditTrail,
  PostgresConnectionAttempts,
  PostgresKeyCatalog,
} from '@lib/persistence';
import { KeyManagersModule, onDatabase, ProcessModule, regionModules } from '@lib/platform';

import { ADMIN_CONFIG, type AdminConfig } from './admin.config';
import { AuditArchiver } from './audit-archiver';
import { AuditHeads } from './audit-heads';
import { Births } from './births';
import { type Command } from './command';
import { InstanceScopes } from './instance-scopes';
import { BundledRegion } from './support-bundle';

const STORES = [
  onDatabase(PostgresAuditArchives),
  onDatabase(PostgresAuditHeads),
  onDatabase(PostgresAuditTrail),
  onDatabase(PostgresConnectionAttempts),
  onDatabase(PostgresKeyCatalog),
];

/** The region, for one command of the operator. */
@Module({})
export class AdminModule {
  static forCommand(command: Type<Command>, config: AdminConfig): DynamicModule {
    return {
      module: AdminModule,
      imports: [
        ProcessModule.forRoot({ logger: createLogger({ level: 'silent', name: 'admin' }) }),
        ...regionModules(config, { applicationName: 'kmip-admin', role: 'api' }),
        KeyManagersModule.forRoot(config),
      ],
      providers: [
        { provide: ADMIN_CONFIG, useValue: config },
        ...STORES,
        AuditArchiver,
        AuditHeads,
        Births,
        BundledRegion,
        InstanceScopes,
        command,
      ],
    };
  }
}
