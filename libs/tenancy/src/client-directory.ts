import { type CertificateFingerprint, type Clock, type InstanceId } from '@lib/kernel';

import { type ActivationReporter } from './activation';
import { type DirectoryEntry, type InvalidationBus, type RegionDirectory } from './ports';

export interface ClientDirectoryOptions {
  readonly source: Pick<RegionDirectory, 'certificates'>;
  readonly bus: InvalidationBus;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
  /** Told of everything that is in force here; whoever changed the list waits for that. */
  readonly reporter?: Pick<ActivationReporter, 'position' | 'inForce'>;
  /** Everything is read again this often, in case a notice was lost. Bounds how stale an answer can be. */
  readonly sweepMs?: number;
  /** Timers, replaced in tests. */
  readonly schedule?: (work: () => void, delayMs: number) => () => void;
}

export interface Removal {
  readonly fingerprint: CertificateFingerprint;
  readonly instanceId: InstanceId;
}

const DEFAULT_SWEEP_MS = 5_000;

/** Everything is read anew every few seconds. A list much older may lack removals, and nobody is served by it. */
export const MAXIMUM_DIRECTORY_AGE_MS = 30_000;

const startTimer = (work: () => void, delayMs: number): (() => void) => {
  const timer = setTimeout(work, delayMs);
  return () => {
    clearTimeout(timer);
  };
};

/**
 * Who may connect, in memory: the handshake asks no database. Refreshed one load at a time, in order, so an older
 * answer never overwrites a newer one: what was removed before a load began is gone when it ends.
 */
export class ClientDirectory {
  private entries: ReadonlyMap<CertificateFingerprint, DirectoryEntry> = new Map();
  private readonly removalListeners = new Set<(removal: Removal) => void>();
  private readonly outdated = new Set<InstanceId>();
  private sweepWanted = true;
  private working: Promise<void> | undefined;
  private sweptAtMs: number | undefined;
  private cancelTimer: (() => void) | undefined;
  private unsubscribe: (() => void) | undefined;

  constructor(private readonly options: ClientDirectoryOptions) {}

  /** Subscribes first, then loads, so that no change falls in between. Does not fail when the database is away: see {@link ageMs}. */
  async start(): Promise<void> {
    this.unsubscribe = this.options.bus.subscribe((invalidation) => {
      if (invalidation.kind === 'everything') this.sweepWanted = true;
      else this.outdated.add(invalidation.instanceId);
      void this.refresh();
    });
    await this.refresh();
    this.scheduleSweep();
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.unsubscribe = undefined;
    await this.working;
  }

  /** Synchronous, for use within the handshake and again for every request. Dates and instance state are the caller's to judge. */
  lookup(fingerprint: CertificateFingerprint): DirectoryEntry | undefined {
    return this.entries.get(fingerprint);
  }

  get size(): number {
    return this.entries.size;
  }

  /** Too old to let anybody in. By this a gateway that nobody hears of fences itself. */
  get stale(): boolean {
    return this.ageMs() > MAXIMUM_DIRECTORY_AGE_MS;
  }

  /** Time since all entries were last known to be right; infinite before the first load. */
  ageMs(): number {
    return this.sweptAtMs === undefined ? Infinity : this.options.clock.monotonicMs() - this.sweptAtMs;
  }

  /**
   * Called when a certificate loses its access: removed, moved to another instance, or its instance disabled or going
   * away. Open connections with it are to be closed. @returns how to stop listening
   */
  onRemoved(listener: (removal: Removal) => void): () => void {
    this.removalListeners.add(listener);
    return () => this.removalListeners.delete(listener);
  }

  /** Resolves when everything asked for so far is loaded (or has failed and waits for the next sweep). */
  refresh(): Promise<void> {
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
    return this.working;
  }

  private scheduleSweep(): void {
    const schedule = this.options.schedule ?? startTimer;
    this.cancelTimer = schedule(() => {
      this.sweepWanted = true;
      void this.refresh().then(() => {
        if (this.unsubscribe !== undefined) this.scheduleSweep();
      });
    }, this.options.sweepMs ?? DEFAULT_SWEEP_MS);
  }

  private async work(): Promise<void> {
    try {
      while (this.sweepWanted || this.outdated.size > 0) {
        if (this.sweepWanted) await this.loadAll();
        else for (const instanceId of [...this.outdated]) await this.loadInstance(instanceId);
      }
    } catch (error) {
      // The last known entries stay in use; ageMs grows until a load succeeds. The next sweep tries again.
      this.options.log('the list of allowed certificates could not be refreshed', error);
      this.sweepWanted = false;
      this.outdated.clear();
    }
  }

  private async loadAll(): Promise<void> {
    const startedAtMs = this.options.clock.monotonicMs();
    this.sweepWanted = false;
    this.outdated.clear();
    const position = await this.options.reporter?.position();
    const loaded = await this.options.source.certificates();
    this.replace(new Map(loaded.map((entry) => [entry.fingerprint, entry])));
    if (await this.told(position)) this.sweptAtMs = startedAtMs;
  }

  private async loadInstance(instanceId: InstanceId): Promise<void> {
    this.outdated.delete(instanceId);
    const position = await this.options.reporter?.position();
    const loaded = await this.options.source.certificates(instanceId);
    const next = new Map([...this.entries].filter(([, entry]) => entry.instanceId !== instanceId));
    for (const entry of loaded) next.set(entry.fingerprint, entry);
    this.replace(next);
    if (position !== undefined) void this.options.reporter?.inForce(position, instanceId);
  }

  /**
   * Whoever changes the list waits only for those who say that they follow it. So one that cannot say so serves by it
   * no longer either: it is as old as what was told last.
   */
  private async told(position: string | undefined): Promise<boolean> {
    const { reporter } = this.options;
    return reporter === undefined || position === undefined || reporter.inForce(position);
  }

  private replace(next: ReadonlyMap<CertificateFingerprint, DirectoryEntry>): void {
    const previous = this.entries;
    this.entries = next;
    for (const [fingerprint, before] of previous) {
      if (admitted(before) && !stillAdmitted(before, next.get(fingerprint))) {
        for (const listener of this.removalListeners)
          this.tell(listener, { fingerprint, instanceId: before.instanceId });
      }
    }
  }

  private tell(listener: (removal: Removal) => void, removal: Removal): void {
    try {
      listener(removal);
    } catch (error) {
      this.options.log('a listener for removed certificates failed', error);
    }
  }
}

/** False while the instance is disabled or going away: its certificates are known but let nobody in. */
export function admitted({ instanceEnabled, instanceState }: DirectoryEntry): boolean {
  return instanceEnabled && instanceState !== 'removing';
}

function stillAdmitted(before: DirectoryEntry, after: DirectoryEntry | undefined): boolean {
  return after !== undefined && after.instanceId === before.instanceId && admitted(after);
}
