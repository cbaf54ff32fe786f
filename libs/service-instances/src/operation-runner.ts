import { type Clock, DomainError, type InstanceId } from '@lib/kernel';

import { type ServiceInstance, type InstanceOperation } from './service-instance';
import { type OperationSteps } from './operation-steps';
import { closeOperation } from './operation-log';
import { eraseInstance } from './erasure';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from './provisioning.ports';

/** Gives the last word on a provisioning that never gets through; deletions are never given up. */
const PROVISION_LIMIT_MS = 3_600_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
const GAVE_UP = 'The service instance could not be made in time. Delete it and order it again.';

/**
 * Takes operations from step to step, each in a transaction that first looks whether the operation is still wanted. Any
 * number of requests and workers may drive one operation at once: the row lock lets one step happen at a time, and a
 * process that dies leaves the next step to whoever comes next.
 */
export class OperationRunner {
  constructor(
    private readonly unitOfWork: ServiceInstanceUnitOfWork,
    private readonly steps: OperationSteps,
    private readonly clock: Clock,
  ) {}

  /** @returns the operation when it is finished or has to wait; undefined when there is none of that number */
  async drive(instanceId: InstanceId, number: number): Promise<InstanceOperation | undefined> {
    for (;;) {
      const operation = await this.advance(instanceId, number);
      if (operation?.state !== 'in progress') return operation;
      if (operation.step === 'settle' && operation.notBefore > this.clock.now()) return operation;
    }
  }

  /** After an attempt that threw: when to try again, or the end of it. */
  async noteFailedAttempt(instanceId: InstanceId, number: number): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      const instance = await scope.serviceInstance.lock();
      const operation = await scope.operations.get(number);
      if (instance === undefined || operation?.state !== 'in progress') return;
      const now = this.clock.now();
      if (operation.kind === 'provision' && now.getTime() - operation.startedAt.getTime() > PROVISION_LIMIT_MS) {
        await this.fail(scope, instance, operation, GAVE_UP);
        return;
      }
      const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(operation.attempts, 10), LONGEST_RETRY_MS);
      const notBefore = new Date(now.getTime() + waitMs);
      await scope.operations.update({ ...operation, attempts: operation.attempts + 1, notBefore });
    });
  }

  private async advance(instanceId: InstanceId, number: number): Promise<InstanceOperation | undefined> {
    try {
      return await this.unitOfWork.forTenant(instanceId, async (scope) => {
        const instance = await scope.serviceInstance.lock();
        const operation = await scope.operations.get(number);
        if (instance === undefined || operation?.state !== 'in progress') return operation;
        return this.steps.run(scope, instance, operation);
      });
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      return this.refuse(instanceId, number, refusal);
    }
  }

  /** The step cannot succeed, today or ever: the provisioning ends, and nothing of it stays. */
  private refuse(instanceId: InstanceId, number: number, reason: string): Promise<InstanceOperation | undefined> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      const instance = await scope.serviceInstance.lock();
      const operation = await scope.operations.get(number);
      if (instance === undefined || operation?.state !== 'in progress') return operation;
      return this.fail(scope, instance, operation, reason);
    });
  }

  private async fail(
    scope: ServiceInstanceScope,
    instance: ServiceInstance,
    operation: InstanceOperation,
    reason: string,
  ): Promise<InstanceOperation> {
    const now = this.clock.now();
    await eraseInstance(scope);
    await scope.serviceInstance.update({ ...instance, status: 'failed', updatedAt: now });
    return closeOperation(scope, operation, 'failed', now, reason);
  }
}

/** Refusals that only the data of the order can cause; outages are no refusal. */
function refusalOf(error: unknown): string | undefined {
  const refused = [
    'duplicate_certificate',
    'certificate_issued_elsewhere',
    'certificate_name_taken',
    'certificate_quota_exceeded',
    'invalid_name',
  ];
  if (!(error instanceof DomainError)) return undefined;
  return refused.includes(error.code) || error.name === 'CertificateError' ? error.message : undefined;
}
