import { BoundedMap, type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { DatabaseShareUsed, DatabaseUnavailable } from './persistence.error';

/** What a transaction is for. Handing out keys goes before everything else. */
export type Lane = 'serving' | 'changes' | 'search' | 'lists';

/** How many connections of a pool may be used for what. */
export interface ShareLimits {
  readonly pool: number;
  /** Of all instances of one account, whatever for. */
  readonly account: number;
  /** Of one account for anything but handing out keys. */
  readonly accountBeside: number;
  /** Of all accounts for anything but handing out keys. */
  readonly beside: number;
  readonly search: number;
  readonly lists: number;
}

/** With the default pool of 10: 4 of an account, 3 of them beside its Gets; 7 beside Gets; 3 searches; 3 lists. */
export function shareLimits(pool: number): ShareLimits {
  const part = (share: number): number => Math.max(1, Math.floor(pool * share));
  return {
    pool,
    // Two at least: one that waits for a lock must not keep away the one that holds it.
    account: Math.min(pool, Math.max(2, part(0.4))),
    accountBeside: Math.min(pool, Math.max(2, part(0.3))),
    beside: part(0.7),
    search: part(0.3),
    lists: part(0.3),
  };
}

/** Instances whose account is remembered. Forgetting costs little: clients name it again with every request. */
const KNOWN_INSTANCES = 10_000;

interface User {
  readonly instance: InstanceId;
  readonly account: string;
  readonly lane: Lane;
}

interface Waiter extends User {
  readonly go: () => void;
}

/**
 * Who may use a connection of the pool next. An account that floods the catalog, or whose transactions wait for each
 * other's row locks, keeps to its share and queues behind itself; accounts are called one after the other, and so are
 * the instances of an account.
 */
export class DatabaseShares {
  readonly #accounts = new BoundedMap<InstanceId, string>(KNOWN_INSTANCES);
  readonly #used = new Map<string, number>();
  /** By account and instance, in the order in which they are called. */
  readonly #waiting = new Map<string, Map<InstanceId, Set<Waiter>>>();
  /** Transactions the database has answered. */
  #answered = 0;

  constructor(private readonly limits: ShareLimits) {}

  /** An instance of which nobody has said this lately counts for itself. Who is inside or waits stays what it was. */
  belongs(instance: InstanceId, account: string): void {
    this.#accounts.set(instance, account);
  }

  /**
   * @param deadline on the clock of performance.now()
   * @returns what gives the share back; to be called once, with whether the database has answered
   * @throws DatabaseShareUsed when the turn does not come in time, DatabaseUnavailable when nobody was answered meanwhile
   */
  async enter(instance: InstanceId, lane: Lane, deadline: number): Promise<(answered: boolean) => void> {
    const user: User = { instance, lane, account: this.#accounts.get(instance) ?? instance };
    if (this.#fits(user)) this.#count(user, 1);
    else await this.#wait(user, deadline);
    return (answered) => {
      if (answered) this.#answered += 1;
      this.#count(user, -1);
      this.#call();
    };
  }

  #wait(user: User, deadline: number): Promise<void> {
    const before = this.#answered;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#leaveQueue(waiter);
          const away = this.#answered === before;
          reject(
            away
              ? new DatabaseUnavailable('the database answers nobody')
              : new DatabaseShareUsed('the share of the database is used up'),
          );
        },
        Math.max(1, deadline - performance.now()),
      );
      timer.unref();
      const go = (): void => {
        clearTimeout(timer);
        this.#leaveQueue(waiter);
        this.#count(user, 1);
        resolve();
      };
      const waiter: Waiter = { ...user, go };
      const instances = this.#waiting.get(user.account) ?? new Map<InstanceId, Set<Waiter>>();
      this.#waiting.set(user.account, instances);
      instances.set(user.instance, (instances.get(user.instance) ?? new Set()).add(waiter));
    });
  }

  #leaveQueue(waiter: Waiter): void {
    const instances = this.#waiting.get(waiter.account);
    const queue = instances?.get(waiter.instance);
    queue?.delete(waiter);
    if (queue?.size === 0) instances?.delete(waiter.instance);
    if (instances?.size === 0) this.#waiting.delete(waiter.account);
  }

  #call(): void {
    for (const serving of [true, false]) {
      for (const [account, instances] of [...this.#waiting]) {
        const next = this.#nextOf(instances, serving);
        if (next === undefined) continue;
        next.go();
        toTheEnd(this.#waiting, account);
        toTheEnd(instances, next.instance);
      }
    }
  }

  #nextOf(instances: ReadonlyMap<InstanceId, ReadonlySet<Waiter>>, serving: boolean): Waiter | undefined {
    for (const queue of instances.values()) {
      for (const waiter of queue) {
        if ((waiter.lane === 'serving') === serving && this.#fits(waiter)) return waiter;
      }
    }
    return undefined;
  }

  #fits(user: User): boolean {
    return this.#claims(user).every(([name, most]) => (this.#used.get(name) ?? 0) < most);
  }

  #count(user: User, by: 1 | -1): void {
    for (const [name] of this.#claims(user)) {
      const used = (this.#used.get(name) ?? 0) + by;
      if (used === 0) this.#used.delete(name);
      else this.#used.set(name, used);
    }
  }

  /** Everything a transaction counts for, and how many of it there may be. */
  #claims({ account, lane }: User): readonly (readonly [string, number])[] {
    const { limits } = this;
    const always = [
      ['pool', limits.pool],
      [`account ${account}`, limits.account],
    ] as const;
    if (lane === 'serving') return always;
    const beside = [...always, ['beside', limits.beside], [`beside ${account}`, limits.accountBeside]] as const;
    return lane === 'changes' ? beside : [...beside, [lane, limits[lane]]];
  }
}

/** Of the row in which the keys of a map stand; who has left it stays away. */
function toTheEnd<K, V>(row: Map<K, V>, key: K): void {
  const value = row.get(key);
  if (value === undefined) return;
  row.delete(key);
  row.set(key, value);
}

const sharesOfPools = new WeakMap<DataSource, DatabaseShares>();

/** All that use one pool share it. */
export function sharesOf(dataSource: DataSource): DatabaseShares {
  const known = sharesOfPools.get(dataSource);
  if (known !== undefined) return known;
  const { extra } = dataSource.options as { extra?: { max?: number } };
  const made = new DatabaseShares(shareLimits(extra?.max ?? 1));
  sharesOfPools.set(dataSource, made);
  return made;
}
