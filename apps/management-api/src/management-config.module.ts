import { type DynamicModule, Global, Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';

export const MANAGEMENT_CONFIG = Symbol('MANAGEMENT_CONFIG');

/** What the environment says, checked before Nest starts: a wrong variable ends the process with a list of all. */
@Global()
@Module({})
export class ManagementConfigModule {
  static forRoot(config: ManagementApiConfig): DynamicModule {
    return {
      module: ManagementConfigModule,
      providers: [{ provide: MANAGEMENT_CONFIG, useValue: config }],
      exports: [MANAGEMENT_CONFIG],
    };
  }
}

/** Base of all links, without a slash at the end. */
export const publicUrlOf = (
  config: Pick<ManagementApiConfig, 'managementPublicUrl' | 'managementHost' | 'managementPort'>,
): string => config.managementPublicUrl ?? `http://${config.managementHost}:${config.managementPort}`;

/** Whom access tokens must name as their issuer, exactly. */
export const iamIssuerOf = ({ iamUrl, iamIssuer = `${iamUrl}/identity` }: ManagementApiConfig): string => iamIssuer;
