import { type AuditEvent, type AuditSink } from '@lib/audit';
import { type Clock } from '@lib/kernel';
import { type PeerDescription, type TransportObserver } from '@lib/kmip-transport';

export interface QuestionAuditOptions {
  readonly sink: AuditSink;
  readonly clock: Clock;
  /** So many questions are not in the trail: their store failed for too long, or there are too many. */
  readonly unrecorded: (questions: number, error?: unknown) => void;
}

/** What is asked within this time is written together, by however many clients. */
const BATCH_MS = 100;
/** A client that goes on asking the same on one connection is written this often at last. */
const LONGEST_MS = 60_000;
/** How long a record is tried again that could not be written, and how often. */
const KEPT_MS = 300_000;
const AGAIN_MS = 1_000;
/** Records that wait; what a process answers in seconds, and bounded when the store is away. */
const MAXIMUM_WAITING = 20_000;

interface Asked {
  readonly first: AuditEvent;
  latest: AuditEvent;
  count: number;
  dueMs: number;
  readonly sinceMs: number;
}

/** One operation on one connection. */
interface Pace {
  /** Not begun to be written. */
  waiting?: Asked;
  windowMs: number;
  writtenMs: number;
}

/**
 * Puts questions about the server (Discover Versions, Query) into the trail of the instance, after they were answered:
 * nobody waits for it, and no key leaves by it. What one connection asks again before its record is written is one record
 * with `count`, `first` and `last`. A single question is written within {@link BATCH_MS}; one that is repeated without
 * end doubles the time each time, so that a connection makes no flood of records.
 */
export class QuestionAudit implements TransportObserver {
  readonly #connections = new WeakMap<PeerDescription, Map<string, Pace>>();
  readonly #waiting = new Set<Asked>();
  #timer: { readonly handle: NodeJS.Timeout; readonly dueMs: number } | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly options: QuestionAuditOptions) {}

  /** Records that wait to be written. */
  get waiting(): number {
    return this.#waiting.size;
  }

  note(peer: PeerDescription, event: AuditEvent): void {
    const nowMs = this.options.clock.monotonicMs();
    const pace = this.#paceOf(peer, `${event.instanceId} ${String(event.details?.['operation'])}`);
    if (pace.waiting !== undefined && this.#waiting.has(pace.waiting)) {
      pace.waiting.latest = event;
      pace.waiting.count += 1;
      return;
    }
    if (this.#waiting.size >= MAXIMUM_WAITING) {
      this.options.unrecorded(1);
      return;
    }
    const goesOn = nowMs - pace.writtenMs < 2 * pace.windowMs;
    pace.windowMs = goesOn ? Math.min(2 * pace.windowMs, LONGEST_MS) : BATCH_MS;
    pace.writtenMs = nowMs + pace.windowMs;
    pace.waiting = { first: event, latest: event, count: 1, dueMs: pace.writtenMs, sinceMs: nowMs };
    this.#waiting.add(pace.waiting);
    this.#lookAt(pace.waiting.dueMs, nowMs);
  }

  /** Nothing more will be counted with what waits of it. */
  connectionClosed(peer: PeerDescription): void {
    const nowMs = this.options.clock.monotonicMs();
    for (const { waiting } of this.#connections.get(peer)?.values() ?? []) {
      if (waiting === undefined || !this.#waiting.has(waiting)) continue;
      waiting.dueMs = Math.min(waiting.dueMs, nowMs + BATCH_MS);
      this.#lookAt(waiting.dueMs, nowMs);
    }
  }

  /** Writes all that waits, after the last answer, and says so of what cannot be written. Never rejects. */
  async stop(): Promise<void> {
    for (const asked of this.#waiting) asked.dueMs = 0;
    this.#write();
    await this.#writing;
    clearTimeout(this.#timer?.handle);
    // Nobody tries again.
    for (const { count } of this.#waiting) this.options.unrecorded(count);
    this.#waiting.clear();
  }

  #paceOf(peer: PeerDescription, question: string): Pace {
    const paces = this.#connections.get(peer) ?? new Map<string, Pace>();
    this.#connections.set(peer, paces);
    const pace = paces.get(question) ?? { windowMs: BATCH_MS, writtenMs: Number.NEGATIVE_INFINITY };
    paces.set(question, pace);
    return pace;
  }

  #lookAt(dueMs: number, nowMs: number): void {
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    clearTimeout(this.#timer?.handle);
    this.#timer = { dueMs, handle: setTimeout(() => this.#write(), Math.max(0, dueMs - nowMs)) };
  }

  /**
   * Begins to write what is due before the next batch could be written: were each written when its own time has come,
   * clients that come one after the other would have a transaction each.
   */
  #write(): void {
    this.#timer = undefined;
    this.#writing = this.#writing.then(async () => {
      const endMs = this.options.clock.monotonicMs() + BATCH_MS;
      const due = [...this.#waiting].filter(({ dueMs }) => dueMs <= endMs);
      for (const asked of due) this.#waiting.delete(asked);
      await Promise.all(due.map((asked) => this.#record(asked)));
      const next = Math.min(...[...this.#waiting].map(({ dueMs }) => dueMs));
      if (Number.isFinite(next)) this.#lookAt(next, this.options.clock.monotonicMs());
    });
  }

  async #record(asked: Asked): Promise<void> {
    const { sink, clock, unrecorded } = this.options;
    try {
      await sink.record(eventOf(asked));
    } catch (error) {
      const nowMs = clock.monotonicMs();
      if (nowMs - asked.sinceMs > KEPT_MS || this.#waiting.size >= MAXIMUM_WAITING) {
        unrecorded(asked.count, error);
        return;
      }
      asked.dueMs = nowMs + AGAIN_MS;
      this.#waiting.add(asked);
    }
  }
}

function eventOf({ first, latest, count }: Asked): AuditEvent {
  if (count === 1) return first;
  const times = { count, first: first.occurredAt.toISOString(), last: latest.occurredAt.toISOString() };
  return { ...latest, details: { ...latest.details, ...times } };
}
