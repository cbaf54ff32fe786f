import { Global, Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock, isUuid, toInstanceId } from '@lib/kernel';
import { type Logger, warningsOf } from '@lib/observability';
import { PostgresServiceInstanceUnitOfWork } from '@lib/persistence';
import { built, CLOCK, LOGGER } from '@lib/platform';
import { RootKeyProposals } from '@lib/service-instances';
import { InstanceService, TenancyError } from '@lib/tenancy';

import { type InstanceDirectory } from '../../http/admission';
import { INSTANCE_DIRECTORY } from '../../http/tokens';
import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { KeysModule } from '../keys/keys.module';
import { ENDPOINTS } from '../tokens';
import { ConfiguredEndpoints } from './configured-endpoints';
import { InstanceOverview } from './instance-overview';
import { InstancesController } from './instances.controller';

const instanceDirectory = {
  provide: INSTANCE_DIRECTORY,
  inject: [InstanceService],
  useFactory: (instances: InstanceService): InstanceDirectory => ({
    find: async (id) => {
      if (!isUuid(id)) return undefined;
      try {
        const { id: instanceId, accountId, crn, enabled, state } = await instances.get(toInstanceId(id));
        return { instanceId, accountId, crn, writable: enabled && state !== 'removing' };
      } catch (error) {
        if (error instanceof TenancyError && error.code === 'instance_not_found') return undefined;
        throw error;
      }
    },
  }),
};

const endpoints = {
  provide: ENDPOINTS,
  inject: [MANAGEMENT_CONFIG, CLOCK, LOGGER],
  useFactory: (config: ManagementApiConfig, clock: Clock, logger: Logger) =>
    new ConfiguredEndpoints({
      addresses: config.kmipEndpoints,
      certificateFiles: config.kmipCertificateFiles ?? [],
      clock,
      log: warningsOf(logger),
    }),
};

/** The instances of the region, and where they are reached. */
@Global()
@Module({
  imports: [KeysModule],
  controllers: [InstancesController],
  providers: [
    instanceDirectory,
    endpoints,
    built(RootKeyProposals, [PostgresServiceInstanceUnitOfWork]),
    InstanceOverview,
  ],
  exports: [INSTANCE_DIRECTORY, ENDPOINTS],
})
export class InstancesModule {}
