import { type CustodyCensus, type KeysLeftBehind } from '@lib/service-instances';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryCustodyCensus implements CustodyCensus {
  constructor(private readonly transaction: OpenTransaction) {}

  countInUse(): Promise<number> {
    return answered(
      () =>
        this.#objects().filter(
          ({ state, destroyRequestedAt }) =>
            (state === 'PreActive' || state === 'Active') && destroyRequestedAt === undefined,
        ).length,
    );
  }

  storedKeys(): Promise<readonly KeysLeftBehind[]> {
    return answered(() => {
      const counts = new Map<string, number>();
      for (const { custody } of this.#objects()) {
        if (custody === undefined) continue;
        const place = this.#keyManagerOf(custody.rootKeyId);
        counts.set(place, (counts.get(place) ?? 0) + 1);
      }
      const found = [...counts].map(([keyManagerCrn, count]) => ({ keyManagerCrn, count }));
      return found.sort((a, b) => (a.keyManagerCrn < b.keyManagerCrn ? -1 : 1));
    });
  }

  lastActivity(): Promise<Date | undefined> {
    return answered(() => {
      const { instanceId, rows, storeOf } = this.transaction;
      const times = [...rows.audits, ...storeOf(instanceId).audits].map(({ occurredAt }) => occurredAt.getTime());
      return times.length === 0 ? undefined : new Date(Math.max(...times));
    });
  }

  #objects() {
    return this.transaction.storeOf(this.transaction.instanceId).objects();
  }

  #keyManagerOf(rootKeyId: string): string {
    const bound = [...this.transaction.rows.bindings.values()].find((binding) => binding.rootKeyId === rootKeyId);
    return bound?.keyManagerCrn ?? `the key manager of root key ${rootKeyId}`;
  }
}
