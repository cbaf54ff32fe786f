import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type TenantScope, type UnitOfWork } from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { publishInvalidation } from '../coordination/invalidations';
import { TenantTransactions, type Transaction } from '../database/transactions';
import { PostgresCertificateClaims } from './postgres-certificate-claims';
import { PostgresClientCertificates } from './postgres-client-certificates';
import { PostgresCredentials } from './postgres-credentials';
import { PostgresInstance } from './postgres-instance';
import { PostgresKeyCensus } from './postgres-key-census';
import { PostgresKmipCredentials } from './postgres-kmip-credentials';
import { PostgresRootKeyBindings } from './postgres-root-key-bindings';
import { PostgresStandings } from './postgres-standings';

/** Settings of one tenant at a time, each change in one transaction with its audit records and its notice to others. */
export class PostgresUnitOfWork implements UnitOfWork {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
  }

  forTenant<T>(instanceId: InstanceId, body: (scope: TenantScope) => Promise<T>): Promise<T> {
    return runUnitOfWork(this.transactions, instanceId, repositories, body);
  }
}

/** One transaction over the repositories of a tenant, with its audit records and, when asked for, its notice. */
export function runUnitOfWork<Repositories, T>(
  transactions: TenantTransactions,
  instanceId: InstanceId,
  repositoriesOf: (transaction: Transaction) => Repositories,
  body: (scope: Repositories & Pick<TenantScope, 'record' | 'invalidate'>) => Promise<T>,
): Promise<T> {
  return transactions.run(instanceId, async (transaction) => {
    const events: AuditEvent[] = [];
    const notice = { due: false };
    const result = await body({
      ...repositoriesOf(transaction),
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

export function repositories(transaction: Transaction): Omit<TenantScope, 'record' | 'invalidate'> {
  const { instanceId, manager } = transaction;
  return {
    instanceId,
    instance: new PostgresInstance(manager, instanceId),
    certificates: new PostgresClientCertificates(manager, instanceId),
    bindings: new PostgresRootKeyBindings(manager, instanceId),
    credentials: new PostgresCredentials(manager, instanceId),
    keys: new PostgresKeyCensus(transaction),
    claims: new PostgresCertificateClaims(manager, instanceId),
    standings: new PostgresStandings(transaction),
    kmipCredentials: new PostgresKmipCredentials(manager, instanceId),
  };
}
