import { type DynamicModule, Module } from '@nestjs/common';

import { TenantApiModule, type TenantApiParts } from './tenant-api/tenant-api.module';

/** Composition root of the management app. */
@Module({})
export class ManagementModule {
  static with(tenantApi: TenantApiParts): DynamicModule {
    return { module: ManagementModule, imports: [TenantApiModule.with(tenantApi)] };
  }
}
