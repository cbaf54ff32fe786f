import { toInstanceId } from '@lib/kernel';
import { randomUUID } from 'node:crypto';

import { exportedLines } from '../engine/exported-lines';
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
      const [restore, recorded] = [store.backup(), store.audits.length];
      putBack = () => {
        restore();
        store.audits.splice(recorded);
      };
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
    exportTrail: () => Promise.resolve(exportedLines(store.audits)),
    certificates: () => Promise.resolve([]),
    removeCertificate: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
};
