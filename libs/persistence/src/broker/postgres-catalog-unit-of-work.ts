import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type CatalogScope, type CatalogUnitOfWork } from '@lib/service-instances';
import { type DataSource } from 'typeorm';

import { publishInvalidation } from '../coordination/invalidations';
import { TenantTransactions } from '../database/transactions';
import { repositories } from '../tenancy/postgres-unit-of-work';
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
    return this.transactions.run(instanceId, async (transaction) => {
      const events: AuditEvent[] = [];
      const notice = { due: false };
      const result = await body({
        ...repositories(transaction),
        catalog: new PostgresCatalogInstance(transaction.manager, instanceId),
        operations: new PostgresCatalogOperations(transaction.manager, instanceId),
        catalogBindings: new PostgresCatalogBindings(transaction.manager, instanceId),
        custody: new PostgresCustodyCensus(transaction),
        usage: new PostgresUsageLedger(transaction),
        record: (event) => {
          events.push(event);
        },
        invalidate: () => {
          notice.due = true;
        },
      });
      if (notice.due) await publishInvalidation(transaction);
      if (events.length > 0) await transaction.appendAudit(events);
      return result;
    });
  }
}
