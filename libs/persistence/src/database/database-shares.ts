import { type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { DatabaseShareUsed, DatabaseUnavailable } from './persistence.error';

/** What a transaction is for. Handing out keys goes before everything else. */
export type Lane = 'serving' | 'changes' | 'search' | 'lists';

/** How many connections of a pool may be used for what. */
export interface ShareLimits {
  readonly pool: number;
  /** Of one tenant, whatever for. */
  readonly tenant: number;
  /** Of one tenant for anything but handing out keys. */
  readonly tenantBeside: number;
  /** Of all tenants for anything but handing out keys. */
  readonly beside: number;
  readonly search: number;
  readonly lists: number;
}

/** With the default pool of 10: 4 of a tenant, 3 of them beside its Gets; 7 beside Gets; 3 searches; 3 lists. */
export function shareLimits(pool: number): ShareLimits {
  const part = (share: number): number => Math.max(1, Math.floor(pool * share));
  return {
    pool,
    // Two at least: one that waits for a lock must not keep away the one that holds it.
    tenant: Math.min(pool, Math.max(2, part(0.4))),
    tenantBeside: Math.min(pool, Math.max(2, part(0.3))),
    beside: part(0.7),
    search: part(0.3),
    lists: part(0.3),
  };
}

interface Waiter {
  readonly tenant: InstanceId;
  readonly lane: Lane;
  readonly go: () => void;
}

/**
 * Who may use a connection of the pool next. A tenant that floods the catalog, or whose transactions wait for each
 * other's row locks, keeps to its share and queues behind itself; tenants are called one after the other.
 */
export class DatabaseShares {
  readonly #used = new Map<string, number>();
  /** In the order in which tenants are called. */
  readonly #waiting = new Map<InstanceId, Set<Waiter>>();
  /** Transactions the database has answered. */
  #answered = 0;

  constructor(private readonly limits: ShareLimits) {}

  /**
   * @param deadline on the clock of performance.now()
   * @returns what gives the share back; to be called once, with whether the database has answered
   * @throws DatabaseShareUsed when the turn does not come in time, DatabaseUnavailable when nobody was answered meanwhile
   */
  async enter(tenant: InstanceId, lane: Lane, deadline: number): Promise<(answered: boolean) => void> {
    if (!this.#fits(tenant, lane)) await this.#wait(tenant, lane, deadline);
    else this.#count(tenant, lane, 1);
    return (answered) => {
      if (answered) this.#answered += 1;
      this.#count(tenant, lane, -1);
      this.#call();
    };
  }

  #wait(tenant: InstanceId, lane: Lane, deadline: number): Promise<void> {
    const before = this.#answered;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.delete(waiter);
        if (queue.size === 0) this.#waiting.delete(tenant);
      };
      const timer = setTimeout(
        () => {
          leave();
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
        leave();
        this.#count(tenant, lane, 1);
        resolve();
      };
      const queue = this.#waiting.get(tenant) ?? new Set();
      const waiter: Waiter = { tenant, lane, go };
      this.#waiting.set(tenant, queue.add(waiter));
    });
  }

  #call(): void {
    for (const serving of [true, false]) {
      for (const [tenant, queue] of [...this.#waiting]) {
        const next = [...queue].find(({ lane }) => (lane === 'serving') === serving && this.#fits(tenant, lane));
        if (next === undefined) continue;
        next.go();
        // To the end of the row.
        if (queue.size > 0) {
          this.#waiting.delete(tenant);
          this.#waiting.set(tenant, queue);
        }
      }
    }
  }

  #fits(tenant: InstanceId, lane: Lane): boolean {
    return this.#claims(tenant, lane).every(([name, most]) => (this.#used.get(name) ?? 0) < most);
  }

  #count(tenant: InstanceId, lane: Lane, by: 1 | -1): void {
    for (const [name] of this.#claims(tenant, lane)) {
      const used = (this.#used.get(name) ?? 0) + by;
      if (used === 0) this.#used.delete(name);
      else this.#used.set(name, used);
    }
  }

  /** Everything a transaction counts for, and how many of it there may be. */
  #claims(tenant: InstanceId, lane: Lane): readonly (readonly [string, number])[] {
    const { limits } = this;
    const always = [
      ['pool', limits.pool],
      [`tenant ${tenant}`, limits.tenant],
    ] as const;
    if (lane === 'serving') return always;
    const beside = [...always, ['beside', limits.beside], [`beside ${tenant}`, limits.tenantBeside]] as const;
    return lane === 'changes' ? beside : [...beside, [lane, limits[lane]]];
  }
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
