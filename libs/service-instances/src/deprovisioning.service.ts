import { type Clock, counted } from '@lib/kernel';
import { type ActionContext, successEvent } from '@lib/tenancy';

import {
  type ServiceInstance,
  type InstanceOperation,
  type KeysLeftBehind,
  type ServicePlan,
} from './service-instance';
import { asyncRequired, ServiceInstanceError, concurrentOperation, instanceGone } from './service-instance.error';
import { type OrderedInstance, sameCrn } from './instance-identity';
import { closeOperation, openOperation } from './operation-log';
import { type OperationRunner } from './operation-runner';
import { type OperationSteps } from './operation-steps';
import { HALTED } from './provisioning.service';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from './provisioning.ports';

export interface Removal extends OrderedInstance {
  readonly plans: (id: string) => ServicePlan | undefined;
  /** The caller knows that keys are in use. */
  readonly confirmed: boolean;
  readonly acceptsIncomplete: boolean;
  readonly context: ActionContext;
}

export type RemovalOutcome =
  | { readonly kind: 'removed'; readonly keysLeftBehind: readonly KeysLeftBehind[]; readonly description: string }
  | { readonly kind: 'accepted'; readonly operation: InstanceOperation };

/** The end of instances. Works for instances in every condition, and says so when there is nothing to end. */
export class DeprovisioningService {
  constructor(
    private readonly unitOfWork: ServiceInstanceUnitOfWork,
    private readonly runner: OperationRunner,
    private readonly steps: Pick<OperationSteps, 'settledAt'>,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws ServiceInstanceError `catalog_instance_gone`, `catalog_async_required`, `catalog_concurrent_operation`,
   *   `catalog_keys_in_use`
   */
  async deprovision(removal: Removal): Promise<RemovalOutcome> {
    const { instanceId } = removal;
    const operation = await this.unitOfWork.forTenant(instanceId, (scope) => this.begin(scope, removal));
    if (operation.background) return { kind: 'accepted', operation };
    const ended = await this.runner.drive(instanceId, operation.number);
    if (ended?.state !== 'succeeded') throw concurrentOperation();
    const tombstone = await this.unitOfWork.forTenant(instanceId, (scope) => scope.serviceInstance.get());
    const keysLeftBehind = tombstone?.attributes.keysLeftBehind ?? [];
    return { kind: 'removed', keysLeftBehind, description: ended.description ?? '' };
  }

  private async begin(scope: ServiceInstanceScope, removal: Removal): Promise<InstanceOperation> {
    const instance = present(await scope.serviceInstance.lock(), removal);
    const newest = await scope.operations.newest();
    const background = isBackground(removal, instance);
    if (background && !removal.acceptsIncomplete) throw asyncRequired();
    if (instance.status === 'deprovisioning' && newest !== undefined) return newest;
    if (instance.status === 'updating') throw concurrentOperation();
    await refuseWhileInUse(scope, instance, removal);
    return this.open(scope, instance, newest, background, removal.context);
  }

  private async open(
    scope: ServiceInstanceScope,
    instance: ServiceInstance,
    newest: InstanceOperation | undefined,
    background: boolean,
    context: ActionContext,
  ): Promise<InstanceOperation> {
    const now = this.clock.now();
    if (newest?.state === 'in progress') await closeOperation(scope, newest, 'failed', now, HALTED);
    await this.cutOff(scope, context, now);
    await scope.serviceInstance.update({ ...instance, status: 'deprovisioning', updatedAt: now });
    const step = background ? 'settle' : 'count';
    const opened = await openOperation(scope, { kind: 'deprovision', step, background, context, now });
    if (!background) return opened;
    const waiting = { ...opened, notBefore: this.steps.settledAt() };
    await scope.operations.update(waiting);
    return waiting;
  }

  /** From this commit on nobody gets in, whatever else happens. */
  private async cutOff(scope: ServiceInstanceScope, context: ActionContext, now: Date): Promise<void> {
    const instance = await scope.instance.lock();
    if (instance === undefined) return;
    await scope.instance.update({ ...instance, state: 'removing', updatedAt: now, revision: instance.revision + 1 });
    const target = { kind: 'instance', id: instance.id, name: instance.name } as const;
    const facts = { target, details: { state: 'removing' } };
    scope.record(successEvent(context, this.clock, instance.id, 'vmware-solutions.instance.update', facts));
    scope.invalidate();
  }
}

function present(instance: ServiceInstance | undefined, { crn }: Removal): ServiceInstance {
  if (instance === undefined || instance.status === 'deleted' || !sameCrn(instance.crn, crn.text)) throw instanceGone();
  return instance;
}

function isBackground(removal: Removal, { planId, status }: ServiceInstance): boolean {
  // What was never whole has no clients to wait for.
  return status !== 'failed' && removal.plans(planId)?.asynchronous === true;
}

async function refuseWhileInUse(
  scope: ServiceInstanceScope,
  instance: ServiceInstance,
  removal: Removal,
): Promise<void> {
  const { reclamationScheduledAt, attributes } = instance;
  const agreed = removal.confirmed || attributes.parameters.delete_active_keys === true;
  if (agreed || reclamationScheduledAt !== undefined) return;
  const inUse = await scope.custody.countInUse();
  if (inUse === 0) return;
  throw new ServiceInstanceError(
    'catalog_keys_in_use',
    `${counted(inUse, 'key')} of the instance ${inUse === 1 ? 'is in use: virtual machines encrypted with it' : 'are in use: virtual machines encrypted with them'} could not start any more. ` +
      'Set the parameter delete_active_keys to true to delete the instance nevertheless.',
  );
}
