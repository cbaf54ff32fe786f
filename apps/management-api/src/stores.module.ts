import { Global, Module } from '@nestjs/common';

import { PostgresCatalogDirectory, PostgresCatalogUnitOfWork } from '@lib/persistence';
import { Region } from '@lib/platform';

/** Stores of what the platform orders, which the gateway does not have. */
@Global()
@Module({
  providers: [
    {
      provide: PostgresCatalogUnitOfWork,
      inject: [Region],
      useFactory: ({ dataSource }: Region) => new PostgresCatalogUnitOfWork(dataSource),
    },
    {
      provide: PostgresCatalogDirectory,
      inject: [Region],
      useFactory: ({ dataSource }: Region) => new PostgresCatalogDirectory(dataSource),
    },
  ],
  exports: [PostgresCatalogUnitOfWork, PostgresCatalogDirectory],
})
export class StoresModule {}
