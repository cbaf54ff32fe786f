import { startTimer } from '@lib/kernel';

import {
  type AcceptedServer,
  type ConnectionReports,
  type ConnectionSighting,
  type CountedSighting,
} from './connection-attempt';

export interface ConnectionJournalOptions {
  readonly reports: ConnectionReports;
  readonly log: (message: string, error?: unknown) => void;
  /** Different sightings kept between two flushes; a flood of strangers costs no more than this. */
  readonly capacity?: number;
  /** Timers, replaced in tests. */
  readonly schedule?: typeof startTimer;
}

/** After a quiet time: as long as a client takes from its handshake to its first request, which are one sighting then. */
const SOON_MS = 50;
/** Between two writes. */
const PACE_MS = 1_000;
const CAPACITY = 1_000;

/**
 * What a gateway saw, on its way to the database: the first after a quiet time is written at once, since somebody may
 * be looking for it, and from then on equal ones are counted together and written once a second, so that neither a boot
 * storm nor an attack turns into writes. For diagnosis only: what does not fit is dropped, and
 * counted; the audit trail is kept elsewhere.
 */
export class ConnectionJournal {
  #pending = new Map<string, CountedSighting>();
  #dropped = 0;
  #cancel: (() => void) | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(private readonly options: ConnectionJournalOptions) {}

  /** Sightings that were dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Synchronous and cheap: for use on every connection.
   * @param occurrences 0 when a connection that was noted before is still seen
   */
  note(sighting: ConnectionSighting, occurrences = 1): void {
    const key = keyOf(sighting);
    const known = this.#pending.get(key);
    if (!known && this.#pending.size >= (this.options.capacity ?? CAPACITY)) {
      this.#dropped += 1;
      return;
    }
    const server = laterOf(known?.server, sighting.server);
    this.#pending.set(key, {
      ...sighting,
      ...(server && { server }),
      occurrences: (known?.occurrences ?? 0) + occurrences,
    });
    this.#schedule(SOON_MS);
  }

  #schedule(delayMs: number): void {
    this.#cancel ??= (this.options.schedule ?? startTimer)(() => {
      this.#cancel = undefined;
      if (this.#pending.size === 0) return;
      void this.flush();
      this.#schedule(PACE_MS);
    }, delayMs);
  }

  /** Writes what is pending. Never rejects. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.flush();
  }

  async #write(): Promise<void> {
    const sightings = [...this.#pending.values()];
    this.#pending = new Map();
    if (sightings.length === 0) return;
    try {
      await this.options.reports.report(sightings);
    } catch (error) {
      this.#dropped += sightings.length;
      this.options.log('connection attempts could not be recorded', error);
    }
  }
}

/** A connection that stays open is seen after newer ones, and says nothing of what they accepted. */
function laterOf(one: AcceptedServer | undefined, other: AcceptedServer | undefined): AcceptedServer | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.at > other.at ? one : other;
}

const keyOf = ({ verdict, address, endpoint, certificate, instanceId }: ConnectionSighting): string =>
  JSON.stringify([verdict, address, endpoint, certificate?.fingerprint, instanceId]);
