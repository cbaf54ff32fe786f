import { type CallContext, KeyManagerError, type KeyManager, type KeyManagerFault } from '@lib/key-manager';

export type KeyManagerMethod = keyof KeyManager;

export interface FaultOptions {
  /** The effect happens, then the answer is lost: the caller cannot know. Default: refused before any effect. */
  readonly afterEffect?: boolean;
  /** Nothing happens, and the caller cannot know: a reset of the connection. */
  readonly uncertain?: boolean;
  /** How many calls fail; `Infinity` until {@link FaultScript.recover}. Default 1. */
  readonly times?: number;
  /** How many calls go well first. Default none. */
  readonly after?: number;
  readonly reasonCode?: string;
  readonly retryAfterMs?: number;
}

interface PlannedFault {
  readonly fault: KeyManagerFault;
  readonly afterEffect: boolean;
  readonly uncertain: boolean;
  readonly said: Pick<FaultOptions, 'reasonCode' | 'retryAfterMs'>;
  skip: number;
  remaining: number;
}

interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

function newGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Which calls of a fake go wrong, and how. */
export class FaultScript {
  readonly #planned = new Map<KeyManagerMethod, PlannedFault[]>();
  readonly #gates = new Map<KeyManagerMethod, Gate>();

  failNext(method: KeyManagerMethod, fault: KeyManagerFault, options: FaultOptions = {}): void {
    const queue = this.#planned.get(method) ?? [];
    queue.push({
      fault,
      afterEffect: options.afterEffect ?? false,
      uncertain: options.uncertain ?? false,
      said: saidBy(options),
      skip: options.after ?? 0,
      remaining: options.times ?? 1,
    });
    this.#planned.set(method, queue);
  }

  /** Calls of `method` wait until the returned function is called or their own deadline fires. */
  hang(method: KeyManagerMethod): () => void {
    const gate = newGate();
    this.#gates.set(method, gate);
    return () => {
      this.#gates.delete(method);
      gate.open();
    };
  }

  /** Forgets all planned faults and lets hanging calls go on. */
  recover(): void {
    this.#planned.clear();
    for (const gate of this.#gates.values()) gate.open();
    this.#gates.clear();
  }

  /** Runs one call of a fake under the plan. */
  async run<T>(method: KeyManagerMethod, context: CallContext, effect: () => T): Promise<T> {
    await this.#passGate(method, context);
    const fault = this.#take(method);
    if (fault === undefined) return effect();
    if (fault.afterEffect) effect();
    throw new KeyManagerError(fault.fault, `${method} was made to fail by the test: ${fault.fault}`, {
      certainlyNotDone: !fault.afterEffect && !fault.uncertain,
      ...fault.said,
    });
  }

  #take(method: KeyManagerMethod): PlannedFault | undefined {
    const queue = this.#planned.get(method);
    const next = queue?.[0];
    if (queue === undefined || next === undefined) return undefined;
    if (next.skip > 0) {
      next.skip -= 1;
      return undefined;
    }
    next.remaining -= 1;
    if (next.remaining <= 0) queue.shift();
    return next;
  }

  async #passGate(method: KeyManagerMethod, { signal }: CallContext): Promise<void> {
    const gate = this.#gates.get(method);
    if (gate !== undefined) await Promise.race([gate.opened, aborted(signal)]);
    if (signal?.aborted === true) {
      throw new KeyManagerError('timeout', `${method} did not answer before the deadline`, { certainlyNotDone: true });
    }
  }
}

const saidBy = ({ reasonCode, retryAfterMs }: FaultOptions): PlannedFault['said'] => ({
  ...(reasonCode === undefined ? {} : { reasonCode }),
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
