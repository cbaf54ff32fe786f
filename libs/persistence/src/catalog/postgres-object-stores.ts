import { type AuditEvent, type AuditSink } from '@lib/audit';
import { type ManagedObjectStore } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type DirectoryEntry } from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';
import { FetchLog } from './fetch-log';
import { PostgresManagedObjectStore } from './postgres-managed-object-store';

/** All catalogs of a region, one per process; hands out the one of an instance. */
export class PostgresObjectStores {
  private readonly transactions: TenantTransactions;
  private readonly fetchLog: FetchLog;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource);
    this.fetchLog = new FetchLog(this.transactions);
  }

  /** For a client's request, done in the name of its certificate. Cheap: make one per request. */
  forClient({ instanceId, certificateId }: Pick<DirectoryEntry, 'instanceId' | 'certificateId'>): ManagedObjectStore {
    return new PostgresManagedObjectStore(this.transactions, this.fetchLog, instanceId, certificateId);
  }

  /** For the service's own work and for administrators, who have no certificate. */
  forInstance(instanceId: InstanceId): ManagedObjectStore {
    return new PostgresManagedObjectStore(this.transactions, this.fetchLog, instanceId);
  }

  /** For events that come with no other change; the instance is named in the event. */
  get auditSink(): AuditSink {
    return {
      record: async (event: AuditEvent): Promise<void> => {
        await this.fetchLog.record(event.instanceId, { audit: event });
      },
    };
  }
}
