import { type InstanceId } from '@lib/kernel';
import { type Reconciler, type ReconcileScope } from '@lib/kmip-engine';
import { type Leases, type RegionDirectory } from '@lib/tenancy';

const LEASE = 'reconcile';
const PAGE = 200;

export interface ReconcileLoopOptions {
  readonly leases: Leases;
  readonly owner: string;
  readonly region: Pick<RegionDirectory, 'instances'>;
  readonly reconciler: Reconciler;
  readonly scopeFor: (instanceId: InstanceId, signal: AbortSignal) => Promise<ReconcileScope>;
  readonly everyMs: number;
  readonly log: (message: string, error?: unknown) => void;
}

/** Lets one gateway of the region settle interrupted Creates and Destroys, instance by instance. */
export class ReconcileLoop {
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly options: ReconcileLoopOptions) {}

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#round().finally(() => {
        if (!this.#stopping.signal.aborted) this.start();
      });
    }, this.options.everyMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#running;
    await this.options.leases.release(LEASE, this.options.owner).catch(() => undefined);
  }

  async #round(): Promise<void> {
    const { leases, owner, everyMs, log } = this.options;
    try {
      // Longer than a round and the pause after it: another gateway takes over only when this one is gone.
      const term = await leases.acquire(LEASE, owner, Math.max(60_000, 3 * everyMs));
      if (term !== undefined) await this.#allInstances();
    } catch (error) {
      log('a reconcile round ended early', error);
    }
  }

  async #allInstances(): Promise<void> {
    let after: InstanceId | undefined;
    do {
      const page: readonly InstanceId[] = await this.options.region.instances({ limit: PAGE, ...(after && { after }) });
      for (const instanceId of page) await this.#instance(instanceId);
      after = page.length === PAGE ? page.at(-1) : undefined;
    } while (after !== undefined && !this.#stopping.signal.aborted);
  }

  /** One tenant's trouble is not another's: the round goes on. */
  async #instance(instanceId: InstanceId): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    try {
      await this.options.reconciler.run(await this.options.scopeFor(instanceId, this.#stopping.signal));
    } catch (error) {
      this.options.log('an instance could not be reconciled', error);
    }
  }
}
