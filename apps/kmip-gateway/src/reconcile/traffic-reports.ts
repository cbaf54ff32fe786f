import { BoundedMap, type Clock, type InstanceId, newCorrelationId } from '@lib/kernel';
import { type KeyManagerBinding, type KeyManagerError, type WatchedCall } from '@lib/key-manager';
import { type KeyManagerListener } from '@lib/platform';
import { type ActionContext, type CallOutcome, type RootKeyHealthService } from '@lib/tenancy';

/** What is met again is told again, since another process may have been told otherwise. */
const TROUBLE_AGAIN_MS = 30_000;
/** That all goes well stands for a test: often enough that none is made beside it. */
const WELL_AGAIN_MS = 600_000;
/** Adapters. Of one that was forgotten it is told once more how its calls go. */
const REMEMBERED = 10_000;
/** Bindings that wait to be written; of others it is told with their next call. */
const MAXIMUM_WAITING = 1_000;
type Told = Map<WatchedCall, { readonly words: string; readonly atMs: number }>;

interface Waiting {
  readonly instanceId: InstanceId;
  readonly bindingId: string;
  readonly version: string;
  readonly outcomes: Map<WatchedCall, CallOutcome>;
}

export interface TrafficReportsOptions {
  readonly health: Pick<RootKeyHealthService, 'noteTraffic'>;
  readonly clock: Clock;
  /** In whose name it is recorded. */
  readonly component: string;
  readonly log: (message: string, error: unknown) => void;
}

/**
 * Writes down how calls to key managers end, so that the tenant sees what a client met. A client's call never waits for
 * it, and it is written when it is news.
 */
export class TrafficReports implements KeyManagerListener {
  readonly #told = new BoundedMap<string, Told>(REMEMBERED);
  readonly #waiting = new Map<string, Waiting>();
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  constructor(private readonly options: TrafficReportsOptions) {}

  called({ instanceId, bindingId, version }: KeyManagerBinding, call: WatchedCall, error?: KeyManagerError): void {
    const outcome = outcomeOf(error);
    const adapter = `${bindingId} ${version}`;
    if (!this.#isNews(adapter, call, outcome)) return;
    const waiting = this.#waiting.get(adapter) ?? { instanceId, bindingId, version, outcomes: new Map() };
    if (!this.#waiting.has(adapter) && this.#waiting.size >= MAXIMUM_WAITING) return;
    waiting.outcomes.set(call, outcome);
    this.#waiting.set(adapter, waiting);
    if (!this.#isWriting) this.#writing = this.#write();
  }

  /** Resolves when what was told so far is written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #isNews(adapter: string, call: WatchedCall, outcome: CallOutcome): boolean {
    const nowMs = this.options.clock.monotonicMs();
    const words = outcome === 'ok' ? outcome : `${outcome.fault} ${outcome.reasonCode ?? ''}`;
    const told = this.#told.get(adapter) ?? (new Map() as Told);
    const last = told.get(call);
    const againMs = outcome === 'ok' ? WELL_AGAIN_MS : TROUBLE_AGAIN_MS;
    if (last?.words === words && nowMs - last.atMs < againMs) return false;
    told.set(call, { words, atMs: nowMs });
    this.#told.set(adapter, told);
    return true;
  }

  async #write(): Promise<void> {
    const { health, log, component } = this.options;
    this.#isWriting = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const { instanceId, bindingId, version, outcomes } = next;
      try {
        await health.noteTraffic(instanceId, bindingId, { version, outcomes, by: inTheNameOf(component) });
      } catch (error) {
        // Met again it is told again.
        this.#told.delete(`${bindingId} ${version}`);
        log('how calls to a key manager went could not be written down', error);
      }
    }
    this.#isWriting = false;
  }

  #take(): Waiting | undefined {
    const [entry] = this.#waiting;
    if (entry === undefined) return undefined;
    this.#waiting.delete(entry[0]);
    return entry[1];
  }
}

/** What a process finds by itself. */
export const inTheNameOf = (component: string): ActionContext => ({
  initiator: { kind: 'system', component },
  correlationId: newCorrelationId(),
  observer: component,
});

export function outcomeOf(error: KeyManagerError | undefined): CallOutcome {
  if (error === undefined) return 'ok';
  const { reasonCode } = error.details;
  return { fault: error.fault, ...(reasonCode === undefined ? {} : { reasonCode }) };
}
