import { type AuditEvent } from '@lib/audit';
import { type Clock, type InstanceId, systemClock } from '@lib/kernel';

import { InMemoryManagedObjectStore } from '../engine/in-memory-managed-object-store';
import { TenantRows } from './tenant-rows';

/** What repositories work on until the transaction is at its end. */
export interface OpenTransaction {
  readonly instanceId: InstanceId;
  readonly clock: Clock;
  readonly rows: TenantRows;
  /** For what the database does of itself past the separation of tenants. */
  readonly tenants: ReadonlyMap<InstanceId, TenantRows>;
  storeOf(instanceId: InstanceId): InMemoryManagedObjectStore;
  /** A notice that goes out with the commit. */
  notice(instanceId: InstanceId): void;
}

/**
 * The database of a region in memory. A transaction works on copies that take the place of the rows when it commits.
 * One runs after the other, as those do that lock their instance first; and each body runs twice, as after a deadlock,
 * so that one with an effect past its scope stands out in any test.
 */
export class InMemoryRegion {
  /** Instances of which other processes were told to forget what they know, once for each commit. */
  readonly notices: InstanceId[] = [];
  #tenants: ReadonlyMap<InstanceId, TenantRows> = new Map();
  readonly #stores = new Map<InstanceId, InMemoryManagedObjectStore>();
  #last: Promise<unknown> = Promise.resolve();
  #refusal: Error | undefined;

  constructor(readonly clock: Clock = systemClock) {}

  /** As committed. */
  get tenants(): ReadonlyMap<InstanceId, TenantRows> {
    return this.#tenants;
  }

  /** The keys of an instance, as gateways put them there. */
  storeOf(instanceId: InstanceId): InMemoryManagedObjectStore {
    const store = this.#stores.get(instanceId) ?? new InMemoryManagedObjectStore();
    this.#stores.set(instanceId, store);
    return store;
  }

  rowsOf(instanceId: InstanceId): TenantRows {
    return this.tenants.get(instanceId) ?? new TenantRows();
  }

  recorded(instanceId: InstanceId): readonly AuditEvent[] {
    return this.rowsOf(instanceId).audits;
  }

  failNextCommit(error: Error): void {
    this.#refusal = error;
  }

  transact<T>(instanceId: InstanceId, body: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    const mine = this.#last.then(() => this.#runTwice(instanceId, body));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #runTwice<T>(instanceId: InstanceId, body: (transaction: OpenTransaction) => Promise<T>): Promise<T> {
    const rollBack = this.storeOf(instanceId).backup();
    try {
      await body(this.#open(instanceId, new Set()));
    } finally {
      rollBack();
    }
    const notices = new Set<InstanceId>();
    const transaction = this.#open(instanceId, notices);
    try {
      const result = await body(transaction);
      this.#commit(transaction.tenants, notices);
      return result;
    } catch (error) {
      rollBack();
      throw error;
    }
  }

  #open(instanceId: InstanceId, notices: Set<InstanceId>): OpenTransaction {
    const rows = this.rowsOf(instanceId).copy();
    const others = [...this.tenants].filter(([id]) => id !== instanceId);
    return {
      instanceId,
      clock: this.clock,
      rows,
      tenants: new Map([...others.map(([id, other]) => [id, other.copy()] as const), [instanceId, rows]]),
      storeOf: (id) => this.storeOf(id),
      notice: (id) => notices.add(id),
    };
  }

  #commit(tenants: ReadonlyMap<InstanceId, TenantRows>, notices: ReadonlySet<InstanceId>): void {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (refusal !== undefined) throw refusal;
    this.#tenants = tenants;
    this.notices.push(...notices);
  }
}
