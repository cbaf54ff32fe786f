import { type InstanceId } from '@lib/kernel';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from '@lib/service-instances';

import { InMemoryMeter, InMemoryUsageLedger } from '../metering/in-memory-usage-ledger';
import { type InMemoryRegion } from '../region/in-memory-region';
import { tenantScope } from '../tenancy/in-memory-unit-of-work';
import { InMemoryCustodyCensus } from './in-memory-custody-census';
import { InMemoryInstanceOperations } from './in-memory-instance-operations';
import { InMemoryServiceBindings, InMemoryServiceInstance } from './in-memory-service-instance';

/** Of metering too, as in Postgres. */
export class InMemoryServiceInstanceUnitOfWork implements ServiceInstanceUnitOfWork {
  constructor(private readonly region: InMemoryRegion) {}

  forTenant<T>(instanceId: InstanceId, body: (scope: ServiceInstanceScope) => Promise<T>): Promise<T> {
    return this.region.transact(instanceId, (transaction) =>
      body({
        ...tenantScope(transaction),
        serviceInstance: new InMemoryServiceInstance(transaction),
        operations: new InMemoryInstanceOperations(transaction),
        serviceBindings: new InMemoryServiceBindings(transaction),
        custody: new InMemoryCustodyCensus(transaction),
        meter: new InMemoryMeter(transaction),
        usage: new InMemoryUsageLedger(transaction),
      }),
    );
  }
}
