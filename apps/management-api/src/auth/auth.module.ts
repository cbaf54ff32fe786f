import { Global, Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { CLOCK, LOGGER } from '@lib/platform';

import { iamIssuerOf, MANAGEMENT_CONFIG } from '../management-config.module';
import { type Authorizer } from './authorizer.port';
import { IamKeySet, keysFrom } from './iam-key-set';
import { LocalRoleMap } from './local-role-map';
import { PolicyDecisionPoint } from './policy-decision-point';
import { readRoleFile } from './role-file';
import { ServiceIdentity } from './service-identity';
import { TokenVerifier } from './token-verifier';
import { AUTHORIZER } from './tokens';

/** Undefined without SERVICE_API_KEY. */
const serviceIdentity = {
  provide: ServiceIdentity,
  inject: [MANAGEMENT_CONFIG],
  useFactory: (config: ManagementApiConfig) => ServiceIdentity.of(config),
};

/** Of all who call us: tenants, and the platform. */
const iamKeySet = {
  provide: IamKeySet,
  inject: [MANAGEMENT_CONFIG, CLOCK],
  useFactory: ({ iamUrl }: ManagementApiConfig, clock: Clock) =>
    new IamKeySet(keysFrom(`${iamUrl}/identity/keys`), clock),
};

const tokenVerifier = {
  provide: TokenVerifier,
  inject: [IamKeySet, MANAGEMENT_CONFIG, CLOCK],
  useFactory: (keys: IamKeySet, config: ManagementApiConfig, clock: Clock) =>
    new TokenVerifier(keys, iamIssuerOf(config), clock),
};

const authorizer = {
  provide: AUTHORIZER,
  inject: [MANAGEMENT_CONFIG, ServiceIdentity, CLOCK, LOGGER],
  useFactory: async (
    { iamUrl, serviceName, roleFile }: ManagementApiConfig,
    identity: ServiceIdentity | undefined,
    clock: Clock,
    logger: Logger,
  ): Promise<Authorizer> => {
    if (identity !== undefined) return new PolicyDecisionPoint({ iamUrl, serviceName, identity }, clock);
    if (roleFile === undefined) {
      logger.warn({}, 'neither SERVICE_API_KEY nor ROLE_FILE is set: the tenant API permits nobody anything');
    }
    return new LocalRoleMap(roleFile === undefined ? [] : await readRoleFile(roleFile));
  },
};

/** Who calls, what he may do, and who we are ourselves. */
@Global()
@Module({
  providers: [serviceIdentity, iamKeySet, tokenVerifier, authorizer],
  exports: [ServiceIdentity, IamKeySet, TokenVerifier, AUTHORIZER],
})
export class AuthModule {}
