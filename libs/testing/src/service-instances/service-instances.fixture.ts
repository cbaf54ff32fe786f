import { type InstanceId } from '@lib/kernel';
import { type InstanceOperation, type ServiceInstance, type ServiceInstanceUnitOfWork } from '@lib/service-instances';
import { type Instance } from '@lib/tenancy';

import { anActionContext, instanceCrn, putInstance } from '../tenancy/tenancy.fixture';

const EPOCH = new Date('2026-11-24T12:00:00.000Z');

export function aServiceInstance(instanceId: InstanceId, changes: Partial<ServiceInstance> = {}): ServiceInstance {
  return {
    instanceId,
    crn: instanceCrn('acc', instanceId),
    serviceId: 'service',
    planId: 'plan',
    status: 'ready',
    attributes: { parameters: {}, context: {} },
    fingerprint: 'f',
    createdAt: EPOCH,
    updatedAt: EPOCH,
    ...changes,
  };
}

export function anOperation(instanceId: InstanceId, changes: Partial<InstanceOperation> = {}): InstanceOperation {
  return {
    instanceId,
    number: 1,
    kind: 'provision',
    state: 'in progress',
    step: 'certificates',
    background: false,
    attempts: 0,
    notBefore: EPOCH,
    context: anActionContext(),
    startedAt: EPOCH,
    ...changes,
  };
}

/** An instance, and the order that it came from. */
export async function putServiceInstance(
  unitOfWork: ServiceInstanceUnitOfWork,
  changes: Partial<ServiceInstance> = {},
  meteredFrom = EPOCH,
): Promise<Instance> {
  const instance = await putInstance(unitOfWork);
  await unitOfWork.forTenant(instance.id, ({ serviceInstance }) =>
    serviceInstance.insertIfAbsent(aServiceInstance(instance.id, changes), meteredFrom),
  );
  return instance;
}
