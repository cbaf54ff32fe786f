import { Global, Inject, Module, type OnModuleInit } from '@nestjs/common';

import { RequestAdmission } from './admission';
import { CallTrail } from './call-trail';
import { ErrorGuideController } from './error-guide.controller';
import { HttpModule } from './http.module';
import { type ApiDocument } from './openapi/document';
import { OperationTable } from './operation-table';
import { Permission } from './permission';
import { TenantSpace } from './tenant-space';
import { API_DOCUMENT } from './tokens';

/** The rules of the tenants' routes, which stand in the modules of what they are about. */
@Global()
@Module({
  imports: [HttpModule],
  controllers: [ErrorGuideController],
  providers: [
    {
      provide: OperationTable,
      inject: [API_DOCUMENT],
      useFactory: (document: ApiDocument) => new OperationTable(document),
    },
    Permission,
    RequestAdmission,
    CallTrail,
    TenantSpace,
  ],
  exports: [CallTrail, Permission],
})
export class TenantSpaceModule implements OnModuleInit {
  constructor(@Inject(OperationTable) private readonly operations: OperationTable) {}

  /** Routes are registered before. @throws Error when they and the document differ */
  onModuleInit(): void {
    this.operations.complete();
  }
}
