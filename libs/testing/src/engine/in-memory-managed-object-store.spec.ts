import { toInstanceId } from '@lib/kernel';
import { randomUUID } from 'node:crypto';

import { InMemoryManagedObjectStore } from './in-memory-managed-object-store';
import { describeManagedObjectStoreContract } from './managed-object-store.contract';

describeManagedObjectStoreContract('InMemoryManagedObjectStore', () => {
  const store = new InMemoryManagedObjectStore();
  return {
    store,
    instanceId: toInstanceId(randomUUID()),
    otherStore: new InMemoryManagedObjectStore(),
    otherInstanceId: toInstanceId(randomUUID()),
    recorded: () => Promise.resolve(store.audits),
    failNextAudit: () => store.breakAudit(),
    close: () => Promise.resolve(),
  };
});
