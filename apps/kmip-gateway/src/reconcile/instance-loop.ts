import { type Clock, type InstanceId, type Leases } from '@lib/kernel';
import { type RegionDirectory } from '@lib/tenancy';

const PAGE = 200;
/** Pause before instances with more to do are visited again. */
const AGAIN_MS = 1_000;

export interface InstanceLoopOptions {
  /** Of the lease: one gateway of the region does this duty at a time. */
  readonly name: string;
  readonly leases: Leases;
  readonly owner: string;
  readonly region: Pick<RegionDirectory, 'instances'>;
  readonly clock: Clock;
  readonly everyMs: number;
  /** @returns true when there is more to do for this instance right away */
  readonly visit: (instanceId: InstanceId, signal: AbortSignal) => Promise<boolean>;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * Visits the instances of the region one after the other, again and again. The lease saves work and is no lock: what is
 * done on a visit bears being done twice.
 */
export class InstanceLoop {
  readonly #stopping = new AbortController();
  readonly #unfinished = new Set<InstanceId>();
  #leasedUntilMs = 0;
  #lastFullRoundMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly options: InstanceLoopOptions) {}

  start(): void {
    this.#schedule(this.options.everyMs);
  }

  async stop(): Promise<void> {
    const { leases, name, owner } = this.options;
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#running;
    await leases.release(name, owner).catch(() => undefined);
  }

  /** One round: all instances when it is time for that, otherwise those with more to do. Never rejects. */
  async round(): Promise<void> {
    const { everyMs, clock, log, name } = this.options;
    try {
      if (!(await this.#hold())) {
        this.#unfinished.clear();
        return;
      }
      const due = clock.monotonicMs() - this.#lastFullRoundMs >= everyMs;
      if (this.hasMore && !due) {
        await this.#visitAll([...this.#unfinished]);
        return;
      }
      this.#lastFullRoundMs = clock.monotonicMs();
      await this.#everyInstance();
    } catch (error) {
      log(`a round of ${name} ended early`, error);
    }
  }

  get hasMore(): boolean {
    return this.#unfinished.size > 0;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.round().then(() => {
        if (this.#stopping.signal.aborted) return;
        this.#schedule(this.hasMore ? Math.min(AGAIN_MS, this.options.everyMs) : this.options.everyMs);
      });
    }, delayMs);
  }

  /** Longer than a round and the pause after it: another gateway takes over only when this one is gone. */
  async #hold(): Promise<boolean> {
    const { leases, name, owner, everyMs, clock } = this.options;
    const ttlMs = Math.max(60_000, 3 * everyMs);
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#leasedUntilMs - (2 * ttlMs) / 3) return true;
    this.#leasedUntilMs = 0;
    if ((await leases.acquire(name, owner, ttlMs)) === undefined) return false;
    this.#leasedUntilMs = nowMs + ttlMs;
    return true;
  }

  async #everyInstance(): Promise<void> {
    let after: InstanceId | undefined;
    do {
      const page: readonly InstanceId[] = await this.options.region.instances({ limit: PAGE, ...(after && { after }) });
      await this.#visitAll(page);
      after = page.length === PAGE ? page.at(-1) : undefined;
    } while (after !== undefined && !this.#stopping.signal.aborted);
  }

  async #visitAll(instanceIds: readonly InstanceId[]): Promise<void> {
    for (const instanceId of instanceIds) {
      if (this.#stopping.signal.aborted || !(await this.#hold())) return;
      await this.#visit(instanceId);
    }
  }

  /** One tenant's trouble is not another's: the round goes on. */
  async #visit(instanceId: InstanceId): Promise<void> {
    const { visit, log, name } = this.options;
    this.#unfinished.delete(instanceId);
    try {
      if (await visit(instanceId, this.#stopping.signal)) this.#unfinished.add(instanceId);
    } catch (error) {
      log(`${name} failed for an instance and is tried again`, error);
    }
  }
}
