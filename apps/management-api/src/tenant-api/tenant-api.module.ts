import { type DynamicModule, Global, Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { Metrics } from '@lib/observability';
import { built, CLOCK, LOGGER } from '@lib/platform';

import { AnswerReport } from '../http/answer-report';
import { ApiExplorerController } from '../http/api-explorer.controller';
import { loadApiDocument } from '../http/openapi/document';
import { RateLimiter } from '../http/rate-limiter';
import { TenantSpaceModule } from '../http/tenant-space.module';
import { ADDRESS_LIMITER, ANSWER_OBSERVER, API_DOCUMENT, CALLER_LIMITER, PUBLIC_URL } from '../http/tokens';
import { MANAGEMENT_CONFIG, publicUrlOf } from '../management-config.module';
import { AuditModule } from './audit/audit.module';
import { ClientCertificatesModule } from './client-certificates/client-certificates.module';
import { DiagnosisModule } from './diagnosis/diagnosis.module';
import { EventsModule } from './events/events.module';
import { InstancesModule } from './instances/instances.module';
import { KeysModule } from './keys/keys.module';
import { ReclaimModule } from './reclaim/reclaim.module';
import { RootKeyModule } from './root-key/root-key.module';
import { ShredModule } from './shred/shred.module';
import { UsageModule } from './usage/usage.module';
import { WebhookModule } from './webhook/webhook.module';

const BURST_SECONDS = 10;
/** Of one address, whoever is behind it: a proxy of a whole company must fit in. */
const ADDRESS_FACTOR = 10;

const limiter = (token: symbol, factor: number) => ({
  provide: token,
  inject: [MANAGEMENT_CONFIG, CLOCK],
  useFactory: ({ managementRequestsPerSecond: perSecond }: ManagementApiConfig, clock: Clock) =>
    new RateLimiter({ perSecond: perSecond * factor, burst: perSecond * factor * BURST_SECONDS }, clock),
});

/** What the rules of the tenants' routes are about. */
const SURROUNDINGS = [
  { provide: API_DOCUMENT, useFactory: () => loadApiDocument() },
  { provide: PUBLIC_URL, inject: [MANAGEMENT_CONFIG], useFactory: publicUrlOf },
  { ...built(AnswerReport, [Metrics, LOGGER]), provide: ANSWER_OBSERVER },
  limiter(ADDRESS_LIMITER, ADDRESS_FACTOR),
  limiter(CALLER_LIMITER, 1),
];

/** What tenants can do: a module each. */
export const TENANT_API_MODULES = [
  InstancesModule,
  EventsModule,
  ClientCertificatesModule,
  RootKeyModule,
  KeysModule,
  ShredModule,
  ReclaimModule,
  AuditModule,
  UsageModule,
  DiagnosisModule,
  WebhookModule,
];

/** The tenants' side, under `/v1`. */
@Global()
@Module({})
export class TenantApiModule {
  static forRoot({ apiDocumentation }: Pick<ManagementApiConfig, 'apiDocumentation'>): DynamicModule {
    return {
      module: TenantApiModule,
      imports: [TenantSpaceModule, ...TENANT_API_MODULES],
      controllers: apiDocumentation ? [ApiExplorerController] : [],
      providers: SURROUNDINGS,
      exports: SURROUNDINGS.map(({ provide }) => provide),
    };
  }
}
