import { Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { CLOCK, endpointGuard, endpointTemplates } from '@lib/platform';
import { EndpointPolicy, RootKeyBindingService } from '@lib/tenancy';

import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { KeysModule } from '../keys/keys.module';
import { CredentialController } from './credential.controller';
import { FormerRootKeysController } from './former-root-keys.controller';
import { KeyManagersController } from './key-managers.controller';
import { RootKeyController } from './root-key.controller';
import { RootKeyWorkbench } from './root-key-workbench';

const workbench = {
  provide: RootKeyWorkbench,
  inject: [MANAGEMENT_CONFIG, RootKeyBindingService, EndpointPolicy, CLOCK],
  useFactory: (
    config: ManagementApiConfig,
    bindings: RootKeyBindingService,
    endpoints: EndpointPolicy,
    clock: Clock,
  ) => {
    const { iamUrl, resourceControllerUrl } = config;
    const connection = { iamUrl, endpoints: endpointGuard(endpointTemplates(config)) };
    return new RootKeyWorkbench({ bindings, endpoints, account: { iamUrl, resourceControllerUrl }, connection, clock });
  },
};

/** The root key of an instance, and the credential with which its key manager is asked. */
@Module({
  imports: [KeysModule],
  controllers: [RootKeyController, FormerRootKeysController, KeyManagersController, CredentialController],
  providers: [workbench],
})
export class RootKeyModule {}
