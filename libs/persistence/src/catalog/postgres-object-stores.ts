import { type AuditEvent, type AuditSink } from '@lib/audit';
import { type ManagedObjectStore } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type DirectoryEntry } from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { sharesOf } from '../database/database-shares';
import { TenantTransactions } from '../database/transactions';
import { BirthLog } from './birth-log';
import { FetchLog } from './fetch-log';
import { type CatalogLogs, PostgresManagedObjectStore } from './postgres-managed-object-store';

/** With its account, all instances of that have one share of the database together. */
type StoreClient = Pick<DirectoryEntry, 'instanceId' | 'certificateId'> & Partial<Pick<DirectoryEntry, 'accountId'>>;

/** All catalogs of a region, one per process; hands out the one of an instance. */
export class PostgresObjectStores {
  private readonly transactions: TenantTransactions;
  private readonly logs: CatalogLogs;

  constructor(private readonly dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
    this.logs = { fetches: new FetchLog(this.transactions), births: new BirthLog(this.transactions.for('changes')) };
  }

  /** For a client's request, done in the name of its certificate. Cheap: make one per request. */
  forClient({ instanceId, certificateId, accountId }: StoreClient): ManagedObjectStore {
    if (accountId !== undefined) sharesOf(this.dataSource).belongs(instanceId, accountId);
    return new PostgresManagedObjectStore(this.transactions, this.logs, instanceId, certificateId);
  }

  /** For the service's own work and for administrators, who have no certificate. */
  forInstance(instanceId: InstanceId): ManagedObjectStore {
    return new PostgresManagedObjectStore(this.transactions, this.logs, instanceId);
  }

  /** For events that come with no other change; the instance is named in the event. */
  get auditSink(): AuditSink {
    return {
      record: async (event: AuditEvent): Promise<void> => {
        await this.logs.fetches.record(event.instanceId, { audit: event });
      },
    };
  }
}
