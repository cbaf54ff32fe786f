import { type Clock } from '@lib/kernel';
import { type ActionContext, checkedName, successEvent } from '@lib/tenancy';

import {
  type ServiceInstance,
  type InstanceOperation,
  type InstanceParameters,
  type PlatformContext,
  type ServicePlan,
} from './service-instance';
import { asyncRequired, ServiceInstanceError, concurrentOperation, instanceUnknown } from './service-instance.error';
import { canonicalJson, fingerprintOf, orderFingerprint } from './fingerprint';
import { known, type OrderedInstance } from './instance-identity';
import { openOperation } from './operation-log';
import { type OperationSteps } from './operation-steps';
import { instanceName } from './provisioning.service';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from './provisioning.ports';

export interface InstanceChange extends OrderedInstance {
  readonly plans: (id: string) => ServicePlan | undefined;
  /** Absent: the plan stays. */
  readonly planId?: string | undefined;
  /** Absent ones stay as they are. */
  readonly parameters: InstanceParameters;
  readonly platformContext: PlatformContext;
  readonly acceptsIncomplete: boolean;
  readonly context: ActionContext;
}

export type ChangeOutcome =
  { readonly kind: 'changed' } | { readonly kind: 'accepted'; readonly operation: InstanceOperation };

/** Changes of plan, parameters and name that the platform sends. All of a change is made, or nothing of it. */
export class InstanceUpdateService {
  constructor(
    private readonly unitOfWork: ServiceInstanceUnitOfWork,
    private readonly steps: Pick<OperationSteps, 'settledAt'>,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws ServiceInstanceError `catalog_instance_unknown`, `catalog_concurrent_operation`, `catalog_async_required`,
   *   `catalog_plan_limit`; TenancyError('invalid_name')
   */
  async update(change: InstanceChange): Promise<ChangeOutcome> {
    if (change.parameters.name !== undefined) checkedName(change.parameters.name);
    return this.unitOfWork.forTenant(change.instanceId, (scope) => this.apply(scope, change));
  }

  private async apply(scope: ServiceInstanceScope, change: InstanceChange): Promise<ChangeOutcome> {
    const present = known(await scope.serviceInstance.lock(), change);
    const changeHash = fingerprintOf([change.planId ?? null, change.parameters, change.platformContext]);
    if (present.status !== 'ready') return this.repeated(scope, present, changeHash);

    const planId = change.planId ?? present.planId;
    const plan = change.plans(planId);
    const background = [plan, change.plans(present.planId)].some((one) => one?.asynchronous === true);
    if (background && !change.acceptsIncomplete) throw asyncRequired();
    const changed = toChanged(present, planId, change, this.clock.now());
    if (unchanged(present, changed)) return { kind: 'changed' };
    await this.changeInstance(scope, changed, plan, change.context);
    await scope.serviceInstance.update({ ...changed, status: background ? 'updating' : 'ready' });
    if (!background) return { kind: 'changed' };
    return { kind: 'accepted', operation: await this.openInBackground(scope, changeHash, change.context) };
  }

  private async repeated(
    scope: ServiceInstanceScope,
    present: ServiceInstance,
    changeHash: string,
  ): Promise<ChangeOutcome> {
    const operation = await scope.operations.newest();
    if (present.status !== 'updating' || operation?.changeHash !== changeHash) throw concurrentOperation();
    return { kind: 'accepted', operation };
  }

  private async openInBackground(
    scope: ServiceInstanceScope,
    changeHash: string,
    context: ActionContext,
  ): Promise<InstanceOperation> {
    const now = this.clock.now();
    const opened = await openOperation(scope, {
      kind: 'update',
      step: 'settle',
      background: true,
      changeHash,
      context,
      now,
    });
    const waiting = { ...opened, notBefore: this.steps.settledAt() };
    await scope.operations.update(waiting);
    return waiting;
  }

  private async changeInstance(
    scope: ServiceInstanceScope,
    changed: ServiceInstance,
    plan: ServicePlan | undefined,
    context: ActionContext,
  ): Promise<void> {
    const instance = await scope.instance.lock();
    if (instance === undefined) throw instanceUnknown();
    const maximumKeys = plan?.maximumKeys ?? instance.maximumKeys;
    if (maximumKeys < instance.maximumKeys && (await scope.keys.countLive()) > maximumKeys) {
      throw new ServiceInstanceError(
        'catalog_plan_limit',
        `The plan allows ${String(maximumKeys)} keys, and the instance has more. Destroy keys before you change the plan.`,
      );
    }
    const name = instanceName(changed.attributes) ?? instance.name;
    const { revision } = instance;
    await scope.instance.update({
      ...instance,
      name,
      maximumKeys,
      updatedAt: changed.updatedAt,
      revision: revision + 1,
    });
    const details = { name, maximumKeys };
    const facts = { target: { kind: 'instance', id: instance.id, name }, details } as const;
    scope.record(successEvent(context, this.clock, instance.id, 'vmware-solutions.instance.update', facts));
    scope.invalidate();
  }
}

function toChanged(present: ServiceInstance, planId: string, change: InstanceChange, now: Date): ServiceInstance {
  const { attributes } = present;
  const parameters = { ...attributes.parameters, ...change.parameters };
  const merged = { ...attributes, parameters, context: { ...attributes.context, ...change.platformContext } };
  const fingerprint = orderFingerprint(present.serviceId, planId, merged);
  return { ...present, planId, attributes: merged, fingerprint, updatedAt: now };
}

const unchanged = (before: ServiceInstance, after: ServiceInstance): boolean =>
  canonicalJson([before.planId, before.attributes]) === canonicalJson([after.planId, after.attributes]);
