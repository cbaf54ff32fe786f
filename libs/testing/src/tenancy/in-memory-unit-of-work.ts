import { type InstanceId } from '@lib/kernel';
import { type TenantScope, type UnitOfWork } from '@lib/tenancy';

import { type InMemoryRegion, type OpenTransaction } from '../region/in-memory-region';
import { InMemoryClientCertificates } from './in-memory-client-certificates';
import { InMemoryInstance } from './in-memory-instance';
import { InMemoryKeyCensus } from './in-memory-key-census';
import { InMemoryCertificateClaims, InMemoryKmipCredentials } from './in-memory-lists';
import { InMemoryCredentials, InMemoryRootKeyBindings } from './in-memory-root-keys';
import { InMemoryStandings } from './in-memory-standings';

export class InMemoryUnitOfWork implements UnitOfWork {
  constructor(private readonly region: InMemoryRegion) {}

  forTenant<T>(instanceId: InstanceId, body: (scope: TenantScope) => Promise<T>): Promise<T> {
    return this.region.transact(instanceId, (transaction) => body(tenantScope(transaction)));
  }
}

export function tenantScope(transaction: OpenTransaction): TenantScope {
  const { instanceId, rows } = transaction;
  return {
    instanceId,
    instance: new InMemoryInstance(transaction),
    certificates: new InMemoryClientCertificates(transaction),
    bindings: new InMemoryRootKeyBindings(transaction),
    credentials: new InMemoryCredentials(transaction),
    keys: new InMemoryKeyCensus(transaction),
    claims: new InMemoryCertificateClaims(transaction),
    standings: new InMemoryStandings(transaction),
    kmipCredentials: new InMemoryKmipCredentials(transaction),
    record: (event) => {
      rows.audits = [...rows.audits, event];
    },
    invalidate: () => transaction.notice(instanceId),
  };
}
