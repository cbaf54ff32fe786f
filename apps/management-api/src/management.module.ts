import { type DynamicModule, Module } from '@nestjs/common';

import { BrokerModule, type BrokerOptions } from './broker/broker.module';
import { TenantApiModule, type TenantApiParts } from './tenant-api/tenant-api.module';

/** Composition root of the management app: the tenants' side and the platform's side, in spaces of their own. */
@Module({})
export class ManagementModule {
  static with(tenantApi: TenantApiParts, broker: BrokerOptions): DynamicModule {
    return { module: ManagementModule, imports: [TenantApiModule.with(tenantApi), BrokerModule.with(broker)] };
  }
}
