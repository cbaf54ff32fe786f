import { type AuditEvent } from '@lib/audit';
import { type UniqueIdentifier } from '@lib/kernel';
import {
  type CommonFields,
  type CreationIntent,
  KIND_FIELDS,
  type KindNumbers,
  type LocatedObjects,
  type LocateFilter,
  type ManagedObject,
  type ManagedObjectStore,
  type Mutation,
  ObjectStoreError,
  type ServableObject,
  isDestroyed,
  isServableAsSeen,
  matchesValue,
  sameValue,
  stateAt,
  type AdoptedNote,
} from '@lib/kmip-engine';

import { InMemoryCustodyMoves, isStale, withClear } from './in-memory-custody-moves';
import { InMemoryKeyNotes } from './in-memory-key-notes';
import { InMemoryLaterLooks } from './in-memory-later-looks';
import { InMemoryLostKeys } from './in-memory-lost-keys';
import { FaultPlan, type StoreFaultOptions } from './fault-plan';

type Method = Exclude<keyof ManagedObjectStore, 'moves' | 'laterLooks' | 'lost' | 'notes'>;

interface IntentRecord {
  intent: CreationIntent;
  claimed: boolean;
  refused: boolean;
}

/**
 * The catalog of one instance in memory. Keeps the port's promises where tests can tell: one writer per object at a
 * time, audit and change together, quota and Names decided without a gap.
 */
export class InMemoryManagedObjectStore implements ManagedObjectStore {
  /** Committed audit events, oldest first. */
  readonly audits: AuditEvent[] = [];
  readonly moves = new InMemoryCustodyMoves({
    objects: () => this.objects(),
    exclusively: (id, work) => this.#exclusively(id, () => work(this.#objects.get(id))),
    commit: (audit, object) => this.#commit(audit, object),
    leave: (id, former) => this.laterLooks.leave(id, former),
  });
  readonly laterLooks = new InMemoryLaterLooks();
  readonly lost = new InMemoryLostKeys(
    () => this.objects(),
    (audit) => this.#commit(audit),
  );
  readonly notes = new InMemoryKeyNotes();
  readonly #objects = new Map<string, ManagedObject>();
  readonly #intents = new Map<string, IntentRecord>();
  /** Tail of each object's queue of writers. */
  readonly #writers = new Map<string, Promise<unknown>>();
  readonly #faults = new FaultPlan<Method>();
  #auditBroken = false;

  failNext(method: Method, options?: StoreFaultOptions): void {
    this.#faults.failNext(method, options);
  }

  /** Until {@link recover} no audit event can be committed, and so no change. */
  breakAudit(): void {
    this.#auditBroken = true;
  }

  recover(): void {
    this.#faults.recover();
    this.moves.recover();
    this.laterLooks.recover();
    this.lost.recover();
    this.notes.recover();
    this.#auditBroken = false;
  }

  /** @returns how to put everything back to what it is now, as a restore does. The audit trail of the test goes on. */
  backup(): () => void {
    const objects = [...this.#objects];
    const intents = [...this.#intents].map(([id, record]) => [id, { ...record }] as const);
    const restoreMoves = this.moves.backup();
    const restoreLooks = this.laterLooks.backup();
    const restoreLost = this.lost.backup();
    const restoreNotes = this.notes.backup();
    return () => {
      replace(this.#objects, objects);
      replace(
        this.#intents,
        intents.map(([id, record]) => [id, { ...record }] as const),
      );
      restoreMoves();
      restoreLooks();
      restoreLost();
      restoreNotes();
    };
  }

  /** The row is lost with its notes, as in a catalog that was restored from a backup. */
  forget(uniqueIdentifier: UniqueIdentifier): void {
    this.#objects.delete(uniqueIdentifier);
    this.notes.forget(uniqueIdentifier);
  }

  /** What an instance that goes away loses, some keys at a time; its open creations with the last ones. */
  erase(limit: number): number {
    const ids = [...this.#objects.keys()].slice(0, limit) as UniqueIdentifier[];
    for (const id of ids) this.forget(id);
    if (ids.length < limit) this.#intents.clear();
    return ids.length;
  }

  /** What a management API would do behind the engine's back, without a record. */
  overwrite(object: ManagedObject): void {
    this.#objects.set(object.uniqueIdentifier, object);
  }

  intents(): readonly CreationIntent[] {
    return [...this.#intents.values()].map(({ intent, refused }) => (refused ? { ...intent, refused } : intent));
  }

  objects(): readonly ManagedObject[] {
    return [...this.#objects.values()];
  }

  find(uniqueIdentifier: UniqueIdentifier): Promise<ManagedObject | undefined> {
    return this.#faults.run('find', () => this.#objects.get(uniqueIdentifier));
  }

  countLive(): Promise<number> {
    return this.#faults.run('countLive', () => this.#live());
  }

  openIntent(intent: CreationIntent, maximumLive: number): Promise<void> {
    return this.#faults.run('openIntent', () => {
      if (this.#live() >= maximumLive) throw new ObjectStoreError('quota_exceeded');
      this.#intents.set(intent.uniqueIdentifier, { intent, claimed: false, refused: false });
    });
  }

  completeIntent(object: ManagedObject, audit: AuditEvent): Promise<void> {
    return this.#faults.run('completeIntent', () => {
      if (this.#objects.has(object.uniqueIdentifier)) return;
      const record = this.#intents.get(object.uniqueIdentifier);
      if (record === undefined || record.claimed) throw new ObjectStoreError('intent_closed');
      this.#requireNamesFree(object);
      if (this.objects().some(({ digest }) => digest.equals(object.digest)))
        throw new ObjectStoreError('digest_repeated');
      this.#commit(audit, object);
      this.#intents.delete(object.uniqueIdentifier);
    });
  }

  claimIntent(uniqueIdentifier: UniqueIdentifier): Promise<boolean> {
    return this.#faults.run('claimIntent', () => {
      const record = this.#intents.get(uniqueIdentifier);
      if (record === undefined) return false;
      record.claimed = true;
      return true;
    });
  }

  refuseIntent(uniqueIdentifier: UniqueIdentifier): Promise<boolean> {
    return this.#faults.run('refuseIntent', () => {
      const record = this.#intents.get(uniqueIdentifier);
      if (record === undefined) return false;
      record.claimed = true;
      record.refused = true;
      return true;
    });
  }

  abandonIntent(uniqueIdentifier: UniqueIdentifier): Promise<void> {
    return this.#faults.run('abandonIntent', () => {
      this.#intents.delete(uniqueIdentifier);
    });
  }

  noteClear(uniqueIdentifier: UniqueIdentifier, since: Date | undefined): Promise<void> {
    return this.#faults.run('noteClear', () => {
      const record = this.#intents.get(uniqueIdentifier);
      if (record !== undefined) record.intent = withClear(record.intent, since);
    });
  }

  staleIntents(before: Date, limit: number): Promise<readonly CreationIntent[]> {
    return this.#faults.run('staleIntents', () =>
      this.intents()
        .filter((intent) => isStale(intent, before))
        .sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime())
        .slice(0, limit),
    );
  }

  restore(
    object: ManagedObject,
    audit: AuditEvent,
    interruptedBefore: Date,
    adopted: readonly AdoptedNote[] = [],
  ): Promise<'restored' | 'present' | 'busy'> {
    return this.#faults.run('restore', () => {
      if (this.#objects.has(object.uniqueIdentifier)) return 'present';
      const record = this.#intents.get(object.uniqueIdentifier);
      if (record !== undefined && (record.refused || record.intent.startedAt >= interruptedBefore)) return 'busy';
      this.#requireNamesFree(object);
      this.#commit(audit, object);
      this.notes.adopt(adopted);
      this.#intents.delete(object.uniqueIdentifier);
      return 'restored';
    });
  }

  mutate<T>(
    uniqueIdentifier: UniqueIdentifier,
    decide: (current: ManagedObject) => Mutation<T>,
  ): Promise<{ readonly result: T } | undefined> {
    return this.#faults.run('mutate', () =>
      this.#exclusively(uniqueIdentifier, () => {
        const current = this.#objects.get(uniqueIdentifier);
        if (current === undefined) return undefined;
        const { object, audit, result, adopted } = decide(current);
        if (object !== undefined && !isDestroyed(object.state)) this.#requireNamesFree(object);
        this.#commit(audit, object);
        if (adopted !== undefined) this.notes.adopt(adopted);
        else if (object !== undefined) this.notes.enter(current, object, audit.occurredAt);
        return { result };
      }),
    );
  }

  recordFetch(object: ServableObject, audit: AuditEvent): Promise<boolean> {
    return this.#faults.run('recordFetch', () =>
      this.#exclusively(object.uniqueIdentifier, () => {
        const current = this.#objects.get(object.uniqueIdentifier);
        if (current === undefined || !isServableAsSeen(object, current)) return false;
        this.#commit(audit, { ...current, fresh: false, lastFetchedAt: audit.occurredAt });
        return true;
      }),
    );
  }

  pendingDeletions(
    limit: number,
  ): Promise<readonly { readonly uniqueIdentifier: UniqueIdentifier; readonly storedKeyId: string }[]> {
    return this.#faults.run('pendingDeletions', () =>
      this.objects()
        .filter(({ destroyRequestedAt, state }) => destroyRequestedAt !== undefined && !isDestroyed(state))
        .sort((a, b) => Number(a.destroyRequestedAt) - Number(b.destroyRequestedAt))
        .slice(0, limit)
        .map(({ uniqueIdentifier, custody }) => ({ uniqueIdentifier, storedKeyId: custody?.storedKeyId ?? '' })),
    );
  }

  locate(filter: LocateFilter): Promise<LocatedObjects> {
    return this.#faults.run('locate', () => {
      const found = this.objects()
        .filter((object) => matches(object, filter))
        .sort((a, b) => b.initialDate.getTime() - a.initialDate.getTime());
      const page = found.slice(filter.offset, filter.offset + filter.limit);
      const uniqueIdentifiers = page.map(({ uniqueIdentifier }) => uniqueIdentifier);
      return { uniqueIdentifiers, ...(filter.count === true && { total: found.length }) };
    });
  }

  record(audit: AuditEvent): Promise<void> {
    return this.#faults.run('record', () => this.#commit(audit));
  }

  #live(): number {
    return this.objects().filter(({ state }) => !isDestroyed(state)).length + this.#intents.size;
  }

  #requireNamesFree(object: ManagedObject): void {
    const names = object.attributes.filter(({ name }) => name === 'Name');
    for (const other of this.#objects.values()) {
      if (other.uniqueIdentifier === object.uniqueIdentifier || isDestroyed(other.state)) continue;
      const taken = other.attributes.some(
        ({ name, value }) => name === 'Name' && names.some((own) => sameValue(own.value, value)),
      );
      if (taken) throw new ObjectStoreError('name_taken');
    }
  }

  #commit(audit: AuditEvent, object?: ManagedObject): void {
    if (this.#auditBroken) throw new Error('the audit store is down');
    this.audits.push(audit);
    if (object === undefined) return;
    const before = this.#objects.get(object.uniqueIdentifier);
    this.#objects.set(object.uniqueIdentifier, object);
    if (before === undefined || isDestroyed(before.state) || !isDestroyed(object.state)) return;
    this.laterLooks.add(before, object.destroyDate ?? object.lastChangeDate);
  }

  /** One writer per object at a time, in the order they came; a turn of the event loop lies between them. */
  #exclusively<T>(uniqueIdentifier: UniqueIdentifier, work: () => T): Promise<T> {
    const before = this.#writers.get(uniqueIdentifier) ?? Promise.resolve();
    const mine = before.then(
      () => work(),
      () => work(),
    );
    this.#writers.set(uniqueIdentifier, mine);
    return mine;
  }
}

function replace<K, V>(map: Map<K, V>, entries: Iterable<readonly [K, V]>): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

/** An object of any kind, by the fields that a Locate compares. */
type Located = CommonFields & KindNumbers & { readonly objectType: number };

const EQUAL = [
  'objectType',
  'uniqueIdentifier',
  'fresh',
  ...KIND_FIELDS.filter((field) => field !== 'cryptographicUsageMask'),
] as const satisfies (keyof LocateFilter & keyof Located)[];

function matches(object: ManagedObject, filter: LocateFilter): boolean {
  const located: Located = object;
  const { states, cryptographicUsageMask: mask = 0, attributes = [] } = filter;
  return (
    (states === undefined || states.includes(stateAt(object, filter.asOf))) &&
    EQUAL.every((field) => filter[field] === undefined || filter[field] === located[field]) &&
    ((located.cryptographicUsageMask ?? 0) & mask) === mask &&
    matchesDates(object, filter) &&
    attributes.every((asked) =>
      object.attributes.some(({ name, value }) => name === asked.name && matchesValue(asked.value, value)),
    )
  );
}

function matchesDates(object: CommonFields, { dates = [] }: LocateFilter): boolean {
  return dates.every(({ attribute, from, to }) => {
    const date = object[attribute];
    return date !== undefined && date.getTime() >= from.getTime() && date.getTime() <= to.getTime();
  });
}
