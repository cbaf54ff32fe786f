import { Global, Module } from '@nestjs/common';

import { isUuid, toInstanceId } from '@lib/kernel';
import { PostgresConnectionAttempts, PostgresServiceInstanceUnitOfWork } from '@lib/persistence';
import { built, onDatabase } from '@lib/platform';
import { RootKeyProposals } from '@lib/service-instances';
import { InstanceService, TenancyError } from '@lib/tenancy';

import { type InstanceDirectory } from '../../http/admission';
import { INSTANCE_DIRECTORY } from '../../http/tokens';
import { KeysModule } from '../keys/keys.module';
import { InstanceOverview } from './instance-overview';
import { InstanceUse } from './instance-use';
import { InstancesController } from './instances.controller';
import { KmipEndpoints } from './kmip-endpoints';
import { PermissionsController } from './permissions.controller';

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

/** The instances of the region, and where they are reached. */
@Global()
@Module({
  imports: [KeysModule],
  controllers: [InstancesController, PermissionsController],
  providers: [
    instanceDirectory,
    KmipEndpoints,
    built(RootKeyProposals, [PostgresServiceInstanceUnitOfWork]),
    onDatabase(PostgresConnectionAttempts),
    InstanceOverview,
    InstanceUse,
  ],
  exports: [INSTANCE_DIRECTORY, KmipEndpoints],
})
export class InstancesModule {}
