import { type KeyCensus } from '@lib/tenancy';

import { type InMemoryManagedObjectStore } from '../engine/in-memory-managed-object-store';
import { type OpenTransaction } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryKeyCensus implements KeyCensus {
  readonly #store: InMemoryManagedObjectStore;

  constructor({ instanceId, storeOf }: OpenTransaction) {
    this.#store = storeOf(instanceId);
  }

  countLive(): Promise<number> {
    return this.#store.countLive();
  }

  countUnder(rootKeyId: string, exceptVersion?: string): Promise<number> {
    return answered(
      () =>
        this.#store
          .objects()
          .filter(({ custody }) => custody?.rootKeyId === rootKeyId && custody.rootKeyVersion !== exceptVersion).length,
    );
  }

  mayBeNeeded(rootKeyId: string, creationsBefore: Date): Promise<boolean> {
    return answered(
      () =>
        this.#store.intents().some(({ startedAt }) => startedAt < creationsBefore) ||
        this.#store.moves.all().some((move) => [move.fromRootKeyId, move.toRootKeyId].includes(rootKeyId)) ||
        this.#store.laterLooks.all().some((look) => look.rootKeyId === rootKeyId) ||
        this.#store.notes.lieUnder(rootKeyId),
    );
  }

  erase(limit: number): Promise<number> {
    return answered(() => this.#store.erase(limit));
  }
}
