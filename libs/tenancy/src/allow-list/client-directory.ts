import { type CertificateFingerprint, type Clock, type InstanceId, startTimer } from '@lib/kernel';

import { type ActivationReporter } from '../activation';
import { type InvalidationBus, type Listing, type RegionChanges, type RegionDirectory } from '../ports';
import { type KmipCredential } from '../proof/kmip-credential';
import { type DirectoryEntry, type FormerRegistration, type Registrations } from '../proof/registration';
import { listingsOf } from './listings';
import { RegistrationTable } from './registration-table';

export interface ClientDirectoryOptions {
  readonly source: Pick<RegionDirectory, 'listing' | 'nextListing' | 'changes'>;
  readonly bus: InvalidationBus;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
  /** Told of everything that is in force here; whoever changed the list waits for that. */
  readonly reporter?: Pick<ActivationReporter, 'position' | 'inForce'>;
  /** So often it is asked what has changed, in case a notice was lost. Bounds how stale an answer can be. */
  readonly confirmMs?: number;
  /** Timers, replaced in tests. */
  readonly schedule?: typeof startTimer;
}

/** A certificate that nobody lets in any more. */
export interface Removal {
  readonly fingerprint: CertificateFingerprint;
}

const DEFAULT_CONFIRM_MS = 5_000;
/** Instances that are read again each time although nothing is said of them: all of the region, in the end. */
const SLICE = 20;
/** Instances of which something was told are read together, as many as these. */
const BATCH = 100;
/** When more than these have changed, all of the region is read. */
const MANY = 500;

/** It is confirmed every few seconds. A list much older may lack removals, and nobody is served by it. */
export const MAXIMUM_DIRECTORY_AGE_MS = 30_000;

/**
 * Who may connect, in memory: the handshake asks no database. Read once as a whole, and from then on by what has changed
 * since, without a gap: by notices at once, and every few seconds by asking. Refreshed one load at a time, in order, so
 * an older answer never overwrites a newer one: what was removed before a load began is gone when it ends.
 */
export class ClientDirectory {
  private readonly table = new RegistrationTable();
  private readonly removalListeners = new Set<(removal: Removal) => void>();
  private readonly outdated = new Set<InstanceId>();
  private wholeWanted = true;
  private confirmWanted = false;
  /** Where the last confirmation stood. */
  private since: string | undefined;
  /** Versions of instances that were read, as long as the database goes on naming them. */
  private taken: ReadonlyMap<InstanceId, string> = new Map();
  /** Where in the table the next slice begins. */
  private sliceFrom = 0;
  private working: Promise<void> | undefined;
  private confirmedAtMs: number | undefined;
  private cancelTimer: (() => void) | undefined;
  private unsubscribe: (() => void) | undefined;

  constructor(private readonly options: ClientDirectoryOptions) {}

  /** Subscribes first, then loads, so that no change falls in between. Does not fail when the database is away: see {@link ageMs}. */
  async start(): Promise<void> {
    this.unsubscribe = this.options.bus.subscribe((invalidation) => {
      if (invalidation.kind === 'everything') this.wholeWanted = true;
      // Beyond that all of the region is read.
      else if (this.outdated.size <= MANY) this.outdated.add(invalidation.instanceId);
      void this.refresh();
    });
    await this.refresh();
    this.scheduleConfirmation();
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.unsubscribe = undefined;
    await this.working;
  }

  /**
   * Synchronous, for use within the handshake and again for every request. Dates and instance states are the caller's to
   * judge. Undefined for a certificate that is registered nowhere, whether or not it once was.
   */
  lookup(fingerprint: CertificateFingerprint): Registrations | undefined {
    const found = this.table.find(fingerprint);
    return found === undefined || found.current.length === 0 ? undefined : found;
  }

  /** The passwords that an instance issued with this user name; none for a name that is nobody's. */
  credentialsOf(userName: string): readonly KmipCredential[] {
    return this.table.credentialsOf(userName);
  }

  /** Certificates that are registered somewhere. */
  get size(): number {
    return this.table.size;
  }

  /** Too old to let anybody in. By this a gateway that nobody hears of fences itself. */
  get stale(): boolean {
    return this.ageMs() > MAXIMUM_DIRECTORY_AGE_MS;
  }

  /** Time since all entries were last known to be right; infinite before the first load. */
  ageMs(): number {
    return this.confirmedAtMs === undefined ? Infinity : this.options.clock.monotonicMs() - this.confirmedAtMs;
  }

  /**
   * Called when a certificate loses its last access: removed everywhere, or its instances disabled or going away. Open
   * connections with it are to be closed. Not called while another instance lets it in: whoever registers a foreign
   * certificate and removes it again must not cut connections by it. @returns how to stop listening
   */
  onRemoved(listener: (removal: Removal) => void): () => void {
    this.removalListeners.add(listener);
    return () => this.removalListeners.delete(listener);
  }

  /** Resolves when everything asked for so far is loaded (or has failed and waits for the next confirmation). */
  refresh(): Promise<void> {
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
    return this.working;
  }

  private scheduleConfirmation(): void {
    const schedule = this.options.schedule ?? startTimer;
    this.cancelTimer = schedule(() => {
      this.confirmWanted = true;
      void this.refresh().then(() => {
        if (this.unsubscribe !== undefined) this.scheduleConfirmation();
      });
    }, this.options.confirmMs ?? DEFAULT_CONFIRM_MS);
  }

  private async work(): Promise<void> {
    try {
      while (this.wholeWanted || this.confirmWanted || this.outdated.size > 0) {
        if (this.wholeWanted || this.outdated.size > MANY) await this.loadAll();
        else if (this.confirmWanted) await this.confirm();
        else await this.loadOutdated();
      }
    } catch (error) {
      // The last known entries stay in use; ageMs grows until one succeeds. What was not read changed after the last
      // confirmation, and the next one names it again; unless notices were lost meanwhile.
      this.options.log('the list of allowed certificates could not be refreshed', error);
      if (this.wholeWanted) this.since = undefined;
      this.wholeWanted = false;
      this.confirmWanted = false;
      this.outdated.clear();
    }
  }

  private async loadAll(): Promise<void> {
    const startedAtMs = this.options.clock.monotonicMs();
    this.outdated.clear();
    // Without it nothing can be confirmed: until this has ended well, the next attempt begins at the front.
    this.since = undefined;
    this.wholeWanted = false;
    this.confirmWanted = false;
    const position = await this.options.reporter?.position();
    const { next } = await this.options.source.changes();
    await this.readAll();
    this.since = next;
    this.taken = new Map();
    if (await this.told(position)) this.confirmedAtMs = startedAtMs;
  }

  /** Reads what has changed since the last time, and a slice of the others. */
  private async confirm(): Promise<void> {
    const startedAtMs = this.options.clock.monotonicMs();
    this.confirmWanted = false;
    const position = await this.options.reporter?.position();
    const changes = this.since === undefined ? undefined : await this.options.source.changes(this.since);
    const due = changes?.continuous === true ? this.dueBy(changes) : undefined;
    if (changes === undefined || due === undefined || due.size > MANY) {
      await this.loadAll();
      return;
    }
    await this.read([...due]);
    this.since = changes.next;
    this.taken = changes.instances;
    if (await this.told(position)) this.confirmedAtMs = startedAtMs;
  }

  private dueBy({ instances }: RegionChanges): ReadonlySet<InstanceId> {
    const changed = [...instances].filter(([instanceId, version]) => this.taken.get(instanceId) !== version);
    const slice = this.table.instancesFrom(this.sliceFrom, SLICE);
    this.sliceFrom = slice.next;
    return new Set([...changed.map(([instanceId]) => instanceId), ...slice.instances]);
  }

  private async loadOutdated(): Promise<void> {
    const due = [...this.outdated].slice(0, BATCH);
    for (const instanceId of due) this.outdated.delete(instanceId);
    const position = await this.options.reporter?.position();
    await this.read(due);
    if (position === undefined) return;
    for (const instanceId of due) void this.options.reporter?.inForce(position, instanceId);
  }

  /**
   * Step by step, so that neither a second list nor its rows are ever there as a whole. What changes meanwhile in a part
   * that was read has changed since this began, and is named by the next confirmation.
   */
  private async readAll(): Promise<void> {
    this.table.beginReading();
    for await (const listing of listingsOf(this.options.source)) {
      for (const [instanceId, own] of byInstance(listing)) this.put(instanceId, own);
    }
    for (const instanceId of this.table.unread()) this.put(instanceId, NOTHING);
  }

  private async read(instanceIds: readonly InstanceId[]): Promise<void> {
    for (let at = 0; at < instanceIds.length; at += BATCH) {
      const batch = instanceIds.slice(at, at + BATCH);
      const found = byInstance(await this.options.source.listing(batch));
      for (const instanceId of batch) this.put(instanceId, found.get(instanceId) ?? NOTHING);
    }
  }

  /**
   * Whoever changes the list waits only for those who say that they follow it. So one that cannot say so serves by it
   * no longer either: it is as old as what was told last.
   */
  private async told(position: string | undefined): Promise<boolean> {
    const { reporter } = this.options;
    return reporter === undefined || position === undefined || reporter.inForce(position);
  }

  /** One instance at a time: its certificates change hands at one moment, and nobody else's are touched. */
  private put(instanceId: InstanceId, own: Listing): void {
    for (const fingerprint of this.table.replace(instanceId, own)) {
      for (const listener of this.removalListeners) this.tell(listener, { fingerprint });
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

const NOTHING: Listing = { current: [], former: [], credentials: [] };

interface Shelf extends Listing {
  readonly current: DirectoryEntry[];
  readonly former: FormerRegistration[];
  readonly credentials: KmipCredential[];
}

function byInstance({ current, former, credentials }: Listing): ReadonlyMap<InstanceId, Listing> {
  const shelves = new Map<InstanceId, Shelf>();
  const shelfOf = (id: InstanceId): Shelf => {
    const shelf = shelves.get(id) ?? { current: [], former: [], credentials: [] };
    shelves.set(id, shelf);
    return shelf;
  };
  for (const entry of current) shelfOf(entry.instanceId).current.push(entry);
  for (const entry of former) shelfOf(entry.instanceId).former.push(entry);
  for (const credential of credentials) shelfOf(credential.instanceId).credentials.push(credential);
  return shelves;
}
