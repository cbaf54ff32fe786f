import {
  type ServiceBinding,
  type ServiceBindingRepository,
  type ServiceInstance,
  type ServiceInstanceRepository,
} from '@lib/service-instances';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryServiceInstance implements ServiceInstanceRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  get(): Promise<ServiceInstance | undefined> {
    return answered(() => this.transaction.rows.serviceInstance);
  }

  lock(): Promise<ServiceInstance | undefined> {
    return this.get();
  }

  insertIfAbsent(instance: ServiceInstance, meteredFrom: Date): Promise<boolean> {
    return answered(() => {
      const { rows } = this.transaction;
      if (rows.serviceInstance !== undefined) return false;
      rows.serviceInstance = instance;
      rows.meteredUntil = meteredFrom;
      return true;
    });
  }

  update(instance: ServiceInstance): Promise<void> {
    return answered(() => {
      const { rows } = this.transaction;
      if (rows.serviceInstance !== undefined) rows.serviceInstance = instance;
    });
  }

  remove(): Promise<void> {
    return answered(() => {
      const { rows } = this.transaction;
      if (rows.operations.size + rows.serviceBindings.size > 0)
        throw new Error('something still refers to the service instance');
      rows.serviceInstance = undefined;
      rows.meteredUntil = undefined;
    });
  }
}

export class InMemoryServiceBindings implements ServiceBindingRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  get(id: string): Promise<ServiceBinding | undefined> {
    return answered(() => this.transaction.rows.serviceBindings.get(id));
  }

  insertIfAbsent(binding: ServiceBinding): Promise<boolean> {
    return answered(() => {
      const { serviceBindings, serviceInstance } = this.transaction.rows;
      if (serviceBindings.has(binding.id)) return false;
      if (serviceInstance === undefined) throw new Error('there is no service instance to bind');
      serviceBindings.set(binding.id, binding);
      return true;
    });
  }

  remove(id: string): Promise<boolean> {
    return answered(() => this.transaction.rows.serviceBindings.delete(id));
  }

  removeAll(): Promise<void> {
    return answered(() => this.transaction.rows.serviceBindings.clear());
  }
}
