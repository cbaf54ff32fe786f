import { Global, Module } from '@nestjs/common';

import { PostgresServiceInstanceDirectory, PostgresServiceInstanceUnitOfWork } from '@lib/persistence';
import { Region } from '@lib/platform';

/** Stores of what the platform orders, which the gateway does not have. */
@Global()
@Module({
  providers: [
    {
      provide: PostgresServiceInstanceUnitOfWork,
      inject: [Region],
      useFactory: ({ dataSource }: Region) => new PostgresServiceInstanceUnitOfWork(dataSource),
    },
    {
      provide: PostgresServiceInstanceDirectory,
      inject: [Region],
      useFactory: ({ dataSource }: Region) => new PostgresServiceInstanceDirectory(dataSource),
    },
  ],
  exports: [PostgresServiceInstanceUnitOfWork, PostgresServiceInstanceDirectory],
})
export class StoresModule {}
