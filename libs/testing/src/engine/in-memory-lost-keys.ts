import { type AuditEvent } from '@lib/audit';
import { type UniqueIdentifier } from '@lib/kernel';
import {
  isDestroyed,
  type LostKey,
  type LostKeys,
  type LostUnder,
  type ManagedObject,
  type PlacedKey,
  storedSince,
} from '@lib/kmip-engine';

import { InMemoryRecords } from './in-memory-records';

export class InMemoryLostKeys extends InMemoryRecords<UniqueIdentifier, LostKey, keyof LostKeys> implements LostKeys {
  constructor(
    private readonly objects: () => readonly ManagedObject[],
    private readonly commit: (audit: AuditEvent) => void,
  ) {
    super();
  }

  note(lost: LostKey, audit: AuditEvent): Promise<void> {
    return this.faults.run('note', () => {
      const object = this.objects().find(({ uniqueIdentifier }) => uniqueIdentifier === lost.uniqueIdentifier);
      if (object?.custody?.storedKeyId !== lost.storedKeyId || object.destroyRequestedAt !== undefined) return;
      const known = this.records.get(lost.uniqueIdentifier);
      const isKnown = known?.storedKeyId === lost.storedKeyId;
      if (!isKnown) this.commit(audit);
      const since = isKnown ? known.since : lost.since;
      this.records.set(lost.uniqueIdentifier, { ...lost, since });
    });
  }

  forget(uniqueIdentifier: UniqueIdentifier, audit: AuditEvent): Promise<void> {
    return this.faults.run('forget', () => {
      if (!this.records.has(uniqueIdentifier)) return;
      this.commit(audit);
      this.records.delete(uniqueIdentifier);
    });
  }

  among(uniqueIdentifiers: readonly UniqueIdentifier[]): Promise<readonly LostKey[]> {
    return this.faults.run('among', () =>
      this.objects().flatMap((object) => {
        const lost = this.#lostOf(object);
        return lost !== undefined && uniqueIdentifiers.includes(object.uniqueIdentifier) ? [lost] : [];
      }),
    );
  }

  byRootKey(): Promise<readonly LostUnder[]> {
    return this.faults.run('byRootKey', () => {
      const found = new Map<string, LostUnder>();
      for (const object of this.objects()) {
        const { custody, destroyRequestedAt, state } = object;
        const lost = this.#lostOf(object);
        if (lost === undefined || custody === undefined || destroyRequestedAt || isDestroyed(state)) continue;
        const { rootKeyId } = custody;
        const { keys = 0, since = lost.since } = found.get(rootKeyId) ?? {};
        const keysUnder = this.objects().filter((one) => one.custody?.rootKeyId === rootKeyId).length;
        found.set(rootKeyId, { rootKeyId, keys: keys + 1, keysUnder, since: lost.since < since ? lost.since : since });
      }
      return [...found.values()].sort((a, b) => (a.rootKeyId < b.rootKeyId ? -1 : 1));
    });
  }

  placed(
    rootKeyId: string,
    { after = '' as UniqueIdentifier, limit }: { readonly after?: UniqueIdentifier; readonly limit: number },
  ): Promise<readonly PlacedKey[]> {
    return this.faults.run('placed', () =>
      this.objects()
        .filter(({ custody, destroyRequestedAt }) => custody?.rootKeyId === rootKeyId && !destroyRequestedAt)
        .filter(({ uniqueIdentifier }) => uniqueIdentifier > after)
        .sort((a, b) => (a.uniqueIdentifier < b.uniqueIdentifier ? -1 : 1))
        .slice(0, limit)
        .map((object) => ({
          uniqueIdentifier: object.uniqueIdentifier,
          storedKeyId: object.custody?.storedKeyId ?? '',
          storedAt: storedSince(object),
          lost: this.#lostOf(object) !== undefined,
        })),
    );
  }

  #lostOf({ uniqueIdentifier, custody }: ManagedObject): LostKey | undefined {
    const lost = this.records.get(uniqueIdentifier);
    return lost?.storedKeyId === custody?.storedKeyId ? lost : undefined;
  }
}
