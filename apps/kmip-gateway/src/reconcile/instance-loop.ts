import { type Clock, inParallel, type InstanceId, type Leases, stopping } from '@lib/kernel';
import { type InvalidationBus } from '@lib/tenancy';

/** Instances asked for at once; and so many are visited in a round although nothing is known of them. */
const PAGE = 200;
/** Instances of which is remembered that they are to be visited again soon; of more of them rows or slices must tell. */
const REMEMBERED = 1_000;
/** Pause before instances with more to do are visited again. */
const AGAIN_MS = 1_000;

interface Page {
  readonly after?: InstanceId;
  readonly limit: number;
}

/** In the order of ids. */
type Instances = (page: Page) => Promise<readonly InstanceId[]>;

export interface InstanceLoopOptions {
  /** Of the lease: one gateway of the region does this duty at a time. */
  readonly name: string;
  readonly leases: Leases;
  readonly owner: string;
  /** All of the region. */
  readonly instances: Instances;
  /** Those that are known to need a visit. */
  readonly unsettled: Instances;
  /** Those that may need one although nothing tells. Absent: rows tell of all there is to do. */
  readonly slices?: Instances;
  /** While true each round visits all instances. */
  readonly isExceptional: () => boolean;
  readonly clock: Clock;
  readonly everyMs: number;
  /** Instances that are visited at the same time: where a visit may have to wait for somebody. Default 1. */
  readonly atOnce?: number;
  /** @returns true when there is more to do for this instance right away, or whether it is to be visited in the next round */
  readonly visit: (instanceId: InstanceId, signal: AbortSignal, woken: boolean) => Promise<boolean | 'next round'>;
  /** Instances that changed are visited at once, and not in the next round only. Absent: a change is no reason. */
  readonly changes?: Pick<InvalidationBus, 'subscribe'>;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * Visits instances, one after the other or several at a time, again and again: in each round those that are known to need it, or whose
 * visit before was in vain, and a slice of the others, for what nobody knows of. The lease saves work and is no lock: what
 * is done on a visit bears being done twice.
 */
export class InstanceLoop {
  readonly #stopping = stopping();
  readonly #unfinished = new Set<InstanceId>();
  /** Of which a visit failed or was hindered: nothing may name them, and their turn in the slices is far. */
  readonly #nextRound = new Set<InstanceId>();
  /** Changed since they were visited. */
  readonly #woken = new Set<InstanceId>();
  #leasedUntilMs = 0;
  /** Until then it is left to the gateway that holds the lease to hear of changes. */
  #othersUntilMs = 0;
  #lastRoundMs = -Infinity;
  /** The last instance of the slice before. */
  #sliceAfter: InstanceId | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #unsubscribe: (() => void) | undefined;

  constructor(private readonly options: InstanceLoopOptions) {}

  start(): void {
    this.#schedule(this.options.everyMs);
    this.#unsubscribe = this.options.changes?.subscribe((change) => {
      if (change.kind === 'instance') this.wake(change.instanceId);
    });
  }

  /** The instance changed, or somebody has seen that there is something to do: it is visited at once. */
  wake(instanceId: InstanceId): void {
    if (this.#stopping.signal.aborted || this.options.clock.monotonicMs() < this.#othersUntilMs) return;
    remember(this.#woken, instanceId);
    if (!this.#isRunning) this.#schedule(0);
  }

  async stop(): Promise<void> {
    const { leases, name, owner } = this.options;
    this.#stopping.abort();
    this.#unsubscribe?.();
    clearTimeout(this.#timer);
    await this.#running;
    await leases.release(name, owner).catch(() => undefined);
  }

  /** One round when it is time for that, otherwise those with more to do. Never rejects. */
  async round(): Promise<void> {
    const { everyMs, clock, log, name } = this.options;
    try {
      if (!(await this.#hold())) {
        for (const remembered of [this.#unfinished, this.#nextRound, this.#woken]) remembered.clear();
        return;
      }
      const due = clock.monotonicMs() - this.#lastRoundMs >= everyMs;
      if (this.hasMore && !due) {
        await this.#visitAll([...new Set([...this.#unfinished, ...this.#woken])]);
        return;
      }
      this.#lastRoundMs = clock.monotonicMs();
      await this.#visitDue();
    } catch (error) {
      log(`a round of ${name} ended early`, error);
    }
  }

  get hasMore(): boolean {
    return this.#unfinished.size + this.#woken.size > 0;
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isRunning = true;
      this.#running = this.round().then(() => {
        this.#isRunning = false;
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
    if ((await leases.acquire(name, owner, ttlMs)) === undefined) {
      this.#othersUntilMs = nowMs + everyMs;
      return false;
    }
    this.#leasedUntilMs = nowMs + ttlMs;
    return true;
  }

  async #visitDue(): Promise<void> {
    const { instances, unsettled, slices, isExceptional } = this.options;
    if (isExceptional()) {
      await this.#visitEach(instances);
      return;
    }
    const hindered = [...this.#nextRound];
    const visited = await this.#visitEach(unsettled);
    const slice = await slices?.({ limit: PAGE, ...(this.#sliceAfter && { after: this.#sliceAfter }) });
    this.#sliceAfter = slice?.length === PAGE ? slice.at(-1) : undefined;
    const others = new Set([...hindered, ...(slice ?? [])]);
    await this.#visitAll([...others].filter((instanceId) => !visited.has(instanceId)));
  }

  async #visitEach(list: Instances): Promise<ReadonlySet<InstanceId>> {
    const visited = new Set<InstanceId>();
    let after: InstanceId | undefined;
    do {
      const page: readonly InstanceId[] = await list({ limit: PAGE, ...(after && { after }) });
      await this.#visitAll(page);
      for (const instanceId of page) visited.add(instanceId);
      after = page.length === PAGE ? page.at(-1) : undefined;
    } while (after !== undefined && !this.#stopping.signal.aborted);
    return visited;
  }

  async #visitAll(instanceIds: readonly InstanceId[]): Promise<void> {
    await inParallel(instanceIds, this.options.atOnce ?? 1, async (instanceId) => {
      if (this.#stopping.signal.aborted || !(await this.#hold())) return 'stop';
      await this.#visit(instanceId);
      return 'next';
    });
  }

  /** One tenant's trouble is not another's: the round goes on. */
  async #visit(instanceId: InstanceId): Promise<void> {
    const { visit, log, name } = this.options;
    this.#unfinished.delete(instanceId);
    this.#nextRound.delete(instanceId);
    const woken = this.#woken.delete(instanceId);
    try {
      const more = await visit(instanceId, this.#stopping.signal, woken);
      if (more === 'next round') remember(this.#nextRound, instanceId);
      else if (more) remember(this.#unfinished, instanceId);
    } catch (error) {
      remember(this.#nextRound, instanceId);
      log(`${name} failed for an instance and is tried again`, error);
    }
  }
}

function remember(instances: Set<InstanceId>, instanceId: InstanceId): void {
  if (instances.size < REMEMBERED) instances.add(instanceId);
}
