import { toInstanceId } from '@lib/kernel';
import { randomUUID } from 'node:crypto';

import { InMemoryManagedObjectStore } from '../engine/in-memory-managed-object-store';
import { type OpenLifeCatalog } from './life-catalog';

export const openInMemoryLifeCatalog: OpenLifeCatalog = () => {
  const store = new InMemoryManagedObjectStore();
  let putBack: (() => void) | undefined;
  let isHeld = false;
  return Promise.resolve({
    instanceId: toInstanceId(randomUUID()),
    store,
    reach: 'backup',
    get isHeld() {
      return isHeld;
    },
    backUp: () => {
      putBack = store.backup();
      return Promise.resolve();
    },
    restore: ({ noticed }) => {
      putBack?.();
      if (putBack !== undefined) isHeld = noticed;
      return Promise.resolve(putBack !== undefined);
    },
    release: () => {
      isHeld = false;
      return Promise.resolve();
    },
    minute: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
};
