import { type InstanceId } from '@lib/kernel';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from '@lib/service-instances';
import { type DataSource } from 'typeorm';

import { TenantTransactions, type Transaction } from '../database/transactions';
import { PostgresMeter } from '../metering/postgres-meter';
import { PostgresUsageLedger } from '../metering/postgres-usage-ledger';
import { repositories, runUnitOfWork } from '../tenancy/postgres-unit-of-work';
import { PostgresServiceBindings } from './postgres-service-bindings';
import { PostgresServiceInstance } from './postgres-service-instance';
import { PostgresInstanceOperations } from './postgres-instance-operations';
import { PostgresCustodyCensus } from './postgres-custody-census';

/** Like PostgresUnitOfWork, with the service instance in the same transaction. */
export class PostgresServiceInstanceUnitOfWork implements ServiceInstanceUnitOfWork {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
  }

  forTenant<T>(instanceId: InstanceId, body: (scope: ServiceInstanceScope) => Promise<T>): Promise<T> {
    return runUnitOfWork(this.transactions, instanceId, serviceInstanceRepositories, body);
  }
}

function serviceInstanceRepositories(transaction: Transaction): Omit<ServiceInstanceScope, 'record' | 'invalidate'> {
  const { instanceId, manager } = transaction;
  return {
    ...repositories(transaction),
    serviceInstance: new PostgresServiceInstance(manager, instanceId),
    operations: new PostgresInstanceOperations(manager, instanceId),
    serviceBindings: new PostgresServiceBindings(manager, instanceId),
    custody: new PostgresCustodyCensus(transaction),
    meter: new PostgresMeter(transaction),
    usage: new PostgresUsageLedger(transaction),
  };
}
