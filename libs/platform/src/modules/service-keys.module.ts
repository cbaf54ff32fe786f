import { type DynamicModule, Global, Module } from '@nestjs/common';

import { readServiceKeyFile } from '@lib/config';
import { type ServiceKeyring } from '@lib/tenancy';

/** Under which this process seals what it stores for tenants. */
export const SERVICE_KEYRING = Symbol('SERVICE_KEYRING');

/** The service keys, which lie outside of the database. */
@Global()
@Module({})
export class ServiceKeysModule {
  static forRoot(file: string): DynamicModule {
    const keyring = {
      provide: SERVICE_KEYRING,
      useFactory: async (): Promise<ServiceKeyring> => {
        const { newest, byVersion } = await readServiceKeyFile(file);
        return { newest: newest.version, keys: byVersion };
      },
    };
    return { module: ServiceKeysModule, providers: [keyring], exports: [keyring] };
  }
}
