import { type Clock } from '@lib/kernel';

import { type ServiceBinding } from './service-instance';
import { ServiceInstanceError, concurrentOperation } from './service-instance.error';
import { known, type OrderedInstance, sameCrn } from './instance-identity';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from './provisioning.ports';

export interface BindingOrder extends OrderedInstance {
  readonly bindingId: string;
  readonly attributes: ServiceBinding['attributes'];
  readonly fingerprint: string;
}

/** Service bindings tell an application where the instance is. They carry no secret: access is by client certificate. */
export class ServiceBindingService {
  constructor(
    private readonly unitOfWork: ServiceInstanceUnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns whether it is new
   * @throws ServiceInstanceError `catalog_instance_unknown`, `catalog_instance_disabled`, `catalog_conflict`,
   *   `catalog_concurrent_operation`
   */
  async bind(order: BindingOrder): Promise<{ readonly created: boolean }> {
    return this.unitOfWork.forTenant(order.instanceId, async (scope) => {
      await readyInstance(scope, order);
      if ((await scope.instance.get())?.enabled !== true) {
        throw new ServiceInstanceError(
          'catalog_instance_disabled',
          'The service instance is disabled: nothing can be bound to it.',
        );
      }
      const { bindingId: id, attributes, fingerprint } = order;
      const created = await scope.serviceBindings.insertIfAbsent({
        id,
        attributes,
        fingerprint,
        createdAt: this.clock.now(),
      });
      if (!created && (await scope.serviceBindings.get(id))?.fingerprint !== fingerprint) {
        throw new ServiceInstanceError(
          'catalog_conflict',
          'A service binding with this id exists with other attributes.',
        );
      }
      return { created };
    });
  }

  /** @throws ServiceInstanceError('catalog_binding_unknown') */
  async get(wanted: OrderedInstance, bindingId: string): Promise<ServiceBinding> {
    return this.unitOfWork.forTenant(wanted.instanceId, async (scope) => {
      const instance = await scope.serviceInstance.get();
      const binding = await scope.serviceBindings.get(bindingId);
      if (instance === undefined || !sameCrn(instance.crn, wanted.crn.text) || binding === undefined) {
        throw new ServiceInstanceError('catalog_binding_unknown', 'There is no such service binding.');
      }
      return binding;
    });
  }

  /** @throws ServiceInstanceError('catalog_binding_gone') */
  async unbind(wanted: OrderedInstance, bindingId: string): Promise<void> {
    return this.unitOfWork.forTenant(wanted.instanceId, async (scope) => {
      const instance = await scope.serviceInstance.lock();
      const ours = instance !== undefined && sameCrn(instance.crn, wanted.crn.text);
      if (!ours || !(await scope.serviceBindings.remove(bindingId))) {
        throw new ServiceInstanceError('catalog_binding_gone', 'There is no such service binding.');
      }
    });
  }
}

async function readyInstance(scope: ServiceInstanceScope, wanted: OrderedInstance): Promise<void> {
  if (known(await scope.serviceInstance.lock(), wanted).status !== 'ready') throw concurrentOperation();
}
