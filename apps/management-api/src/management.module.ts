import { type DynamicModule, Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Logger, Metrics } from '@lib/observability';
import { PostgresCatalogDirectory, PostgresCatalogUnitOfWork, PostgresLeases } from '@lib/persistence';
import { CLOCK, LOGGER, type Region } from '@lib/platform';
import { EndpointPolicy } from '@lib/tenancy';

import { ServiceIdentity } from './auth/service-identity';
import { BrokerModule } from './broker/broker.module';
import { PUBLIC_URL } from './http/tokens';
import { ManagementConfigModule } from './management-config.module';
import { TenantApiModule, type TenantApiOptions, type TenantApiParts } from './tenant-api/tenant-api.module';

/** What main has opened before Nest starts. */
export interface Opened {
  readonly config: ManagementApiConfig;
  /** Undefined without SERVICE_API_KEY. */
  readonly identity: ServiceIdentity | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly publicUrl: string;
  readonly region: Pick<Region, 'clock' | 'dataSource' | 'endpoints' | 'leases'>;
}

@Module({})
class OpenedModule {
  static with({ identity, logger, metrics, publicUrl, region }: Opened): DynamicModule {
    const { clock, dataSource, endpoints, leases } = region;
    const providers = [
      { provide: CLOCK, useValue: clock },
      { provide: LOGGER, useValue: logger },
      { provide: Metrics, useValue: metrics },
      { provide: PUBLIC_URL, useValue: publicUrl },
      { provide: ServiceIdentity, useFactory: () => identity },
      { provide: EndpointPolicy, useValue: endpoints },
      { provide: PostgresLeases, useValue: leases },
      { provide: PostgresCatalogUnitOfWork, useValue: new PostgresCatalogUnitOfWork(dataSource) },
      { provide: PostgresCatalogDirectory, useValue: new PostgresCatalogDirectory(dataSource) },
    ];
    return { module: OpenedModule, global: true, providers, exports: providers };
  }
}

/** Composition root of the management app: the tenants' side and the platform's side, in spaces of their own. */
@Module({})
export class ManagementModule {
  static with(
    { parts, options }: { readonly parts: TenantApiParts; readonly options: TenantApiOptions },
    opened: Opened,
  ): DynamicModule {
    return {
      module: ManagementModule,
      imports: [
        ManagementConfigModule.forRoot(opened.config),
        OpenedModule.with(opened),
        TenantApiModule.with(parts, options),
        BrokerModule,
      ],
    };
  }
}
