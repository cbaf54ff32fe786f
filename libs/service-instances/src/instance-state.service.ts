import { type Clock } from '@lib/kernel';
import { type ActionContext, enablementDetails, omit, successEvent, withEnabled } from '@lib/tenancy';

import { type ServiceInstance, type InstanceOperation } from './service-instance';
import { concurrentOperation, instanceUnknown } from './service-instance.error';
import { known, type OrderedInstance, sameCrn } from './instance-identity';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from './provisioning.ports';

export interface EnablementChange extends OrderedInstance {
  readonly enabled: boolean;
  /** The platform's reason code; unknown ones are taken too. */
  readonly reason?: string | undefined;
  readonly context: ActionContext;
}

export interface Enablement {
  readonly enabled: boolean;
  readonly lastActivity?: Date;
}

const RECLAMATION = /_RECLAMATION_SCHEDULE$/;

/** What a platform asks about instances, and its switch that stops one without destroying anything. */
export class InstanceStateService {
  constructor(
    private readonly unitOfWork: ServiceInstanceUnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws ServiceInstanceError('catalog_instance_unknown'), also while it is being made; `catalog_concurrent_operation` */
  async get(wanted: OrderedInstance): Promise<ServiceInstance> {
    return this.unitOfWork.forTenant(wanted.instanceId, async (scope) => {
      const instance = known(await scope.serviceInstance.get(), wanted);
      if (instance.status === 'provisioning') throw instanceUnknown();
      if (instance.status !== 'ready') throw concurrentOperation();
      return instance;
    });
  }

  /** The operation of that name, or the newest when there is none of it. @throws ServiceInstanceError('catalog_instance_unknown') */
  async lastOperation(wanted: OrderedInstance, name?: string): Promise<InstanceOperation> {
    const number = Number(/^[a-z]+-([0-9]{1,9})$/.exec(name ?? '')?.[1] ?? Number.NaN);
    return this.unitOfWork.forTenant(wanted.instanceId, async (scope) => {
      const instance = await scope.serviceInstance.get();
      if (instance === undefined || !sameCrn(instance.crn, wanted.crn.text)) throw instanceUnknown();
      const named = Number.isInteger(number) && number < 2 ** 31 ? await scope.operations.get(number) : undefined;
      const operation = named ?? (await scope.operations.newest());
      if (operation === undefined) throw instanceUnknown();
      return operation;
    });
  }

  /** @throws ServiceInstanceError('catalog_instance_unknown') */
  async enablement(wanted: OrderedInstance): Promise<Enablement> {
    return this.unitOfWork.forTenant(wanted.instanceId, async (scope) => {
      known(await scope.serviceInstance.get(), wanted);
      return read(scope);
    });
  }

  /** Disabling closes the instance to its clients and its tenant, and deletes nothing. @throws ServiceInstanceError('catalog_instance_unknown') */
  async setEnabled(change: EnablementChange): Promise<Enablement> {
    const { instanceId, enabled, reason } = change;
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      const ordered = known(await scope.serviceInstance.lock(), change);
      const instance = await scope.instance.lock();
      if (instance === undefined) throw instanceUnknown();
      const now = this.clock.now();
      await scope.serviceInstance.update(withReclamation(ordered, enabled, reason, now));
      const disabledReason = enabled ? undefined : reason;
      if (instance.enabled !== enabled || instance.disabledReason !== disabledReason) {
        const changed = withEnabled(omit(instance, 'disabledReason'), enabled, now);
        await scope.instance.update({
          ...changed,
          ...(disabledReason === undefined ? {} : { disabledReason }),
          updatedAt: now,
          revision: instance.revision + 1,
        });
        const action = enabled ? 'vmware-solutions.instance.enable' : 'vmware-solutions.instance.disable';
        const target = { kind: 'instance', id: instanceId, name: instance.name } as const;
        const details = enablementDetails(changed, reason);
        scope.record(successEvent(change.context, this.clock, instanceId, action, { target, details }));
        scope.invalidate();
      }
      return read(scope);
    });
  }
}

async function read(scope: ServiceInstanceScope): Promise<Enablement> {
  const instance = await scope.instance.get();
  if (instance === undefined) throw instanceUnknown();
  const lastActivity = await scope.custody.lastActivity();
  return { enabled: instance.enabled, ...(lastActivity === undefined ? {} : { lastActivity }) };
}

/** A schedule that was not taken back before the deletion comes has passed; any other reason to disable leaves it. */
function withReclamation(
  instance: ServiceInstance,
  enabled: boolean,
  reason: string | undefined,
  now: Date,
): ServiceInstance {
  if (enabled) return omit(instance, 'reclamationScheduledAt');
  if (reason === undefined || !RECLAMATION.test(reason)) return instance;
  return { ...instance, reclamationScheduledAt: instance.reclamationScheduledAt ?? now };
}
