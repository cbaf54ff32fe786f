import { Global, Module } from '@nestjs/common';

import { PostgresServiceInstanceDirectory, PostgresServiceInstanceUnitOfWork } from '@lib/persistence';
import { onDatabase } from '@lib/platform';

const STORES = [onDatabase(PostgresServiceInstanceUnitOfWork), onDatabase(PostgresServiceInstanceDirectory)];

/** Stores of what the platform orders, which the gateway does not have. */
@Global()
@Module({ providers: STORES, exports: STORES })
export class StoresModule {}
