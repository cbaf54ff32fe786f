/** Makes one of several processes do a duty. */
export interface Leases {
  /**
   * Takes or prolongs the lease for `owner`. @returns the term (grows when the lease changes hands), or undefined while
   * someone else holds it
   */
  acquire(name: string, owner: string, ttlMs: number): Promise<number | undefined>;
  /** Gives it up early. Harmless when it is not held. */
  release(name: string, owner: string): Promise<void>;
}

export interface LeasedWorkerOptions {
  /** Name of the duty: one process of the region does it at a time. */
  readonly name: string;
  /** This process, unlike any other. */
  readonly owner: string;
  readonly leases: Leases;
  readonly intervalMs: number;
  /** After a crash the duty rests for at most this long. */
  readonly leaseMs: number;
  readonly work: () => Promise<void>;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * Does a duty again and again while this process holds its lease. The lease saves work and is no lock: a holder that
 * stalls past its time may overlap with the next one, so the work itself must bear that.
 */
export class LeasedWorker {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: LeasedWorkerOptions) {}

  start(): void {
    this.stopped = false;
    this.schedule();
  }

  /** One round now, or the one under way. Never rejects. */
  round(): Promise<void> {
    this.running ??= this.attempt().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Resolves when the round under way is over; another process can take over at once. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
    const { leases, name, owner, log } = this.options;
    await leases.release(name, owner).catch((error: unknown) => {
      log(`the lease ${name} could not be given up`, error);
    });
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      void this.round().then(() => {
        this.schedule();
      });
    }, this.options.intervalMs);
  }

  private async attempt(): Promise<void> {
    const { leases, name, owner, leaseMs, work, log } = this.options;
    try {
      if ((await leases.acquire(name, owner, leaseMs)) === undefined) return;
      await work();
    } catch (error) {
      log(`${name} failed and is tried again`, error);
    }
  }
}
