import { type DynamicModule, Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Logger } from '@lib/observability';
import { KeyManagersModule, ProcessModule, regionModules } from '@lib/platform';

import { AuthModule } from './auth/auth.module';
import { BrokerModule } from './broker/broker.module';
import { ConsoleSessionsModule } from './console/console-sessions.module';
import { ConsoleModule } from './console/console.module';
import { HousekeepingModule } from './housekeeping/housekeeping.module';
import { HealthModule } from './http/health.module';
import { ManagementConfigModule } from './management-config.module';
import { StoresModule } from './stores.module';
import { AuditModule } from './tenant-api/audit/audit.module';
import { TenantApiModule } from './tenant-api/tenant-api.module';
import { WebhookDutyModule } from './webhooks/webhook-duty.module';

/**
 * The management app: the tenants' side and the platform's side, in spaces of their own.
 *
 * Nest stops global modules last, and in the opposite order of this list: requests and the broker's duties have ended,
 * then chores, counted reads, key managers, the watch for restores, database and health port (`management.module.spec`).
 */
@Module({})
export class ManagementModule {
  static forRoot(config: ManagementApiConfig, logger: Logger): DynamicModule {
    const { healthHost: host, healthPort: port } = config;
    return {
      module: ManagementModule,
      imports: [
        ProcessModule.forRoot({ logger, health: { host, port } }),
        ManagementConfigModule.forRoot(config),
        ...regionModules(config, { applicationName: 'management-api', role: 'api' }),
        StoresModule,
        KeyManagersModule.forRoot(config),
        AuthModule,
        ConsoleSessionsModule,
        AuditModule,
        HousekeepingModule,
        TenantApiModule.forRoot(config),
        ConsoleModule,
        WebhookDutyModule,
        BrokerModule,
        HealthModule,
      ],
    };
  }
}
