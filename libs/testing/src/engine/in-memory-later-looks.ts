import { type UniqueIdentifier } from '@lib/kernel';
import {
  FIRST_LOOK_AFTER_MS,
  type FormerStoredKey,
  type LaterLook,
  type LaterLooks,
  type ManagedObject,
} from '@lib/kmip-engine';

import { InMemoryRecords } from './in-memory-records';

interface LookRecord {
  readonly look: LaterLook;
  readonly dueAt: Date;
}

export class InMemoryLaterLooks
  extends InMemoryRecords<UniqueIdentifier, LookRecord, keyof LaterLooks>
  implements LaterLooks
{
  readonly #former = new Map<UniqueIdentifier, readonly FormerStoredKey[]>();

  /** The commit of a move that leaves a stored key. */
  leave(uniqueIdentifier: UniqueIdentifier, former: FormerStoredKey): void {
    this.#former.set(uniqueIdentifier, [...this.formerOf(uniqueIdentifier), former]);
  }

  formerOf(uniqueIdentifier: UniqueIdentifier): readonly FormerStoredKey[] {
    return this.#former.get(uniqueIdentifier) ?? [];
  }

  override backup(): () => void {
    const [restore, former] = [super.backup(), [...this.#former]];
    return () => {
      restore();
      this.#former.clear();
      for (const [key, places] of former) this.#former.set(key, places);
    };
  }

  all(): readonly LaterLook[] {
    return [...this.records.values()].map(({ look }) => look);
  }

  /** The commit that destroys `before`. */
  add(before: ManagedObject, destroyedAt: Date): void {
    const { uniqueIdentifier, custody } = before;
    const place = custody && { storedKeyId: custody.storedKeyId, rootKeyId: custody.rootKeyId };
    const look = { uniqueIdentifier, ...place, destroyedAt, looks: 0 };
    this.records.set(uniqueIdentifier, { look, dueAt: new Date(destroyedAt.getTime() + FIRST_LOOK_AFTER_MS) });
  }

  due(now: Date, limit: number): Promise<readonly LaterLook[]> {
    return this.faults.run('due', () =>
      [...this.records.values()]
        .filter(({ dueAt }) => dueAt <= now)
        .sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime())
        .slice(0, limit)
        .map(({ look }) => {
          const formerly = this.formerOf(look.uniqueIdentifier);
          return formerly.length === 0 ? look : { ...look, formerly };
        }),
    );
  }

  find(uniqueIdentifier: UniqueIdentifier): Promise<Pick<LaterLook, 'storedKeyId' | 'rootKeyId'> | undefined> {
    return this.faults.run('find', () => {
      const look = this.records.get(uniqueIdentifier)?.look;
      if (look === undefined) return undefined;
      const { storedKeyId, rootKeyId } = look;
      return { ...(storedKeyId !== undefined && { storedKeyId }), ...(rootKeyId !== undefined && { rootKeyId }) };
    });
  }

  postpone(uniqueIdentifier: UniqueIdentifier, looks: number, dueAt: Date): Promise<void> {
    return this.faults.run('postpone', () => {
      const record = this.records.get(uniqueIdentifier);
      if (record !== undefined) this.records.set(uniqueIdentifier, { look: { ...record.look, looks }, dueAt });
    });
  }

  end(uniqueIdentifier: UniqueIdentifier): Promise<void> {
    return this.faults.run('end', () => {
      this.records.delete(uniqueIdentifier);
      this.#former.delete(uniqueIdentifier);
    });
  }
}
