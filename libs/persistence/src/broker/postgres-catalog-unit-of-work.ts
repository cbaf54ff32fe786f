import { type InstanceId } from '@lib/kernel';
import { type CatalogScope, type CatalogUnitOfWork } from '@lib/service-instances';
import { type DataSource } from 'typeorm';

import { TenantTransactions, type Transaction } from '../database/transactions';
import { repositories, runUnitOfWork } from '../tenancy/postgres-unit-of-work';
import { PostgresCatalogBindings } from './postgres-catalog-bindings';
import { PostgresCatalogInstance } from './postgres-catalog-instance';
import { PostgresCatalogOperations } from './postgres-catalog-operations';
import { PostgresCustodyCensus } from './postgres-custody-census';
import { PostgresUsageLedger } from './postgres-usage-ledger';

/** Like PostgresUnitOfWork, with the catalog's view of the instance in the same transaction. */
export class PostgresCatalogUnitOfWork implements CatalogUnitOfWork {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
  }

  forTenant<T>(instanceId: InstanceId, body: (scope: CatalogScope) => Promise<T>): Promise<T> {
    return runUnitOfWork(this.transactions, instanceId, catalogRepositories, body);
  }
}

function catalogRepositories(transaction: Transaction): Omit<CatalogScope, 'record' | 'invalidate'> {
  const { instanceId, manager } = transaction;
  return {
    ...repositories(transaction),
    catalog: new PostgresCatalogInstance(manager, instanceId),
    operations: new PostgresCatalogOperations(manager, instanceId),
    catalogBindings: new PostgresCatalogBindings(manager, instanceId),
    custody: new PostgresCustodyCensus(transaction),
    usage: new PostgresUsageLedger(transaction),
  };
}
