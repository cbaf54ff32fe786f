import { type Clock } from '@lib/kernel';

import { type CatalogBinding } from './catalog-instance';
import { CatalogError, concurrentOperation } from './catalog.error';
import { known, type OrderedInstance, sameCrn } from './instance-identity';
import { type CatalogScope, type CatalogUnitOfWork } from './provisioning.ports';

export interface BindingOrder extends OrderedInstance {
  readonly bindingId: string;
  readonly attributes: CatalogBinding['attributes'];
  readonly fingerprint: string;
}

/** Service bindings tell an application where the instance is. They carry no secret: access is by client certificate. */
export class ServiceBindingService {
  constructor(
    private readonly unitOfWork: CatalogUnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns whether it is new
   * @throws CatalogError `catalog_instance_unknown`, `catalog_instance_disabled`, `catalog_conflict`,
   *   `catalog_concurrent_operation`
   */
  async bind(order: BindingOrder): Promise<{ readonly created: boolean }> {
    return this.unitOfWork.forTenant(order.instanceId, async (scope) => {
      await readyInstance(scope, order);
      if ((await scope.instance.get())?.enabled !== true) {
        throw new CatalogError(
          'catalog_instance_disabled',
          'The service instance is disabled: nothing can be bound to it.',
        );
      }
      const { bindingId: id, attributes, fingerprint } = order;
      const created = await scope.catalogBindings.insertIfAbsent({
        id,
        attributes,
        fingerprint,
        createdAt: this.clock.now(),
      });
      if (!created && (await scope.catalogBindings.get(id))?.fingerprint !== fingerprint) {
        throw new CatalogError('catalog_conflict', 'A service binding with this id exists with other attributes.');
      }
      return { created };
    });
  }

  /** @throws CatalogError('catalog_binding_unknown') */
  async get(wanted: OrderedInstance, bindingId: string): Promise<CatalogBinding> {
    return this.unitOfWork.forTenant(wanted.instanceId, async (scope) => {
      const instance = await scope.catalog.get();
      const binding = await scope.catalogBindings.get(bindingId);
      if (instance === undefined || !sameCrn(instance.crn, wanted.crn.text) || binding === undefined) {
        throw new CatalogError('catalog_binding_unknown', 'There is no such service binding.');
      }
      return binding;
    });
  }

  /** @throws CatalogError('catalog_binding_gone') */
  async unbind(wanted: OrderedInstance, bindingId: string): Promise<void> {
    return this.unitOfWork.forTenant(wanted.instanceId, async (scope) => {
      const instance = await scope.catalog.lock();
      const ours = instance !== undefined && sameCrn(instance.crn, wanted.crn.text);
      if (!ours || !(await scope.catalogBindings.remove(bindingId))) {
        throw new CatalogError('catalog_binding_gone', 'There is no such service binding.');
      }
    });
  }
}

async function readyInstance(scope: CatalogScope, wanted: OrderedInstance): Promise<void> {
  if (known(await scope.catalog.lock(), wanted).status !== 'ready') throw concurrentOperation();
}
