import { type AuditEvent, type AuditSink, initiatorId } from '@lib/audit';
import { type Clock } from '@lib/kernel';

/** A console or a monitor asks every few seconds; who looks through a trail wants to see that it did, not how often. */
const WINDOW_MS = 600_000;
/** How often it is looked whether the time of a count is up. */
const LOOK_EVERY_MS = 30_000;
/** Reads that are remembered; beyond, each is written by itself. */
const MAXIMUM_IN_INSTANCE = 200;
const MAXIMUM = 10_000;

export interface RepeatedReadsOptions {
  readonly sink: AuditSink;
  readonly clock: Clock;
  /** A count could not be written; it is kept, and tried again. */
  readonly failed: (error: unknown) => void;
}

interface Read {
  readonly event: AuditEvent;
  readonly sinceMs: number;
  readonly repeats: { count: number; first?: Date; latest?: AuditEvent };
}

/**
 * A sink for successful reads. The first of equal ones is committed before it is answered, as every record is; what
 * repeats it within ten minutes is counted, and becomes one record with `count`, `first` and `last` at their end. Equal:
 * the same caller, address, operation and target in the same instance. Nothing else may be handed to it: changes,
 * refusals and released keys are never counted together.
 */
export class RepeatedReads implements AuditSink {
  readonly #reads = new Map<string, Read>();
  readonly #inInstance = new Map<string, number>();
  #looking: NodeJS.Timeout | undefined;

  constructor(private readonly options: RepeatedReadsOptions) {}

  /** Reads that are remembered now. */
  get size(): number {
    return this.#reads.size;
  }

  start(): void {
    this.#looking = setInterval(() => void this.flush(), LOOK_EVERY_MS).unref();
  }

  /** After the last answer. Never rejects. */
  async stop(): Promise<void> {
    clearInterval(this.#looking);
    await this.flush('all');
  }

  async record(event: AuditEvent): Promise<void> {
    const key = keyOf(event);
    const known = this.#reads.get(key);
    if (known !== undefined && !this.#isOver(known)) {
      const { repeats } = known;
      repeats.count += 1;
      repeats.first ??= event.occurredAt;
      repeats.latest = event;
      return;
    }
    if (known !== undefined) await this.#end(key, known);
    await this.options.sink.record(event);
    this.#remember(key, event);
  }

  /** Writes the counts whose time is up; `all`: of every read, before the process ends. Never rejects. */
  async flush(which: 'over' | 'all' = 'over'): Promise<void> {
    for (const [key, read] of [...this.#reads]) {
      if (which === 'over' && !this.#isOver(read)) continue;
      try {
        await this.#end(key, read);
      } catch (error) {
        this.options.failed(error);
      }
    }
  }

  #isOver({ sinceMs }: Read): boolean {
    return this.options.clock.monotonicMs() - sinceMs >= WINDOW_MS;
  }

  #remember(key: string, event: AuditEvent): void {
    const inInstance = this.#inInstance.get(event.instanceId) ?? 0;
    if (this.#reads.has(key) || this.#reads.size >= MAXIMUM || inInstance >= MAXIMUM_IN_INSTANCE) return;
    this.#reads.set(key, { event, sinceMs: this.options.clock.monotonicMs(), repeats: { count: 0 } });
    this.#inInstance.set(event.instanceId, inInstance + 1);
  }

  /** Taken out first: what is read meanwhile begins anew. Put back when its count could not be written. */
  async #end(key: string, read: Read): Promise<void> {
    if (this.#reads.get(key) !== read) return;
    this.#forget(key, read);
    const { count, first, latest } = read.repeats;
    if (latest === undefined || first === undefined) return;
    try {
      const details = { count, first: first.toISOString(), last: latest.occurredAt.toISOString() };
      await this.options.sink.record({ ...latest, details: { ...latest.details, ...details } });
    } catch (error) {
      this.#putBack(key, read);
      throw error;
    }
  }

  #forget(key: string, { event: { instanceId } }: Read): void {
    this.#reads.delete(key);
    const left = (this.#inInstance.get(instanceId) ?? 1) - 1;
    if (left > 0) this.#inInstance.set(instanceId, left);
    else this.#inInstance.delete(instanceId);
  }

  #putBack(key: string, read: Read): void {
    const { instanceId } = read.event;
    if (this.#reads.has(key)) return;
    this.#reads.set(key, read);
    this.#inInstance.set(instanceId, (this.#inInstance.get(instanceId) ?? 0) + 1);
  }
}

function keyOf({ instanceId, action, initiator, target, details }: AuditEvent): string {
  const address = 'address' in initiator ? initiator.address : undefined;
  return JSON.stringify([instanceId, action, initiatorId(initiator), address, target?.kind, target?.id, details]);
}
