import { randomUUID } from 'node:crypto';

import { Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger, warningsOf } from '@lib/observability';
import { PostgresServiceInstanceDirectory, PostgresServiceInstanceUnitOfWork, PostgresLeases } from '@lib/persistence';
import { built, CLOCK, LOGGER } from '@lib/platform';
import {
  ServiceInstanceRetention,
  type ServiceInstanceUnitOfWork,
  DeprovisioningService,
  InstanceStateService,
  InstanceUpdateService,
  OperationRunner,
  OperationSteps,
  OperationWorker,
  ProvisioningService,
  ServiceBindingService,
} from '@lib/service-instances';

import { MANAGEMENT_CONFIG } from '../management-config.module';
import { OperationsDuty } from './duties/operations.duty';
import { RetentionDuty } from './duties/retention.duty';

const operationSteps = {
  provide: OperationSteps,
  inject: [CLOCK, MANAGEMENT_CONFIG],
  useFactory: (clock: Clock, { brokerSettleMs: settleMs }: ManagementApiConfig) =>
    new OperationSteps(clock, { newId: randomUUID, settleMs }),
};

const provisioning = {
  provide: ProvisioningService,
  inject: [PostgresServiceInstanceUnitOfWork, OperationRunner, CLOCK, MANAGEMENT_CONFIG],
  useFactory: (
    unitOfWork: ServiceInstanceUnitOfWork,
    runner: OperationRunner,
    clock: Clock,
    { maximumInstancesPerAccount: maximumPerAccount }: ManagementApiConfig,
  ) => new ProvisioningService(unitOfWork, runner, clock, { maximumPerAccount }),
};

const operationWorker = {
  provide: OperationWorker,
  inject: [PostgresServiceInstanceDirectory, OperationRunner, CLOCK, LOGGER],
  useFactory: (directory: PostgresServiceInstanceDirectory, runner: OperationRunner, clock: Clock, logger: Logger) =>
    new OperationWorker(directory, runner, clock, warningsOf(logger)),
};

const SERVICES = [
  operationSteps,
  built(OperationRunner, [PostgresServiceInstanceUnitOfWork, OperationSteps, CLOCK]),
  provisioning,
  built(InstanceUpdateService, [PostgresServiceInstanceUnitOfWork, OperationSteps, CLOCK]),
  built(DeprovisioningService, [PostgresServiceInstanceUnitOfWork, OperationRunner, OperationSteps, CLOCK]),
  built(InstanceStateService, [PostgresServiceInstanceUnitOfWork, CLOCK]),
  built(ServiceBindingService, [PostgresServiceInstanceUnitOfWork, CLOCK]),
];

/** What the platform orders, from its birth to its end, and who carries on what nobody waits for. */
@Module({
  providers: [
    ...SERVICES,
    operationWorker,
    built(OperationsDuty, [OperationWorker, PostgresLeases, LOGGER]),
    built(ServiceInstanceRetention, [PostgresServiceInstanceUnitOfWork, PostgresServiceInstanceDirectory, CLOCK]),
    built(RetentionDuty, [ServiceInstanceRetention, PostgresLeases, LOGGER]),
  ],
  exports: SERVICES,
})
export class ServiceInstancesModule {}
