import { type ActionContext, omit } from '@lib/tenancy';

import { type InstanceOperation, type OperationKind, type OperationStep } from './service-instance';
import { type ServiceInstanceScope } from './provisioning.ports';

export interface NewOperation {
  readonly kind: OperationKind;
  readonly step: OperationStep;
  readonly background: boolean;
  readonly changeHash?: string;
  readonly context: ActionContext;
  readonly now: Date;
}

/** Within this time the request that began an operation carries it out itself; then a worker takes over. */
const REQUEST_GRACE_MS = 15_000;

/** Opens an operation in the transaction that makes it necessary. */
export async function openOperation(scope: ServiceInstanceScope, wanted: NewOperation): Promise<InstanceOperation> {
  const { now, ...rest } = wanted;
  const number = ((await scope.operations.newest())?.number ?? 0) + 1;
  const operation: InstanceOperation = {
    ...rest,
    instanceId: scope.instanceId,
    number,
    state: 'in progress',
    attempts: 0,
    notBefore: new Date(now.getTime() + (rest.background ? 0 : REQUEST_GRACE_MS)),
    startedAt: now,
  };
  await scope.operations.insert(operation);
  return operation;
}

export async function closeOperation(
  scope: ServiceInstanceScope,
  operation: InstanceOperation,
  state: 'succeeded' | 'failed',
  now: Date,
  description?: string,
): Promise<InstanceOperation> {
  const closed: InstanceOperation = {
    ...omit(operation, 'description'),
    state,
    step: 'done',
    finishedAt: now,
    ...(description === undefined ? {} : { description }),
  };
  await scope.operations.update(closed);
  return closed;
}
